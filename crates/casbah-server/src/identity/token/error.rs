//! Why the token endpoint did not give a token.

use casbah_identity::AadError;
use casbah_identity::random::NoRandomness;
use casbah_store::StoreError;
use casbah_token::SignError;

use crate::audit::AuditFailed;
use crate::identity::context::RequestContext;
use crate::identity::tenant::TenantError;
use crate::portal::sign_in::SignInError;

/// A request for a token failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// A rule says no; the client is told which.
    #[error(transparent)]
    Refused(#[from] AadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The audit could not keep it, so it must not happen.
    #[error(transparent)]
    Audit(#[from] AuditFailed),
    /// Checking a person's password failed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// No key signs at this time.
    #[error("no signing key is good now")]
    NoKey,
}

impl From<TenantError> for TokenError {
    fn from(error: TenantError) -> Self {
        match error {
            TenantError::Refused(refusal) => Self::Refused(refusal),
            TenantError::Store(error) => Self::Store(error),
        }
    }
}

impl TokenError {
    /// What the client is told; the rest goes to the log.
    pub(crate) fn into_aad(self, context: &RequestContext) -> AadError {
        let error = match self {
            Self::Refused(refusal) => return refusal,
            failure @ (Self::Store(_)
            | Self::Sign(_)
            | Self::Random(_)
            | Self::Audit(_)
            | Self::SignIn(_)
            | Self::NoKey) => failure,
        };
        tracing::error!(%error, trace_id = %context.trace_id, "a token request failed");
        AadError::Internal
    }
}
