//! The authorisation request (RFC 6749 section 4.1.1, OpenID Connect Core 3.1.2).

use casbah_model::identity::{CodeChallenge, Platform};
use casbah_model::ids::AppId;
use casbah_model::time::Timestamp;

use super::client::SignInClient;
use super::response::ResponseMode;
use crate::error::AadError;
use crate::request::{DelegatedScopes, Endpoint, Params};

/// What the client wants the person to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prompt {
    /// Nothing said: ask what is needed.
    Auto,
    /// Show nothing; fail instead.
    None,
    /// Sign in again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Ask an administrator for consent on behalf of everyone.
    AdminConsent,
    /// Choose an account.
    SelectAccount,
}

impl Prompt {
    fn parse(text: Option<&str>) -> Result<Self, AadError> {
        Ok(match text {
            None => Self::Auto,
            Some("none") => Self::None,
            Some("login") => Self::Login,
            Some("consent") => Self::Consent,
            Some("admin_consent") => Self::AdminConsent,
            Some("select_account") => Self::SelectAccount,
            Some(_) => return Err(AadError::Malformed("the prompt is not supported")),
        })
    }

    /// Whether consent is to be asked for, given or not.
    pub const fn is_consent(self) -> bool {
        matches!(self, Self::Consent | Self::AdminConsent)
    }
}

/// A registered address that the answer goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The address, as sent.
    pub uri: String,
    /// What it is registered for.
    pub platform: Platform,
}

/// A request that can be answered at its redirect address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// Which endpoint was asked.
    pub endpoint: Endpoint,
    /// The client.
    pub client: AppId,
    /// Where the answer goes. `None` only for the published consent link of an
    /// application without an address: the consent is kept, then a page says
    /// [`AadError::NoRedirect`].
    pub redirect: Option<Redirect>,
    /// How it travels.
    pub mode: ResponseMode,
    /// What the person is to see.
    pub prompt: Prompt,
    /// What is wanted.
    pub scopes: DelegatedScopes,
    /// To be sent back as it is.
    pub state: Option<String>,
    /// To be repeated in the ID token as it is.
    pub nonce: Option<String>,
    /// What the redeemer of the code must know.
    pub challenge: Option<CodeChallenge>,
    /// The name to fill in.
    pub login_hint: Option<String>,
    /// How long ago the sign-in may be, seconds.
    pub max_age: Option<i64>,
}

/// Why a request is refused, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeRefusal {
    /// On a page of ours. Nothing may be sent to an address that is not known to
    /// belong to the client (RFC 9700 section 4.1).
    Page(AadError),
    /// At the client's address.
    Client {
        /// Where.
        redirect: Redirect,
        /// How.
        mode: ResponseMode,
        /// What is wrong.
        error: AadError,
        /// The request's state.
        state: Option<String>,
    },
}

/// What comes next for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Show the sign-in page.
    SignIn,
    /// The session is good: go on to consent.
    Continue,
    /// Tell the client.
    Refuse(AadError),
}

impl AuthorizeRequest {
    /// An address, if it is registered for the client.
    pub(super) fn redirect_to(uri: &str, client: &SignInClient) -> Result<Redirect, AadError> {
        let platform = client
            .platform_of(uri)
            .ok_or_else(|| AadError::RedirectNotRegistered(uri.to_owned()))?;
        Ok(Redirect {
            uri: uri.to_owned(),
            platform,
        })
    }

    /// The client that a request names, to be looked up.
    ///
    /// # Errors
    /// A page's error: without a client there is nowhere to send it.
    pub fn client_of(params: &Params) -> Result<AppId, AuthorizeRefusal> {
        let id = params
            .required("client_id")
            .map_err(AuthorizeRefusal::Page)?;
        id.parse()
            .map_err(|_| AuthorizeRefusal::Page(AadError::ApplicationNotFound(id.to_owned())))
    }

    /// Reads a request of a client that was looked up.
    ///
    /// # Errors
    /// [`AuthorizeRefusal`]: on a page while the redirect address is not known to
    /// be the client's, at that address afterwards.
    pub fn parse(
        endpoint: Endpoint,
        params: &Params,
        client: &SignInClient,
    ) -> Result<Self, AuthorizeRefusal> {
        let redirect = redirect_of(endpoint, params, client).map_err(AuthorizeRefusal::Page)?;
        let mode = match params.optional("response_mode") {
            Some("fragment") => ResponseMode::Fragment,
            Some("form_post") => ResponseMode::FormPost,
            Some(_) | None => ResponseMode::Query,
        };
        let state = params.optional("state").map(str::to_owned);
        let parsed = Self::read(
            endpoint,
            params,
            client,
            redirect.clone(),
            mode,
            state.clone(),
        );
        parsed.map_err(|error| match redirect {
            Some(redirect) => AuthorizeRefusal::Client {
                redirect,
                mode,
                error,
                state,
            },
            None => AuthorizeRefusal::Page(error),
        })
    }

    fn read(
        endpoint: Endpoint,
        params: &Params,
        client: &SignInClient,
        redirect: Option<Redirect>,
        mode: ResponseMode,
        state: Option<String>,
    ) -> Result<Self, AadError> {
        check_response(params)?;
        let prompt = Prompt::parse(params.optional("prompt"))?;
        let scopes = match endpoint {
            Endpoint::V2 => DelegatedScopes::parse(params.required("scope")?)?,
            Endpoint::V1 => {
                DelegatedScopes::parse_v1(params.optional("resource"), params.optional("scope"))?
            }
        };
        let challenge = challenge_of(params)?;
        let is_public = redirect
            .as_ref()
            .is_some_and(|redirect| redirect.platform.is_public());
        // A consent link carries no challenge; the code it yields cannot be
        // redeemed by a public client.
        if is_public && challenge.is_none() && !prompt.is_consent() {
            return Err(AadError::ChallengeRequired);
        }
        let max_age = params
            .optional("max_age")
            .map(|text| text.parse::<u32>().map(i64::from))
            .transpose()
            .map_err(|_| AadError::Malformed("max_age is not a number of seconds"))?;
        Ok(Self {
            endpoint,
            client: client.app_id,
            redirect,
            mode,
            prompt,
            scopes,
            state,
            nonce: params.optional("nonce").map(str::to_owned),
            challenge,
            login_hint: params.optional("login_hint").map(str::to_owned),
            max_age,
        })
    }

    /// What comes next. `signed_in` is when the person of the present session
    /// signed in, `for_this` whether that was in answer to this very request.
    pub fn next_step(
        &self,
        signed_in: Option<Timestamp>,
        for_this: bool,
        now: Timestamp,
    ) -> NextStep {
        let is_fresh = |at: Timestamp| {
            self.max_age
                .is_none_or(|seconds| now.seconds().saturating_sub(at.seconds()) <= seconds)
        };
        let wants_page = matches!(self.prompt, Prompt::Login | Prompt::SelectAccount);
        let is_good = signed_in.is_some_and(|at| for_this || (is_fresh(at) && !wants_page));
        match (is_good, self.prompt) {
            (true, _) => NextStep::Continue,
            (false, Prompt::None) => NextStep::Refuse(AadError::NotSignedIn),
            (false, _) => NextStep::SignIn,
        }
    }
}

fn redirect_of(
    endpoint: Endpoint,
    params: &Params,
    client: &SignInClient,
) -> Result<Option<Redirect>, AadError> {
    if let Some(uri) = params.optional("redirect_uri") {
        return AuthorizeRequest::redirect_to(uri, client).map(Some);
    }
    if endpoint == Endpoint::V2 {
        return Err(AadError::MissingParameter("redirect_uri"));
    }
    let first = client.first_redirect().map(|(platform, uri)| Redirect {
        uri: uri.to_owned(),
        platform,
    });
    let is_consent_link = matches!(params.optional("prompt"), Some("consent" | "admin_consent"));
    if first.is_none() && !is_consent_link {
        return Err(AadError::NoRedirect);
    }
    Ok(first)
}

fn check_response(params: &Params) -> Result<(), AadError> {
    match params.required("response_type")? {
        "code" => {}
        "id_token"
        | "token"
        | "code id_token"
        | "id_token code"
        | "id_token token"
        | "token id_token"
        | "code token"
        | "code id_token token" => {
            return Err(AadError::ImplicitGrantDisabled);
        }
        other => return Err(AadError::UnknownResponseType(other.to_owned())),
    }
    match params.optional("response_mode") {
        None | Some("query" | "fragment" | "form_post") => Ok(()),
        Some(_) => Err(AadError::Malformed("the response mode is not supported")),
    }
}

/// The challenge (RFC 7636 section 4.3). The method `plain`, which is also what
/// no method means, is not offered.
fn challenge_of(params: &Params) -> Result<Option<CodeChallenge>, AadError> {
    let Some(challenge) = params.optional("code_challenge") else {
        return Ok(None);
    };
    if params.optional("code_challenge_method") != Some("S256") {
        return Err(AadError::Malformed(
            "the code challenge method must be S256",
        ));
    }
    // SHA-256 in base64url is 43 characters.
    let is_digest = challenge.len() == 43
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !is_digest {
        return Err(AadError::Malformed("the code challenge is not a digest"));
    }
    Ok(Some(CodeChallenge::S256(challenge.to_owned())))
}

#[cfg(test)]
mod tests;
