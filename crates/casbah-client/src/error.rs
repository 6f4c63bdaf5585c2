//! What can go wrong in a call, with all that the other side said of it.

use std::time::Duration;

use casbah_token::SignError;
use reqwest::StatusCode;

use crate::auth::{AuthorityError, SessionFileError};

/// A call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other side was not reached, or the connection broke.
    #[error("cannot reach the server: {}", causes(.0))]
    Connection(#[source] reqwest::Error),
    /// The token endpoint refused.
    #[error(transparent)]
    OAuth(Box<OAuthError>),
    /// The directory (Graph-shaped API) refused.
    #[error(transparent)]
    Graph(Box<GraphError>),
    /// The Cloud App Security API refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The answer was not what the protocol says.
    #[error("the server's answer is not understood: {0}")]
    Answer(Box<dyn std::error::Error + Send + Sync>),
    /// An address is not usable.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A CA file holds no certificate that can be used.
    #[error("{path} holds no usable certificate (PEM is expected)")]
    Certificate {
        /// The file.
        path: String,
    },
    /// Nobody is signed in, and there is no other credential.
    #[error("not signed in")]
    NotSignedIn,
    /// The kept session could not be read or written.
    #[error(transparent)]
    Session(#[from] SessionFileError),
    /// The credential cannot get a token for another resource.
    #[error("this credential is one fixed token and cannot get one for {resource}")]
    FixedToken {
        /// The resource that was asked for.
        resource: String,
    },
    /// An assertion of the client could not be signed.
    #[error("the client assertion cannot be signed: {0}")]
    Assertion(#[from] SignError),
    /// An upload's file is empty; the service refuses such.
    #[error("the file is empty")]
    EmptyUpload,
}

impl Error {
    /// Whether the caller is not known or not allowed, so that another
    /// credential, role or consent is needed.
    pub fn is_unauthorised(&self) -> bool {
        match self {
            Self::OAuth(error) => {
                error.status == StatusCode::UNAUTHORIZED
                    || matches!(
                        error.error.as_str(),
                        "access_denied"
                            | "invalid_client"
                            | "invalid_grant"
                            | "interaction_required"
                            | "unauthorized_client"
                    )
            }
            Self::Graph(error) => is_refusal(error.status),
            Self::Api(error) => is_refusal(error.status),
            Self::NotSignedIn | Self::FixedToken { .. } => true,
            Self::Connection(_)
            | Self::Answer(_)
            | Self::Authority(_)
            | Self::File { .. }
            | Self::Certificate { .. }
            | Self::Session(_)
            | Self::Assertion(_)
            | Self::EmptyUpload => false,
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::OAuth(error) => Some(error.status),
            Self::Graph(error) => Some(error.status),
            Self::Api(error) => Some(error.status),
            _ => None,
        }
    }

    pub(crate) fn answer(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Answer(reason.into())
    }
}

/// Addresses are left out: an upload's address is a capability.
impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_decode() || error.is_body() && !error.is_request() {
            return Self::answer(causes(&error));
        }
        Self::Connection(error)
    }
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// An error and what it came from, outermost first; a TLS failure is told only
/// by the innermost.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// A refusal of the token endpoint (RFC 6749 5.2, with Entra's members).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct OAuthError {
    /// HTTP status.
    pub status: StatusCode,
    /// `error`: `invalid_client` and others.
    pub error: String,
    /// The first of `error_codes`: 7000215 for AADSTS7000215.
    pub code: Option<u32>,
    /// `suberror`
    pub suberror: Option<String>,
    /// `error_description` without its trailing ids and time.
    pub description: String,
    /// `correlation_id`
    pub correlation_id: Option<String>,
    /// `trace_id`
    pub trace_id: Option<String>,
}

/// A refusal of the Graph-shaped API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct GraphError {
    /// HTTP status.
    pub status: StatusCode,
    /// `error.code`: `Request_ResourceNotFound` and others.
    pub code: String,
    /// `error.message`
    pub message: String,
    /// `error.innerError.request-id`
    pub request_id: Option<String>,
}

/// A refusal of the Cloud App Security API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail} (HTTP {})", .status.as_u16())]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// `detail`, or the text of the first form error.
    pub detail: String,
    /// `correlation_id`
    pub correlation_id: Option<String>,
    /// How long to wait before the next try, of a 429.
    pub retry_after: Option<Duration>,
}
