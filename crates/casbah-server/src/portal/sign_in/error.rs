//! Why a sign-in did not go on, and where that is said.

use axum::extract::RawQuery;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::crypto::SealError;
use casbah_identity::random::NoRandomness;
use casbah_identity::signin::{AuthorizeRefusal, AuthorizeResponse};
use casbah_store::StoreError;

use super::pages::{self, Message};
use super::provider::ProviderError;
use crate::audit::AuditFailed;
use crate::identity::answer::status_of;
use crate::identity::context::RequestContext;
use crate::identity::passkeys::PasskeyError;

/// A sign-in failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// A rule says no.
    #[error("the request is refused")]
    Refused(AuthorizeRefusal),
    /// The form was not shown in this browser, or long ago.
    #[error("the form does not belong to this browser")]
    ForeignForm,
    /// Too many sign-ins began at this address.
    #[error("too many sign-ins began at this address")]
    TooMany {
        /// Seconds until the next.
        seconds: u32,
    },
    /// The server's address is none that passkeys can be made for.
    #[error("passkeys need a server with a name")]
    NoPasskeys,
    /// A question for a passkey could not be made.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// A secret could not be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A thread that hashes passwords ended.
    #[error("checking a password was interrupted")]
    Interrupted,
    /// A password could not be hashed.
    #[error("hashing a password failed")]
    Hash,
    /// The audit could not keep it, so it must not happen.
    #[error(transparent)]
    Audit(#[from] AuditFailed),
    /// It did not go on through a company's provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A page could not be written.
    #[error(transparent)]
    Page(#[from] askama::Error),
}

impl From<AuthorizeRefusal> for SignInError {
    fn from(refusal: AuthorizeRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl SignInError {
    /// The answer: at the client's address where that is known to be the
    /// client's, else on a page.
    pub(super) fn respond(self, context: &RequestContext) -> Response {
        let failure = match self {
            Self::Refused(AuthorizeRefusal::Page(error)) => return explained(error, context),
            Self::Refused(AuthorizeRefusal::Client {
                redirect,
                mode,
                error,
                state,
            }) => {
                let description = context.report(error.clone()).description();
                let answer = AuthorizeResponse::with_error(
                    &redirect.uri,
                    mode,
                    redirect_error(&error),
                    &description,
                    state.as_deref(),
                );
                return pages::send_to_client(answer, context)
                    .unwrap_or_else(|error| Self::Page(error).respond(context));
            }
            Self::ForeignForm => {
                let message = Message {
                    heading: "Please begin again",
                    text: "This form was not shown in this browser, or its time is over. \
                              Go back to the application and sign in from there."
                        .to_owned(),
                    detail: None,
                };
                return pages::show(&message, StatusCode::FORBIDDEN, context);
            }
            Self::TooMany { seconds } => {
                let message = Message {
                    heading: "This sign-in cannot go on",
                    text: format!("Too many people begin to sign in. Try again in {seconds} s."),
                    detail: None,
                };
                let mut answer = pages::show(&message, StatusCode::TOO_MANY_REQUESTS, context);
                let headers = answer.headers_mut();
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
                return answer;
            }
            Self::NoPasskeys => {
                let message = Message {
                    heading: "Passkeys cannot be used here",
                    text: "Browsers make passkeys for servers with a name, and this one is \
                           reached by an address. Go back and sign in with a password."
                        .to_owned(),
                    detail: None,
                };
                return pages::show(&message, StatusCode::NOT_FOUND, context);
            }
            Self::Provider(error) => return error.respond(context),
            failure @ (Self::Store(_)
            | Self::Passkey(_)
            | Self::Seal(_)
            | Self::Random(_)
            | Self::Interrupted
            | Self::Hash
            | Self::Audit(_)
            | Self::Page(_)) => failure,
        };
        tracing::error!(error = %failure, trace_id = %context.trace_id, "a sign-in failed");
        explained(AadError::Internal, context)
    }
}

/// The name of an error at the client's address (OpenID Connect Core 3.1.2.6).
fn redirect_error(error: &AadError) -> &'static str {
    match error {
        AadError::ConsentMissing => "consent_required",
        other => other.wire().error,
    }
}

fn explained(error: AadError, context: &RequestContext) -> Response {
    let status = status_of(&error);
    let message = Message {
        heading: "This sign-in cannot go on",
        text: error.to_string(),
        detail: Some(context.report(error).description()),
    };
    pages::show(&message, status, context)
}

/// `GET /error?code=…`, the `error_uri` of every refusal.
pub(super) async fn explain(RawQuery(query): RawQuery, context: RequestContext) -> Response {
    let query = query.unwrap_or_default();
    let code = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .and_then(|(_, value)| value.parse::<u32>().ok());
    let text = match code {
        Some(code) => format!(
            "AADSTS{code} is the number that Entra ID gives this refusal. \
             The description beside it in the answer says what to do."
        ),
        None => "The address names no error.".to_owned(),
    };
    let page = Message {
        heading: "About an error",
        text,
        detail: None,
    };
    pages::show(&page, StatusCode::OK, &context)
}
