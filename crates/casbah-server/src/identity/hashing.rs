//! Hashing of people's passwords, a few at once.

use casbah_identity::password::{self, PasswordError};
use casbah_model::identity::PasswordHash;
use secrecy::SecretString;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Argon2 takes 19 MiB and a processor: no more of it at once than this.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// A password was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashFailure {
    /// It is too short or too long, or hashing failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The thread that hashes ended.
    #[error("hashing a password was interrupted")]
    Interrupted,
}

/// A turn at hashing, which ends when it is dropped.
pub(crate) async fn turn() -> Result<SemaphorePermit<'static>, AcquireError> {
    SLOTS.acquire().await
}

/// Hashes a new password when it is its turn.
pub(crate) async fn hash(password: SecretString) -> Result<PasswordHash, HashFailure> {
    let _turn = turn().await.map_err(|_| HashFailure::Interrupted)?;
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password)).await;
    Ok(hashed.map_err(|_| HashFailure::Interrupted)??)
}
