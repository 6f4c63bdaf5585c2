//! Signing a person in: authorization code with PKCE and a loopback redirect
//! (RFC 8252, RFC 7636).

use std::time::Duration;

use casbah_token::decode_unverified;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::auth::authority::Authority;
use crate::auth::oauth::request_token;
use crate::auth::pkce::{Pkce, random_text};
use crate::auth::session::Session;
use crate::error::Error;
use crate::transport::{Repeat, Transport};

/// No browser sends a longer request line and headers to us.
const MAX_REQUEST: usize = 32 * 1024;

/// Signing in did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No port of this machine could be listened on.
    #[error("cannot listen on 127.0.0.1 for the browser's answer: {0}")]
    Listen(#[source] std::io::Error),
    /// The system has no source of randomness.
    #[error("the system's random source does not work")]
    Random,
    /// The sign-in page answered with an error.
    #[error("sign-in was refused: {description} ({error})")]
    Refused {
        /// `error`
        error: String,
        /// `error_description`
        description: String,
    },
    /// The answer does not belong to this sign-in; somebody else may have sent it.
    #[error("the browser's answer does not belong to this sign-in; start it again")]
    State,
    /// Nobody signed in.
    #[error("nobody signed in within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The code could not be exchanged for tokens.
    #[error(transparent)]
    Exchange(#[from] Error),
}

/// Who wants to sign in, where, and for what.
#[derive(Debug, Clone)]
pub struct Login {
    /// How to reach the authority.
    pub transport: Transport,
    /// The authority.
    pub authority: Authority,
    /// Tenant id, domain, or `organizations`.
    pub tenant: String,
    /// The public client.
    pub client_id: String,
    /// Scopes beside `openid profile offline_access`.
    pub scopes: Vec<String>,
}

/// A sign-in that waits for its browser.
#[derive(Debug)]
pub struct PendingLogin {
    login: Login,
    listener: TcpListener,
    redirect_uri: String,
    state: String,
    pkce: Pkce,
    url: String,
}

impl Login {
    /// Opens the listener and makes the address to open in a browser.
    ///
    /// # Errors
    /// [`LoginError::Listen`], [`LoginError::Random`] and an unusable authority.
    pub async fn start(self) -> Result<PendingLogin, LoginError> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(LoginError::Listen)?;
        let port = listener.local_addr().map_err(LoginError::Listen)?.port();
        let redirect_uri = format!("http://localhost:{port}");
        let state = random_text().ok_or(LoginError::Random)?;
        let pkce = Pkce::new().ok_or(LoginError::Random)?;
        let url = self.authorize_url(&redirect_uri, &state, &pkce)?;
        Ok(PendingLogin {
            login: self,
            listener,
            redirect_uri,
            state,
            pkce,
            url,
        })
    }

    fn scope(&self) -> String {
        let mut scope = "openid profile offline_access".to_owned();
        for part in &self.scopes {
            scope.push(' ');
            scope.push_str(part);
        }
        scope
    }

    fn authorize_url(
        &self,
        redirect_uri: &str,
        state: &str,
        pkce: &Pkce,
    ) -> Result<String, LoginError> {
        let endpoint = self
            .authority
            .endpoint(&self.tenant, "oauth2/v2.0/authorize");
        let mut url = Url::parse(&endpoint).map_err(Error::answer)?;
        url.query_pairs_mut().extend_pairs([
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", redirect_uri),
            ("scope", self.scope().as_str()),
            ("state", state),
            ("code_challenge", pkce.challenge().as_str()),
            ("code_challenge_method", "S256"),
        ]);
        Ok(url.into())
    }
}

impl PendingLogin {
    /// The address to open in a browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the browser's answer and exchanges its code for tokens.
    ///
    /// # Errors
    /// [`LoginError`]
    pub async fn finish(self, patience: Duration) -> Result<Session, LoginError> {
        let code = tokio::time::timeout(patience, self.code())
            .await
            .map_err(|_| LoginError::TimedOut(patience))??;
        let login = &self.login;
        let scope = login.scope();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", login.client_id.as_str()),
            ("code", code.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", self.pkce.verifier()),
            ("scope", scope.as_str()),
        ];
        let url = login.authority.endpoint(&login.tenant, "oauth2/v2.0/token");
        let answer = request_token(&login.transport, &url, Repeat::Unsafe, &form).await?;
        let missing = |what: &str| Error::answer(format!("{what} is missing in the token answer"));
        let id_token = answer.id_token.ok_or_else(|| missing("id_token"))?;
        // Straight from the token endpoint over TLS, so not checked further
        // (OpenID Connect Core 3.1.3.7).
        let claims = decode_unverified(id_token.expose_secret())
            .map_err(Error::answer)?
            .claims;
        let claim = |name: &str| claims.get(name).and_then(|value| value.as_str());
        Ok(Session {
            authority: login.authority.login().to_owned(),
            tenant: claim("tid").ok_or_else(|| missing("tid"))?.to_owned(),
            client_id: login.client_id.clone(),
            username: claim("preferred_username")
                .or(claim("name"))
                .unwrap_or_default()
                .to_owned(),
            refresh_token: answer
                .refresh_token
                .ok_or_else(|| missing("refresh_token"))?,
        })
    }

    async fn code(&self) -> Result<String, LoginError> {
        loop {
            let (stream, _) = self.listener.accept().await.map_err(LoginError::Listen)?;
            // A broken connection is a browser's guess ahead; the real one follows.
            if let Some(outcome) = self.answer(stream).await {
                return outcome;
            }
        }
    }

    /// Answers one request; none when it was not the redirect.
    async fn answer(&self, mut stream: TcpStream) -> Option<Result<String, LoginError>> {
        let reading = read_target(&mut stream);
        let target = tokio::time::timeout(Duration::from_secs(10), reading)
            .await
            .ok()??;
        let outcome = self.read_redirect(&target);
        let (status, text) = match &outcome {
            None => ("404 Not Found", "There is nothing here."),
            Some(Ok(_)) => (
                "200 OK",
                "You are signed in. You can close this window and go back to the terminal.",
            ),
            Some(Err(_)) => (
                "400 Bad Request",
                "Sign-in did not succeed. The terminal says why.",
            ),
        };
        let page = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        // The outcome counts, whether or not the browser stays to read it.
        drop(stream.write_all(page.as_bytes()).await);
        drop(stream.shutdown().await);
        outcome
    }

    fn read_redirect(&self, target: &str) -> Option<Result<String, LoginError>> {
        let url = Url::parse(&self.redirect_uri).ok()?.join(target).ok()?;
        if url.path() != "/" {
            return None;
        }
        let value = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        if value("code").is_none() && value("error").is_none() {
            return None;
        }
        if value("state").as_deref() != Some(self.state.as_str()) {
            return Some(Err(LoginError::State));
        }
        Some(match (value("code"), value("error")) {
            (Some(code), None) => Ok(code),
            (_, error) => Err(LoginError::Refused {
                error: error.unwrap_or_default(),
                description: value("error_description").unwrap_or_default(),
            }),
        })
    }
}

/// The target of a GET request, read to the end of its headers.
async fn read_target(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut chunk = [0; 2048];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut chunk).await.ok()?;
        request.extend_from_slice(chunk.get(..count)?);
        if count == 0 || request.len() > MAX_REQUEST {
            return None;
        }
    }
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    (words.next() == Some("GET"))
        .then(|| words.next())?
        .map(str::to_owned)
}
