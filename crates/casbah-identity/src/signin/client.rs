//! A client that people sign in to, and where it may receive codes.

use casbah_model::identity::{Application, FirstPartyApp, Platform, SignInAudience};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;

use crate::error::AadError;
use crate::proof::{ProofFacts, Proven, check_assertion, check_secret};
use crate::request::Credential;

/// A client that people sign in to.
#[derive(Debug, Clone)]
pub struct SignInClient {
    /// Client id.
    pub app_id: AppId,
    /// The name that people read.
    pub display_name: String,
    /// Part of the server: consented to everywhere.
    pub is_first_party: bool,
    /// The one tenant it may be used in, if it is for one only.
    pub only_tenant: Option<TenantId>,
    /// Whether it may act for people without proving itself, where no redirect address
    /// tells what kind of client it is.
    allows_public_flows: bool,
    redirects: Vec<(Platform, String)>,
}

impl SignInClient {
    /// A registered application.
    pub fn from_application(application: &Application) -> Self {
        let of = |platform, uris: &[String]| -> Vec<(Platform, String)> {
            uris.iter().map(|uri| (platform, uri.clone())).collect()
        };
        let redirects = [
            of(Platform::Web, &application.web_redirect_uris),
            of(
                Platform::PublicClient,
                &application.public_client_redirect_uris,
            ),
            of(Platform::Spa, &application.spa_redirect_uris),
        ]
        .concat();
        let is_single = application.sign_in_audience == SignInAudience::AzureADMyOrg;
        Self {
            app_id: application.app_id,
            display_name: application.display_name.clone(),
            is_first_party: false,
            only_tenant: is_single.then_some(application.tenant),
            allows_public_flows: application.is_fallback_public_client
                || (!application.public_client_redirect_uris.is_empty()
                    && application.web_redirect_uris.is_empty()),
            redirects,
        }
    }

    /// A first-party public client; `None` for a mere resource.
    pub fn first_party(app: &FirstPartyApp) -> Option<Self> {
        app.is_public_client().then(|| Self {
            app_id: app.app_id,
            display_name: app.display_name.to_owned(),
            is_first_party: true,
            only_tenant: None,
            allows_public_flows: true,
            redirects: app
                .redirect_uris
                .iter()
                .map(|uri| (Platform::PublicClient, (*uri).to_owned()))
                .collect(),
        })
    }

    /// The platform that a redirect address is registered for.
    pub fn platform_of(&self, redirect_uri: &str) -> Option<Platform> {
        self.redirects
            .iter()
            .find(|(_, registered)| is_same_redirect(registered, redirect_uri))
            .map(|(platform, _)| *platform)
    }

    /// What kind of client it is in flows without a redirect: a public one, if it is
    /// registered to be one and brings no proof.
    pub const fn platform_without_redirect(&self, credential: &Credential) -> Platform {
        match credential {
            Credential::None if self.allows_public_flows => Platform::PublicClient,
            Credential::None | Credential::Secret(_) | Credential::Assertion(_) => Platform::Web,
        }
    }

    /// The first registered address, for links that carry none.
    pub fn first_redirect(&self) -> Option<(Platform, &str)> {
        self.redirects
            .first()
            .map(|(platform, uri)| (*platform, uri.as_str()))
    }

    /// Whether people of `tenant` may sign in to it.
    pub fn is_offered_to(&self, tenant: TenantId) -> bool {
        self.only_tenant.is_none_or(|only| only == tenant)
    }
}

/// Exact and with case, but the port of `http://localhost` is free: an installed
/// application listens on whatever it gets (RFC 8252 section 7.3).
fn is_same_redirect(registered: &str, sent: &str) -> bool {
    registered == sent
        || localhost_path(registered).is_some_and(|path| localhost_path(sent) == Some(path))
}

/// What follows `http://localhost` and its port.
fn localhost_path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("http://localhost")?;
    let path = match rest.strip_prefix(':') {
        None => rest,
        Some(after) => {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (port, path) = after.split_at(digits);
            port.parse::<u16>().ok()?;
            path
        }
    };
    match path {
        "" => Some("/"),
        path if path.starts_with('/') && !path.contains('#') => Some(path),
        _ => None,
    }
}

/// Checks the client's proof in a person's grant: a public client has none and
/// must send none, any other must have one.
///
/// # Errors
/// [`AadError::SecretFromPublicClient`], [`AadError::NoCredential`], or what is
/// wrong with the proof.
pub fn authenticate_client(
    app_id: AppId,
    platform: Platform,
    credential: &Credential,
    facts: ProofFacts<'_>,
    now: Timestamp,
) -> Result<Proven, AadError> {
    match (platform.is_public(), credential) {
        (true, Credential::None) => Ok(Proven::Public),
        (true, _) => Err(AadError::SecretFromPublicClient),
        (false, Credential::None) => Err(AadError::NoCredential),
        (false, Credential::Secret(secret)) => check_secret(app_id, secret, facts, now),
        (false, Credential::Assertion(assertion)) => check_assertion(app_id, assertion, facts, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::AssertionPlace;
    use crate::secret::Peppers;
    use casbah_model::identity::{AZURE_CLI, CLOUD_APP_SECURITY};

    #[test]
    fn redirects_match_exactly_but_for_the_port_of_localhost() {
        for (registered, sent, expected) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example/CB", false),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://a.example/cb?x=1", false),
            ("https://a.example", "https://a.example.evil", false),
            ("http://localhost", "http://localhost:51234", true),
            ("http://localhost", "http://localhost:51234/", true),
            ("http://localhost:8400", "http://localhost:1", true),
            ("http://localhost/cb", "http://localhost:51234/cb", true),
            ("http://localhost/cb", "http://localhost:51234/other", false),
            ("http://localhost", "http://localhost:51234/cb", false),
            ("http://localhost", "https://localhost:51234", false),
            ("http://localhost", "http://localhost.evil.example", false),
            (
                "http://localhost",
                "http://localhost:80@evil.example/",
                false,
            ),
            ("http://localhost", "http://localhost:@evil.example/", false),
            ("http://localhost", "http://localhost:123456", false),
            ("http://localhost", "http://localhost:65536", false),
            ("http://localhost", "http://localhost:65535", true),
            ("http://localhost", "http://localhost:", false),
            ("http://localhost", "http://localhost/#x", false),
            ("http://localhost", "http://127.0.0.1", false),
            ("https://a.example/cb", "https://a.example", false),
            ("https://a.example/cb", "HTTPS://a.example/cb", false),
            ("https://a.example/cb", "https://A.example/cb", false),
            ("https://a.example/cb", "http://a.example/cb", false),
            ("https://a.example/cb", "https://a.example:443/cb", false),
            (
                "https://a.example:8443/cb",
                "https://a.example:8444/cb",
                false,
            ),
            ("https://a.example/cb", "https://a.example/cb#", false),
            ("https://a.example/cb", "https://a.example/cb#x", false),
            ("https://a.example/cb", "https://a.example/cb?", false),
            ("https://a.example/cb", "https://a.example/cb%3Fx", false),
            ("https://a.example/cb", "https://a.example/%63b", false),
            ("https://a.example/cb", "https://a.example/x/../cb", false),
            ("https://a.example/cb", "https://a.example/cb/../x", false),
            ("https://a.example/cb", "https://a.example/cb/..%2Fx", false),
            ("https://a.example/cb", "https://a.example//cb", false),
            ("https://a.example/cb", "https://a.example\\cb", false),
            ("https://a.example/cb", "https://a.example/cb\0", false),
            ("https://a.example/cb", " https://a.example/cb", false),
            (
                "https://a.example/cb",
                "https://a.example@evil.example/cb",
                false,
            ),
            ("https://a.example/cb", "https://u@a.example/cb", false),
            (
                "https://a.example/cb",
                "https://evil.example/https://a.example/cb",
                false,
            ),
            ("https://localhost/cb", "https://localhost:8443/cb", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", false),
            ("http://localhost/cb", "http://localhost:1/cb?x=1", false),
            ("http://localhost/cb", "http://localhost:1/cb#x", false),
            ("http://localhost/cb", "http://localhost:1/../cb", false),
            (
                "http://localhost",
                "http://localhost\\@evil.example/",
                false,
            ),
            ("http://localhost", "http://LOCALHOST:1", false),
            (
                "http://localhost.a.example",
                "http://localhost:1.a.example",
                false,
            ),
            ("http://localhost/#x", "http://localhost:1/#x", false),
        ] {
            assert_eq!(
                is_same_redirect(registered, sent),
                expected,
                "{registered} {sent}"
            );
        }
    }

    #[test]
    fn a_mere_resource_is_no_client() {
        assert!(SignInClient::first_party(&CLOUD_APP_SECURITY).is_none());
        let cli = SignInClient::first_party(&AZURE_CLI).unwrap();
        assert_eq!(
            cli.platform_of("http://localhost:8400"),
            Some(Platform::PublicClient)
        );
        assert!(cli.is_offered_to(TenantId::random()));
    }

    #[test]
    fn proofs_are_for_clients_that_can_keep_them() {
        let check = |platform, credential: Credential| {
            let app_id = AppId::random();
            let facts = ProofFacts {
                secrets: &[],
                certificates: &[],
                federated: &[],
                issuer_keys: None,
                peppers: &Peppers::default(),
                place: &AssertionPlace::default(),
            };
            let outcome = authenticate_client(app_id, platform, &credential, facts, Timestamp(0));
            outcome.map_err(|error| error.wire().code)
        };
        assert_eq!(check(Platform::Spa, Credential::None), Ok(Proven::Public));
        let secret = || Credential::Secret("s".into());
        assert_eq!(check(Platform::PublicClient, secret()), Err(Some(700_025)));
        assert_eq!(check(Platform::Web, Credential::None), Err(Some(7_000_218)));
        assert_eq!(check(Platform::Web, secret()), Err(Some(7_000_215)));
    }
}
