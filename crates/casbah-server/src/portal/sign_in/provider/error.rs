//! Why a sign-in through a provider did not go on, and what the page and the audit say of it.

use axum::http::StatusCode;
use axum::response::Response;
use casbah_connect::ConnectError;
use casbah_identity::crypto::SealError;
use casbah_identity::identity_provider::{
    BeginError, IdTokenRefusal, MetadataProblem, NameRefusal,
};

use crate::identity::context::RequestContext;
use crate::portal::sign_in::pages::{self, Message};

/// Entra's numbers: the account is not in the directory, authentication failed, the account
/// is switched off.
const NOT_FOUND: u32 = 50_034;
const FAILED: u32 = 50_012;
const DISABLED: u32 = 50_057;

/// A sign-in through a provider did not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// Its metadata or keys cannot be read.
    #[error("the provider's metadata cannot be read")]
    Unreachable,
    /// Nobody can sign in by its metadata.
    #[error(transparent)]
    Metadata(MetadataProblem),
    /// It cannot be begun.
    #[error(transparent)]
    Begin(BeginError),
    /// No sign-in of this browser waits for this answer.
    #[error("no sign-in of this browser waits for this answer")]
    NotAwaited,
    /// The provider was switched off or deleted meanwhile.
    #[error("the provider is not there any more")]
    Gone,
    /// The answer is another issuer's (RFC 9207).
    #[error("the answer is another issuer's")]
    OtherIssuer,
    /// The provider refused.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The answer has no code.
    #[error("the provider's answer has no code")]
    NoCode,
    /// What was sealed cannot be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The code could not be sent, or `UserInfo` not read.
    #[error("the provider cannot be called: {0}")]
    Connect(#[from] ConnectError),
    /// The code was not taken.
    #[error("the provider's token endpoint refused with status {status}: {error}")]
    Redeem {
        /// The answer's status.
        status: u16,
        /// `error`, by its own words.
        error: String,
    },
    /// The answer to the code has no token.
    #[error("the provider's token endpoint gave no ID token")]
    NoToken,
    /// The token is not believed.
    #[error(transparent)]
    Token(#[from] IdTokenRefusal),
    /// A recent sign-in is needed, and the provider did not ask for one.
    #[error("the provider did not ask the person to sign in")]
    NotAsked,
    /// A recent sign-in is needed, and the provider does not say when it was.
    #[error("the provider does not say when the person signed in (auth_time)")]
    NoTime,
    /// The person's name is not believed.
    #[error(transparent)]
    Name(#[from] NameRefusal),
    /// The tenant has nobody of the name.
    #[error("the tenant has nobody of this name")]
    Unknown,
    /// Another account of the provider is the person's.
    #[error("another account of the provider is this person's")]
    OtherAccount,
    /// The account's person is not there any more.
    #[error("the person of this account is not there any more")]
    PersonGone,
    /// The person may not sign in.
    #[error("the person is switched off")]
    Disabled,
}

impl ProviderError {
    /// The number that the audit keeps.
    pub(super) const fn code(&self) -> Option<u32> {
        match self {
            Self::NotAwaited | Self::Begin(_) | Self::Seal(_) => None,
            Self::Unreachable
            | Self::Metadata(_)
            | Self::Gone
            | Self::OtherIssuer
            | Self::Refused(_)
            | Self::NoCode
            | Self::Connect(_)
            | Self::Redeem { .. }
            | Self::NoToken
            | Self::Token(_)
            | Self::NotAsked
            | Self::NoTime => Some(FAILED),
            Self::Name(_) | Self::Unknown | Self::OtherAccount | Self::PersonGone => {
                Some(NOT_FOUND)
            }
            Self::Disabled => Some(DISABLED),
        }
    }

    /// The page that says it.
    pub(in crate::portal::sign_in) fn respond(&self, context: &RequestContext) -> Response {
        let status = match self {
            Self::Unreachable | Self::Metadata(_) | Self::Connect(_) | Self::Redeem { .. } => {
                StatusCode::BAD_GATEWAY
            }
            Self::Begin(_) | Self::Seal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        // What anybody's browser can cause any number of times says nothing of the provider.
        if !matches!(self, Self::NotAwaited) {
            tracing::warn!(error = %self, trace_id = %context.trace_id,
                "a sign-in through a provider did not go on");
        }
        let page = Message {
            heading: "This sign-in cannot go on",
            text: self.text(),
            detail: Some(format!("Trace ID: {}", context.trace_id)),
        };
        pages::show(&page, status, context)
    }

    /// What the person can do. Of what the provider says only its own refusal is shown.
    fn text(&self) -> String {
        match self {
            Self::NotAwaited => "This browser did not begin this sign-in, or its time is over, or \
                 it has been used. Go back to the application and sign in from there."
                .to_owned(),
            Self::Refused(error) => {
                format!("Your organisation's sign-in refused and said: {error}")
            }
            Self::NotAsked => "A sign-in of this moment is needed here, and your organisation's \
                 sign-in let you pass without asking. Sign out there, and begin again."
                .to_owned(),
            Self::NoTime => "A sign-in of this moment is needed here, and your organisation's \
                 sign-in does not say when yours was. Ask an administrator to have it send \
                 auth_time in its ID tokens."
                .to_owned(),
            Self::Name(_) | Self::Unknown => "Your organisation's sign-in does not say the name \
                 of anybody who is known here. Ask an administrator to add you."
                .to_owned(),
            Self::OtherAccount => "You have signed in with another account of your organisation \
                 before. Use that one, or ask an administrator to unlink it."
                .to_owned(),
            Self::PersonGone => "The account that you have here was deleted.".to_owned(),
            Self::Disabled => "This account is switched off.".to_owned(),
            _ => "Your organisation's sign-in does not work at present. Try again, or give the \
                 trace id to an administrator: the audit and the server's log say why."
                .to_owned(),
        }
    }
}
