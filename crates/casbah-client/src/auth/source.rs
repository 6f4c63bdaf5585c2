//! Tokens, got when needed and kept while they are good.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casbah_model::time::Timestamp;
use casbah_token::ClientKey;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::auth::authority::Authority;
use crate::auth::oauth::{TokenAnswer, request_token};
use crate::auth::session::{Session, SessionFile};
use crate::error::Error;
use crate::transport::{Repeat, Transport};

/// A kept token is given out until this long before its end.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// The version of the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Endpoint {
    /// `oauth2/token`, which takes `resource`.
    V1,
    /// `oauth2/v2.0/token`, which takes `scope`.
    #[default]
    V2,
}

/// What proves who calls.
#[derive(Debug, Clone)]
pub struct Credential(Kind);

#[derive(Debug, Clone)]
enum Kind {
    ClientSecret {
        client_id: String,
        secret: SecretString,
    },
    Certificate {
        client_id: String,
        key: Arc<ClientKey>,
    },
    FederatedTokenFile {
        client_id: String,
        file: PathBuf,
    },
    Bearer(SecretString),
    Legacy(SecretString),
    Session {
        file: SessionFile,
        client_id: String,
    },
}

/// The type of a client assertion (RFC 7523 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Credential {
    /// An application with a client secret.
    pub fn client_secret(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self(Kind::ClientSecret {
            client_id: client_id.into(),
            secret: SecretString::from(secret.into()),
        })
    }

    /// An application with a certificate: it signs an assertion for each request.
    pub fn certificate(client_id: impl Into<String>, key: ClientKey) -> Self {
        Self(Kind::Certificate {
            client_id: client_id.into(),
            key: Arc::new(key),
        })
    }

    /// An application with a token of another issuer, which a federated credential of it
    /// trusts. The file is read anew for each request, as whoever mounts it there replaces
    /// it before it ends.
    pub fn federated_token_file(client_id: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self(Kind::FederatedTokenFile {
            client_id: client_id.into(),
            file: file.into(),
        })
    }

    /// One token, got elsewhere.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Kind::Bearer(SecretString::from(token.into())))
    }

    /// A legacy API token (`Authorization: Token …`).
    pub fn legacy(token: impl Into<String>) -> Self {
        Self(Kind::Legacy(SecretString::from(token.into())))
    }

    /// The person who signed in with the public client `client_id` and whose
    /// session `file` keeps.
    pub fn session(file: SessionFile, client_id: impl Into<String>) -> Self {
        Self(Kind::Session {
            file,
            client_id: client_id.into(),
        })
    }
}

/// An access token and how long it is good.
#[derive(Debug, Clone)]
pub struct AccessToken {
    value: SecretString,
    good_until: Option<Instant>,
}

impl AccessToken {
    /// The token itself. It is a secret: whoever has it may do what it allows.
    pub fn secret(&self) -> &str {
        self.value.expose_secret()
    }

    fn is_good_for(&self, span: Duration) -> bool {
        self.good_until
            .is_none_or(|until| until.saturating_duration_since(Instant::now()) > span)
    }
}

impl From<TokenAnswer> for AccessToken {
    fn from(answer: TokenAnswer) -> Self {
        Self {
            value: answer.access_token,
            good_until: Instant::now().checked_add(answer.expires_in),
        }
    }
}

type Slot = Arc<Mutex<Option<AccessToken>>>;

/// Gets tokens of one tenant with one credential. Cheap to clone; clones share
/// what was got.
///
/// A token is kept until five minutes before its end, for each resource and
/// endpoint. Of many callers who need the same new token one asks for it and
/// the others wait.
#[derive(Debug, Clone)]
pub struct TokenSource {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    transport: Transport,
    authority: Authority,
    tenant: String,
    credential: Credential,
    slots: Mutex<HashMap<(Endpoint, String), Slot>>,
}

impl TokenSource {
    /// A source for `tenant` (id or domain) at `authority`.
    pub fn new(
        transport: Transport,
        authority: Authority,
        tenant: impl Into<String>,
        credential: Credential,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                transport,
                authority,
                tenant: tenant.into(),
                credential,
                slots: Mutex::default(),
            }),
        }
    }

    /// The transport that it asks with.
    pub fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    /// The authority that it asks.
    pub fn authority(&self) -> &Authority {
        &self.shared.authority
    }

    /// The tenant whose tokens it gets.
    pub fn tenant(&self) -> &str {
        &self.shared.tenant
    }

    /// A token for `resource` (an appId or identifier URI) of the v2 endpoint.
    ///
    /// # Errors
    /// [`Error::OAuth`] when refused, [`Error::Connection`], and those of the
    /// session file.
    pub async fn token(&self, resource: &str) -> Result<AccessToken, Error> {
        self.token_from(Endpoint::V2, resource).await
    }

    /// A token for `resource` of either endpoint. The endpoint makes no
    /// difference for fixed tokens; a session always uses v2.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn token_from(
        &self,
        endpoint: Endpoint,
        resource: &str,
    ) -> Result<AccessToken, Error> {
        if let Kind::Bearer(token) | Kind::Legacy(token) = &self.shared.credential.0 {
            return Ok(AccessToken {
                value: token.clone(),
                good_until: None,
            });
        }
        let slot = {
            let mut slots = self.shared.slots.lock().await;
            Arc::clone(slots.entry((endpoint, resource.to_owned())).or_default())
        };
        // Held over the request: this is what makes one caller ask and the rest wait.
        let mut kept = slot.lock().await;
        if let Some(token) = kept
            .as_ref()
            .filter(|token| token.is_good_for(RENEW_BEFORE))
        {
            return Ok(token.clone());
        }
        match self.request(endpoint, resource).await {
            Ok(token) => Ok(kept.insert(token).clone()),
            // The kept token outlives a short outage of the authority.
            Err(Error::Connection(error)) => kept
                .as_ref()
                .filter(|token| token.is_good_for(Duration::ZERO))
                .cloned()
                .ok_or(Error::Connection(error)),
            Err(error) => Err(error),
        }
    }

    /// Lets go of the token for `resource`, which was refused; false if no other can be
    /// asked for.
    pub(crate) async fn forget(&self, resource: &str) -> bool {
        let slots = self.shared.slots.lock().await;
        let slot = slots.get(&(Endpoint::V2, resource.to_owned())).cloned();
        drop(slots);
        match slot {
            Some(slot) => slot.lock().await.take().is_some(),
            None => false,
        }
    }

    /// The `Authorization` header for `resource`.
    pub(crate) async fn authorization(&self, resource: &str) -> Result<HeaderValue, Error> {
        let scheme = match &self.shared.credential.0 {
            Kind::Legacy(_) => "Token",
            Kind::ClientSecret { .. }
            | Kind::Certificate { .. }
            | Kind::FederatedTokenFile { .. }
            | Kind::Bearer(_)
            | Kind::Session { .. } => "Bearer",
        };
        let token = self.token(resource).await?;
        let mut value = HeaderValue::try_from(format!("{scheme} {}", token.secret()))
            .map_err(|_| Error::answer("a token with characters that no header may have"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn request(&self, endpoint: Endpoint, resource: &str) -> Result<AccessToken, Error> {
        let answer = match &self.shared.credential.0 {
            Kind::ClientSecret { client_id, secret } => {
                let proof = [("client_secret", secret.expose_secret())];
                self.client_credentials(endpoint, resource, client_id, &proof)
                    .await?
            }
            Kind::Certificate { client_id, key } => {
                let now = Timestamp::now().seconds();
                let audience = self.token_endpoint(Endpoint::V2);
                let assertion = SecretString::from(key.assertion(client_id, &audience, now)?);
                self.with_assertion(endpoint, resource, client_id, &assertion)
                    .await?
            }
            Kind::FederatedTokenFile { client_id, file } => {
                let text = tokio::fs::read_to_string(file)
                    .await
                    .map(SecretString::from)
                    .map_err(|source| Error::File {
                        path: file.display().to_string(),
                        source,
                    })?;
                let assertion = SecretString::from(text.expose_secret().trim());
                self.with_assertion(endpoint, resource, client_id, &assertion)
                    .await?
            }
            Kind::Session { file, client_id } => self.refresh(file, client_id, resource).await?,
            Kind::Bearer(_) | Kind::Legacy(_) => {
                return Err(Error::FixedToken {
                    resource: resource.to_owned(),
                });
            }
        };
        Ok(answer.into())
    }

    async fn with_assertion(
        &self,
        endpoint: Endpoint,
        resource: &str,
        client_id: &str,
        assertion: &SecretString,
    ) -> Result<TokenAnswer, Error> {
        let proof = [
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.expose_secret()),
        ];
        self.client_credentials(endpoint, resource, client_id, &proof)
            .await
    }

    async fn client_credentials(
        &self,
        endpoint: Endpoint,
        resource: &str,
        client_id: &str,
        proof: &[(&str, &str)],
    ) -> Result<TokenAnswer, Error> {
        let scope = format!("{resource}/.default");
        let what = match endpoint {
            Endpoint::V1 => ("resource", resource),
            Endpoint::V2 => ("scope", scope.as_str()),
        };
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            what,
        ];
        form.extend_from_slice(proof);
        let url = self.token_endpoint(endpoint);
        request_token(&self.shared.transport, &url, Repeat::Safe, &form).await
    }

    fn token_endpoint(&self, endpoint: Endpoint) -> String {
        let path = match endpoint {
            Endpoint::V1 => "oauth2/token",
            Endpoint::V2 => "oauth2/v2.0/token",
        };
        self.shared.authority.endpoint(&self.shared.tenant, path)
    }

    async fn refresh(
        &self,
        file: &SessionFile,
        client_id: &str,
        resource: &str,
    ) -> Result<TokenAnswer, Error> {
        let shared = &self.shared;
        let locked = file.clone();
        let _lock = tokio::task::spawn_blocking(move || locked.lock())
            .await
            .map_err(Error::answer)??;
        let session = self.session(file, client_id)?;
        let scope = format!("{resource}/.default offline_access");
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", session.refresh_token.expose_secret()),
            ("scope", scope.as_str()),
        ];
        let url = shared
            .authority
            .endpoint(&session.tenant, "oauth2/v2.0/token");
        let answer = request_token(&shared.transport, &url, Repeat::Unsafe, &form).await?;
        if let Some(refresh_token) = &answer.refresh_token {
            file.put(&Session {
                refresh_token: refresh_token.clone(),
                ..session
            })?;
        }
        Ok(answer)
    }

    fn session(&self, file: &SessionFile, client_id: &str) -> Result<Session, Error> {
        let shared = &self.shared;
        file.read()?
            .into_iter()
            .find(|session| {
                session.authority == shared.authority.login()
                    && session.tenant == shared.tenant
                    && session.client_id == client_id
            })
            .ok_or(Error::NotSignedIn)
    }
}
