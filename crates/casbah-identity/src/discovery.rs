//! Metadata documents (OpenID Connect Discovery 1.0, RFC 8414) and instance
//! discovery. They depend on the server's address and the tenant alone.

use std::collections::BTreeSet;

use casbah_model::ids::TenantId;
use casbah_token::{Algorithm, Jwk, JwkSet, TokenVersion};
use serde_json::{Value, json};
use url::Url;

use crate::authority::Authority;
use crate::error::AadError;
use crate::host_alias::HostAlias;

/// Whose metadata is asked for. Asked by domain, the document carries the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataTenant {
    /// One tenant.
    One(TenantId),
    /// `common`
    Common,
    /// `organizations`
    Organizations,
}

impl MetadataTenant {
    /// The tenant's place in endpoints.
    fn segment(self) -> String {
        match self {
            Self::One(tenant) => tenant.to_string(),
            Self::Common => "common".into(),
            Self::Organizations => "organizations".into(),
        }
    }

    /// The tenant's place in the issuer, which a token of `common` never has:
    /// the literal tells readers to put the token's `tid` there.
    fn issuer_segment(self) -> String {
        match self {
            Self::One(tenant) => tenant.to_string(),
            Self::Common | Self::Organizations => "{tenantid}".into(),
        }
    }

    fn region(self) -> Option<&'static str> {
        match self {
            Self::One(_) => Some("WW"),
            Self::Common | Self::Organizations => None,
        }
    }
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`
pub fn metadata_v2(authority: &Authority, tenant: MetadataTenant, published: &JwkSet) -> Value {
    let origin = authority.origin();
    let segment = tenant.segment();
    let oauth = format!("{origin}/{segment}/oauth2/v2.0");
    json!({
        "issuer": authority.issuer_text(TokenVersion::V2, &tenant.issuer_segment()),
        "authorization_endpoint": format!("{oauth}/authorize"),
        "token_endpoint": format!("{oauth}/token"),
        "device_authorization_endpoint": format!("{oauth}/devicecode"),
        "end_session_endpoint": format!("{oauth}/logout"),
        "jwks_uri": format!("{origin}/{segment}/discovery/v2.0/keys"),
        "userinfo_endpoint": format!("{origin}/oidc/userinfo"),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "response_modes_supported": RESPONSE_MODES,
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": algorithms(published),
        "code_challenge_methods_supported": ["S256"],
        "request_uri_parameter_supported": false,
        "frontchannel_logout_supported": true,
        "http_logout_supported": true,
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
            "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr",
            "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"
        ],
        "tenant_region_scope": tenant.region(),
        "cloud_instance_name": authority.host(),
        "cloud_graph_host_name": authority.host(),
        "msgraph_host": authority.host(),
        "rbac_url": origin,
    })
}

/// `/{tenant}/.well-known/openid-configuration`, the older form.
pub fn metadata_v1(authority: &Authority, tenant: MetadataTenant, published: &JwkSet) -> Value {
    let origin = authority.origin();
    let segment = tenant.segment();
    let oauth = format!("{origin}/{segment}/oauth2");
    json!({
        "issuer": authority.issuer_text(TokenVersion::V1, &tenant.issuer_segment()),
        "authorization_endpoint": format!("{oauth}/authorize"),
        "token_endpoint": format!("{oauth}/token"),
        "device_authorization_endpoint": format!("{oauth}/devicecode"),
        "end_session_endpoint": format!("{oauth}/logout"),
        "check_session_iframe": format!("{oauth}/checksession"),
        "jwks_uri": format!("{origin}/common/discovery/keys"),
        "userinfo_endpoint": format!("{origin}/{segment}/openid/userinfo"),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "response_modes_supported": RESPONSE_MODES,
        "response_types_supported":
            ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": algorithms(published),
        "code_challenge_methods_supported": ["S256"],
        "microsoft_multi_refresh_token": true,
        "frontchannel_logout_supported": true,
        "http_logout_supported": true,
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
            "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr",
            "amr", "nonce", "email", "given_name", "family_name", "nickname"
        ],
        "tenant_region_scope": tenant.region(),
        "cloud_instance_name": authority.host(),
        "cloud_graph_host_name": authority.host(),
        "msgraph_host": authority.host(),
        "rbac_url": origin,
    })
}

/// What tokens may be signed with. RS256 is always among it, as OpenID Connect Discovery
/// 1.0 (section 3) asks.
fn algorithms(published: &JwkSet) -> BTreeSet<&'static str> {
    let published = published.keys.iter().map(Jwk::algorithm);
    let all = published.chain([Algorithm::Rs256]);
    all.map(Algorithm::name).collect()
}

const AUTH_METHODS: [&str; 3] = [
    "client_secret_post",
    "private_key_jwt",
    "client_secret_basic",
];
const RESPONSE_MODES: [&str; 3] = ["query", "fragment", "form_post"];

/// The published key set: every key with the issuer it signs for.
pub fn published_keys(authority: &Authority, mut keys: JwkSet) -> JwkSet {
    let issuer = authority.issuer_text(TokenVersion::V2, "{tenantid}");
    for key in &mut keys.keys {
        key.issuer = Some(issuer.clone());
    }
    keys
}

/// `/common/discovery/instance`: says that this server, under its aliases too, is the
/// only instance it knows, and where the tenant's metadata is.
///
/// # Errors
/// [`AadError::UnknownInstance`] when the endpoint asked about is elsewhere.
pub fn instance_discovery(
    authority: &Authority,
    api_version: &str,
    authorization_endpoint: &str,
) -> Result<Value, AadError> {
    let endpoint = Url::parse(authorization_endpoint).map_err(|_| AadError::UnknownInstance)?;
    let host = endpoint.host_str().unwrap_or_default();
    // Some libraries leave the port out of the endpoint they ask about.
    let is_ours = endpoint.origin().ascii_serialization() == authority.origin()
        || (endpoint.port().is_none() && host == authority.host_name());
    let is_alias = authority.aliases().iter().any(|alias| alias.covers(host));
    if !is_ours && !is_alias {
        return Err(AadError::UnknownInstance);
    }
    let mut segments = endpoint.path_segments().ok_or(AadError::UnknownInstance)?;
    let tenant = segments
        .next()
        .filter(|segment| !segment.is_empty())
        .unwrap_or("common");
    let version = if segments.any(|segment| segment == "v2.0") {
        "/v2.0"
    } else {
        ""
    };
    let metadata = format!(
        "{}/{tenant}{version}/.well-known/openid-configuration",
        authority.origin()
    );
    // Tokens that a client keeps for one of the names serve for all.
    let mut names = vec![authority.host()];
    names.extend(authority.aliases().iter().filter_map(HostAlias::exact));
    Ok(json!({
        "tenant_discovery_endpoint": metadata,
        "api-version": if api_version == "1.0" { "1.0" } else { "1.1" },
        "metadata": [{
            "preferred_network": authority.host(),
            "preferred_cache": authority.host(),
            "aliases": names,
        }],
    }))
}

/// `/arm/metadata/endpoints`: where the Azure CLI finds the rest of this server. It
/// fails without `suffixes`; those here are below this host, so that no name that a
/// client makes of them leads to anybody else.
pub fn resource_manager_metadata(authority: &Authority) -> Value {
    let origin = authority.origin();
    let suffix = |service: &str| format!("{service}.{}", authority.host_name());
    json!({
        "name": "Casbah",
        "portal": origin,
        "authentication": {
            "loginEndpoint": origin,
            "audiences": [format!("{origin}/arm")],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": format!("{origin}/"),
        "graphAudience": format!("{origin}/"),
        "resourceManager": format!("{origin}/arm"),
        "microsoftGraphResourceId": format!("{origin}/"),
        "suffixes": {
            "acrLoginServer": suffix("registry"),
            "attestationEndpoint": suffix("attest"),
            "keyVaultDns": suffix("vault"),
            "mhsmDns": suffix("managedhsm"),
            "mariadbServerEndpoint": suffix("mariadb"),
            "mysqlServerEndpoint": suffix("mysql"),
            "postgresqlServerEndpoint": suffix("postgres"),
            "sqlServerHostname": suffix("database"),
            "storage": suffix("storage"),
            "storageSyncEndpointSuffix": suffix("storagesync"),
            "synapseAnalytics": suffix("synapse"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::ids::TenantId;

    fn authority() -> Authority {
        Authority::parse("https://localhost:8443").unwrap()
    }

    fn tenant() -> MetadataTenant {
        let id: TenantId = "7d4bd1c6-7a1f-4f7e-9d55-6f0c4c7c1b0a".parse().unwrap();
        MetadataTenant::One(id)
    }

    #[test]
    fn metadata_of_a_tenant() {
        insta::assert_json_snapshot!(
            "tenant_v1",
            metadata_v1(&authority(), tenant(), &JwkSet::default())
        );
        insta::assert_json_snapshot!(
            "tenant_v2",
            metadata_v2(&authority(), tenant(), &JwkSet::default())
        );
    }

    #[test]
    fn metadata_of_any_tenant() {
        insta::assert_json_snapshot!(
            "common_v1",
            metadata_v1(&authority(), MetadataTenant::Common, &JwkSet::default())
        );
        insta::assert_json_snapshot!(
            "organizations_v2",
            metadata_v2(
                &authority(),
                MetadataTenant::Organizations,
                &JwkSet::default()
            )
        );
    }

    #[test]
    fn metadata_of_the_resource_manager() {
        let document = resource_manager_metadata(&authority());
        insta::assert_json_snapshot!("resource_manager", document);
    }

    #[test]
    fn an_alias_leads_to_the_server_itself() {
        let aliases = ["login.microsoftonline.com", "*.portal.example"];
        let aliases = aliases.map(|alias| alias.parse().unwrap()).to_vec();
        let authority = authority().with_aliases(aliases);
        let ask = |host: &str| {
            let endpoint = format!("https://{host}/t/oauth2/v2.0/authorize");
            instance_discovery(&authority, "1.1", &endpoint)
        };
        for host in [
            "login.microsoftonline.com",
            "login.microsoftonline.com:8443",
        ] {
            let answer = ask(host).unwrap();
            let metadata = answer["tenant_discovery_endpoint"].as_str().unwrap();
            assert!(metadata.starts_with("https://localhost:8443/t/v2.0/"));
            assert_eq!(
                answer["metadata"][0]["aliases"],
                json!(["localhost:8443", "login.microsoftonline.com"])
            );
        }
        assert!(ask("login.windows.net").is_err());
    }

    #[test]
    fn an_instance_knows_itself_only() {
        let ask = |endpoint: &str| {
            instance_discovery(&authority(), "1.1", endpoint).map(|answer| {
                answer["tenant_discovery_endpoint"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
        };
        let v2 = "https://localhost:8443/t/v2.0/.well-known/openid-configuration";
        let v1 = "https://localhost:8443/common/.well-known/openid-configuration";
        for (endpoint, expected) in [
            ("https://localhost:8443/t/oauth2/v2.0/authorize", Some(v2)),
            ("https://LOCALHOST/t/oauth2/v2.0/authorize", Some(v2)),
            ("https://localhost:8443/common/oauth2/authorize", Some(v1)),
            ("https://localhost:8443/", Some(v1)),
            ("https://localhost:9000/t/oauth2/v2.0/authorize", None),
            ("https://evil.example/t/oauth2/v2.0/authorize", None),
            ("mailto:a@localhost", None),
            ("localhost", None),
        ] {
            let expected = expected.map(str::to_owned).ok_or(AadError::UnknownInstance);
            assert_eq!(ask(endpoint), expected, "{endpoint}");
        }
        let answer = instance_discovery(
            &authority(),
            "1.1",
            "https://localhost:8443/common/oauth2/authorize",
        );
        insta::assert_json_snapshot!("instance", answer.unwrap());
    }
}
