//! The tokens of a person's grant.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::{AppRoleAssignment, MemberType, User};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::{
    AccessToken, Client, ClientAuth, IdToken, Life, Subject, TokenVersion, UserSubject,
};

use crate::answer::TOKEN_SECONDS;
use crate::authority::Authority;
use crate::request::{Endpoint, OpenIdScopes, ResourceScopes, Wanted};
use crate::resource::Resource;

/// What goes into the tokens of a person.
#[derive(Debug, Clone)]
pub struct UserGrantFacts<'a> {
    /// Which endpoint was asked.
    pub endpoint: Endpoint,
    /// The person.
    pub user: &'a User,
    /// The client, and how it proved itself.
    pub client: AppId,
    /// How the client proved itself.
    pub auth: ClientAuth,
    /// The resource; Microsoft Graph, where only OpenID's scopes were asked.
    pub resource: &'a Resource,
    /// The resource and scopes as the client named them.
    pub requested: &'a ResourceScopes,
    /// Values of the resource's scopes that were consented to.
    pub granted: &'a [String],
    /// OpenID's own scopes.
    pub openid: OpenIdScopes,
    /// The person's assignments to the resource.
    pub assignments: &'a [AppRoleAssignment],
    /// Of the authorisation request.
    pub nonce: Option<&'a str>,
    /// When the person signed in, if the client wants to know.
    pub auth_time: Option<Timestamp>,
    /// How the person signed in (RFC 8176), for example `pwd`.
    pub methods: Vec<String>,
    /// Where from.
    pub ip_address: Option<String>,
}

/// Tokens to sign, and the scopes to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserGrant {
    /// The access token.
    pub access: AccessToken,
    /// The ID token, where `openid` was granted.
    pub id: Option<IdToken>,
    /// `scope` of the answer.
    pub scope: String,
}

/// Puts the tokens together; `token_ids` are two fresh ids.
pub fn user_grant(
    facts: UserGrantFacts<'_>,
    authority: &Authority,
    token_ids: [String; 2],
    now: Timestamp,
) -> UserGrant {
    let user = facts.user;
    let life = Life::starting(now.seconds().max(user.tokens_from), TOKEN_SECONDS);
    let [access_id, id_token_id] = token_ids;
    let scope = answered_scope(&facts);
    let resource = facts.resource;
    let id = facts.openid.openid.then(|| {
        let version = match facts.endpoint {
            Endpoint::V1 => TokenVersion::V1,
            Endpoint::V2 => TokenVersion::V2,
        };
        IdToken {
            version,
            audience: facts.client.to_string(),
            issuer: authority.issuer(version, user.tenant),
            tenant: user.tenant.to_string(),
            object_id: user.id.to_string(),
            subject: pairwise_subject(user.tenant, user.id, facts.client),
            upn: user.upn.clone(),
            name: user.display_name.clone(),
            nonce: facts.nonce.map(str::to_owned),
            auth_time: facts.auth_time.map(Timestamp::seconds),
            life,
            token_id: id_token_id,
        }
    });
    let access = AccessToken {
        version: resource.token_version,
        audience: resource.audience(&facts.requested.resource),
        issuer: authority.issuer(resource.token_version, user.tenant),
        tenant: user.tenant.to_string(),
        client: Client {
            id: facts.client.to_string(),
            auth: facts.auth,
        },
        roles: resource.roles_of(user.id, MemberType::User, facts.assignments),
        subject: Subject::User(UserSubject {
            object_id: user.id.to_string(),
            subject: pairwise_subject(user.tenant, user.id, resource.app_id),
            upn: user.upn.clone(),
            name: user.display_name.clone(),
            scopes: facts.granted.to_vec(),
            methods: facts.methods,
            ip_address: facts.ip_address,
        }),
        life,
        token_id: access_id,
    };
    UserGrant { access, id, scope }
}

/// The scopes of the answer. Libraries look up their cache by the names they
/// asked for, so those are given in the client's own spelling, and with
/// `.default` where it asked for that.
fn answered_scope(facts: &UserGrantFacts<'_>) -> String {
    let prefix = &facts.requested.resource;
    let (asked, default): (&[String], _) = match &facts.requested.wanted {
        Wanted::Named(names) => (names, None),
        Wanted::Default => (&[], Some(".default")),
    };
    let spelled = |value: &String| {
        let own = asked.iter().find(|name| name.eq_ignore_ascii_case(value));
        format!("{prefix}/{}", own.unwrap_or(value))
    };
    facts
        .openid
        .names()
        .into_iter()
        .map(str::to_owned)
        .chain(facts.granted.iter().map(spelled))
        .chain(default.map(|name| format!("{prefix}/{name}")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A subject that differs from audience to audience (OpenID Connect Core 8.1).
/// The salt need not be secret: the same token carries the `oid`.
pub fn pairwise_subject(tenant: TenantId, user: ObjectId, audience: AppId) -> String {
    let input = format!("{tenant}/{user}/{audience}");
    URL_SAFE_NO_PAD.encode(digest(&SHA256, input.as_bytes()))
}

/// `client_info` of an answer: base64url of `{"uid": oid, "utid": tid}`. Client
/// libraries name their cached accounts by it.
pub fn client_info(tenant: TenantId, user: ObjectId) -> String {
    let json = serde_json::json!({ "uid": user, "utid": tenant });
    URL_SAFE_NO_PAD.encode(json.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use casbah_model::identity::{CLOUD_APP_SECURITY, FIRST_PARTY_TENANT, ServicePrincipal};

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn user() -> User {
        User {
            id: "a3b1c5d2-1111-4222-8333-444455556666".parse().unwrap(),
            tenant: "7d4bd1c6-7a1f-4f7e-9d55-6f0c4c7c1b0a".parse().unwrap(),
            upn: "ada@contoso.example".into(),
            display_name: "Ada Lovelace".into(),
            roles: BTreeSet::new(),
            enabled: true,
            password: None,
            must_change_password: false,
            created: NOW,
            sign_ins_from: Timestamp(0),
            tokens_from: 0,
        }
    }

    fn grant(endpoint: Endpoint, wanted: Wanted) -> UserGrant {
        let user = user();
        let principal = ServicePrincipal {
            id: ObjectId::random(),
            tenant: user.tenant,
            app_id: CLOUD_APP_SECURITY.app_id,
            app_owner_tenant: FIRST_PARTY_TENANT,
            display_name: "Microsoft Cloud App Security".into(),
            enabled: true,
            app_role_assignment_required: false,
            created: NOW,
        };
        let facts = UserGrantFacts {
            endpoint,
            user: &user,
            client: "2c0f8f5e-5a0c-4f58-b9a2-5d6a1d0f6a11".parse().unwrap(),
            auth: ClientAuth::Public,
            resource: &Resource::first_party(&CLOUD_APP_SECURITY, principal),
            requested: &ResourceScopes {
                resource: CLOUD_APP_SECURITY.app_id.to_string(),
                wanted,
            },
            granted: &["investigation.read".into(), "settings.read".into()],
            openid: OpenIdScopes {
                openid: true,
                offline_access: true,
                ..OpenIdScopes::default()
            },
            assignments: &[],
            nonce: Some("n/ 1"),
            auth_time: None,
            methods: vec!["pwd".into()],
            ip_address: None,
        };
        let authority = Authority::parse("https://casbah.example").unwrap();
        user_grant(facts, &authority, ["a".into(), "b".into()], NOW)
    }

    #[test]
    fn tokens_speak_for_the_person() {
        let granted = grant(Endpoint::V2, Wanted::Default);
        let Subject::User(subject) = &granted.access.subject else {
            panic!("a person");
        };
        assert_eq!(subject.scopes, ["investigation.read", "settings.read"]);
        assert_eq!(granted.access.version, TokenVersion::V1);
        let id = granted.id.unwrap();
        assert_eq!(id.version, TokenVersion::V2);
        assert_eq!(id.nonce.as_deref(), Some("n/ 1"));
        assert_ne!(id.subject, subject.subject, "pairwise");
        assert_eq!(
            grant(Endpoint::V1, Wanted::Default).id.unwrap().version,
            TokenVersion::V1
        );
    }

    #[test]
    fn scopes_are_answered_in_the_clients_spelling() {
        let id = CLOUD_APP_SECURITY.app_id;
        let named = Wanted::Named(vec!["Investigation.read".into()]);
        assert_eq!(
            grant(Endpoint::V2, named).scope,
            format!("openid offline_access {id}/Investigation.read {id}/settings.read")
        );
        assert_eq!(
            grant(Endpoint::V2, Wanted::Default).scope,
            format!(
                "openid offline_access {id}/investigation.read {id}/settings.read {id}/.default"
            )
        );
    }

    #[test]
    fn client_info_names_person_and_tenant() {
        let user = user();
        let decoded = URL_SAFE_NO_PAD
            .decode(client_info(user.tenant, user.id))
            .unwrap();
        let value: serde_json::Value = serde_json::from_slice(&decoded).unwrap();
        assert_eq!(value["uid"], user.id.to_string());
        assert_eq!(value["utid"], user.tenant.to_string());
    }
}
