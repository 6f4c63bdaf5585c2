//! Errors in Graph's form.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::Authority;
use casbah_identity::crypto::SealError;
use casbah_identity::federated::FederatedRefusal;
use casbah_identity::identity_provider::ProviderRefusal;
use casbah_identity::password::PasswordError;
use casbah_identity::people::PeopleRefusal;
use casbah_identity::random::NoRandomness;
use casbah_identity::secret::PepperError;
use casbah_store::{Conflict, StoreError};
use serde_json::json;

use super::reply;
use crate::identity::context::RequestContext;
use crate::identity::hashing::HashFailure;

/// A call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    /// No token, or one that is not believed.
    #[error("Access token is missing, expired or not meant for this resource.")]
    Unauthenticated,
    /// The caller may not.
    #[error("Insufficient privileges to complete the operation.")]
    Forbidden,
    /// No such object.
    #[error(
        "Resource '{0}' does not exist or one of its queried reference-property objects are not present."
    )]
    NotFound(String),
    /// No such path, or not with this method.
    #[error("Resource not found for the segment '{0}'.")]
    NoSuchPath(String),
    /// `/me` without a person.
    #[error("/me request is only valid with delegated authentication flow.")]
    NoPerson,
    /// The body is longer than any that is taken, or did not come whole.
    #[error("The body is too long or was cut off.")]
    Body,
    /// The request's body or a value in it is wrong; says what.
    #[error("{0}")]
    Invalid(String),
    /// `$filter` or another option is not understood.
    #[error("{0}")]
    UnsupportedQuery(String),
    /// The object is there already; says which.
    #[error("{0}")]
    Exists(String),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// A secret could not be made.
    #[error(transparent)]
    Secret(#[from] PepperError),
    /// A secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(HashFailure),
}

impl From<PeopleRefusal> for GraphError {
    fn from(refusal: PeopleRefusal) -> Self {
        match refusal {
            PeopleRefusal::NotAllowed => Self::Forbidden,
            other => Self::Invalid(format!("The person cannot be kept so: {other}.")),
        }
    }
}

impl From<HashFailure> for GraphError {
    fn from(failure: HashFailure) -> Self {
        match failure {
            HashFailure::Password(unfit @ (PasswordError::TooShort | PasswordError::TooLong)) => {
                Self::Invalid(format!("The specified password cannot be set: {unfit}."))
            }
            other => Self::Hash(other),
        }
    }
}

impl From<FederatedRefusal> for GraphError {
    fn from(refusal: FederatedRefusal) -> Self {
        match refusal {
            FederatedRefusal::Invalid(_) => Self::Invalid(format!(
                "The federated identity credential is not valid: {refusal}."
            )),
            FederatedRefusal::Exists(_) => Self::Exists(format!(
                "The federated identity credential cannot be kept: {refusal}."
            )),
            FederatedRefusal::Unknown(key) => Self::NotFound(key),
        }
    }
}

impl From<ProviderRefusal> for GraphError {
    fn from(refusal: ProviderRefusal) -> Self {
        Self::Invalid(format!("The identity provider is not valid: {refusal}."))
    }
}

impl From<StoreError> for GraphError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::IdentifierUri(_)) => Self::Exists(
                "Another object with the same value for property identifierUris already exists."
                    .to_owned(),
            ),
            // Graph answers this one conflict as a bad request.
            StoreError::Conflict(Conflict::Name(_)) => Self::Invalid(
                "Another object with the same value for property userPrincipalName already exists."
                    .to_owned(),
            ),
            StoreError::Conflict(conflict @ Conflict::IdentityProvider(_)) => {
                Self::Exists(format!("The identity provider cannot be kept: {conflict}."))
            }
            StoreError::Conflict(Conflict::Missing(id)) => Self::NotFound(id.to_string()),
            other => Self::Store(other),
        }
    }
}

impl GraphError {
    /// Status and code.
    /// The answer's status.
    pub(crate) fn status(&self) -> StatusCode {
        self.wire().0
    }

    fn wire(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Authorization_RequestDenied"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "Request_ResourceNotFound"),
            Self::NoSuchPath(_) => (StatusCode::NOT_FOUND, "BadRequest"),
            Self::NoPerson => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::Body => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "Request_BadRequest"),
            Self::UnsupportedQuery(_) => (StatusCode::BAD_REQUEST, "Request_UnsupportedQuery"),
            Self::Exists(_) | Self::Store(StoreError::Conflict(Conflict::Exists)) => (
                StatusCode::CONFLICT,
                "Request_MultipleObjectsWithSameKeyValue",
            ),
            Self::Store(_) | Self::Secret(_) | Self::Seal(_) | Self::Random(_) | Self::Hash(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Service_InternalServerError",
            ),
        }
    }

    /// The answer.
    pub(super) fn respond(&self, context: &RequestContext, authority: &Authority) -> Response {
        let (status, code) = self.wire();
        let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self, trace_id = %context.trace_id, "a directory call failed");
            "An internal error has occurred.".to_owned()
        } else {
            self.to_string()
        };
        let correlation = context.client_request_id.unwrap_or(context.trace_id);
        let body = json!({ "error": {
            "code": code,
            "message": message,
            "innerError": {
                "date": context.now.to_iso_seconds().trim_end_matches('Z'),
                "request-id": context.trace_id,
                "client-request-id": correlation,
            },
        }});
        let mut answer = reply::json(context, status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\"",
                authority.origin()
            );
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
        }
        answer
    }
}
