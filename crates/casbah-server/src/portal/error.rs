//! Why a page of the portal cannot be shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use casbah_identity::crypto::SealError;
use casbah_identity::random::NoRandomness;
use casbah_identity::secret::PepperError;
use casbah_store::StoreError;

use super::local_path::LocalPath;
use super::page::{self, Notice};
use super::sign_in::sign_in_address;
use crate::identity::consent::ApprovalError;
use crate::identity::context::RequestContext;
use crate::identity::graph::GraphError;
use crate::identity::passkeys::PasskeyError;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PortalError {
    /// Nobody is signed in; the page is shown after that.
    #[error("nobody is signed in")]
    SignedOut(LocalPath),
    /// The sign-in was too long ago for this; the page is shown after another.
    #[error("the sign-in is too old")]
    SignInAgain(LocalPath),
    /// The form was not shown in this session, or is too old.
    #[error("the form does not belong to this session")]
    ForeignForm,
    /// The form's fields cannot be read.
    #[error("the form cannot be read")]
    Form,
    /// What was typed into the form is not good; says what.
    #[error("{0}")]
    Entry(&'static str),
    /// There is no such page.
    #[error("no such page")]
    NotFound,
    /// The directory refused.
    #[error(transparent)]
    Directory(#[from] GraphError),
    /// The API refused.
    #[error("{text}")]
    Api {
        /// Its status.
        status: StatusCode,
        /// Its words.
        text: String,
    },
    /// The page does not stand among the server's routes.
    #[error("the page does not stand among the server's routes")]
    NoApi,
    /// The directory's answer has another form than this page expects.
    #[error("an answer of the directory cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A consent was not given.
    #[error(transparent)]
    Consent(#[from] ApprovalError),
    /// A secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A recovery code could not be hashed.
    #[error(transparent)]
    Pepper(#[from] PepperError),
    /// A passkey could not be asked for.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// A page could not be written.
    #[error(transparent)]
    Page(#[from] askama::Error),
}

/// What was asked for, or nothing where the person's roles do not allow it.
pub(super) fn where_allowed<T>(asked: Result<T, PortalError>) -> Result<Option<T>, PortalError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

impl PortalError {
    /// The status, and what the person can do about it.
    fn explain(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::ForeignForm => (
                StatusCode::FORBIDDEN,
                "Please send the form again",
                "It was not shown in this session, or you signed in anew since. Go back, \
                 reload the page and send it again."
                    .to_owned(),
            ),
            Self::Form => (
                StatusCode::BAD_REQUEST,
                "The form cannot be read",
                "Go back, reload the page and try again.".to_owned(),
            ),
            Self::Entry(text) => refused(StatusCode::BAD_REQUEST, (*text).to_owned()),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "It may have been deleted, or the address is incomplete.".to_owned(),
            ),
            Self::Directory(error) => refused(error.status(), error.to_string()),
            Self::Consent(ApprovalError::NotAllowed) => {
                refused(StatusCode::FORBIDDEN, self.to_string())
            }
            Self::Api { status, text } => refused(*status, text.clone()),
            Self::SignedOut(_)
            | Self::SignInAgain(_)
            | Self::NoApi
            | Self::Answer(_)
            | Self::Consent(_)
            | Self::Store(_)
            | Self::Seal(_)
            | Self::Random(_)
            | Self::Pepper(_)
            | Self::Passkey(_)
            | Self::Page(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                INTERNAL.to_owned(),
            ),
        }
    }

    /// What the person can put right in the form that was sent; anything else is the
    /// error itself.
    pub(super) fn complaint(self) -> Result<String, Self> {
        match &self {
            Self::Entry(text) => Ok((*text).to_owned()),
            Self::Directory(error) => match error.status() {
                StatusCode::BAD_REQUEST | StatusCode::CONFLICT => Ok(error.to_string()),
                _ => Err(self),
            },
            Self::Api { status, text } if *status == StatusCode::BAD_REQUEST => Ok(text.clone()),
            _ => Err(self),
        }
    }

    /// Whether what was asked for is not there.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::NotFound => true,
            Self::Directory(error) => error.status() == StatusCode::NOT_FOUND,
            Self::Api { status, .. } => *status == StatusCode::NOT_FOUND,
            _ => false,
        }
    }

    /// Whether the person's roles do not allow it.
    pub(super) fn is_forbidden(&self) -> bool {
        match self {
            Self::Directory(error) => error.status() == StatusCode::FORBIDDEN,
            Self::Api { status, .. } => *status == StatusCode::FORBIDDEN,
            _ => false,
        }
    }

    /// The answer.
    pub(super) fn respond(self, context: &RequestContext) -> Response {
        if let Self::SignedOut(to) | Self::SignInAgain(to) = &self {
            let is_fresh = matches!(self, Self::SignInAgain(_));
            return Redirect::to(&sign_in_address(to.as_str(), is_fresh)).into_response();
        }
        let (status, heading, text) = self.explain();
        if status.is_server_error() {
            tracing::error!(error = %self, trace_id = %context.trace_id, "a page failed");
        }
        let detail = format!("Trace ID: {}", context.trace_id);
        page::notice(
            &Notice {
                heading,
                text: &text,
                detail: &detail,
            },
            status,
            context,
        )
    }
}

/// A refusal of the directory or the API.
fn refused(status: StatusCode, text: String) -> (StatusCode, &'static str, String) {
    match status {
        StatusCode::FORBIDDEN => (
            status,
            "You may not do this",
            "Your roles do not allow it. Ask an administrator of your organisation.".to_owned(),
        ),
        StatusCode::NOT_FOUND => (
            status,
            "This is not here any more",
            "It may have been deleted by someone else.".to_owned(),
        ),
        status if status.is_server_error() => (status, "Something went wrong", INTERNAL.to_owned()),
        status => (status, "This cannot be done", text),
    }
}

const INTERNAL: &str = "The server could not do it; its log says why. Try again, or give the \
    trace id to whoever runs the server.";
