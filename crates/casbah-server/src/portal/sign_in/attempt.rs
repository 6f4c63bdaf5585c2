//! One attempt to sign in with a name and a password.

use std::time::Duration;

use casbah_identity::password::{self, PasswordError};
use casbah_model::audit::Origin;
use casbah_model::identity::{PasswordHash, SecondFactors, Tenant, User};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use casbah_store::{AuditRecord, StoreError};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::error::SignInError;
use crate::identity::hashing::{self, HashFailure};
use crate::identity::source::Source;
use crate::identity::throttle::Throttle;
use crate::state::App;

/// How long an attempt waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Failures of a person from an address that cost nothing yet.
const FREE_FAILURES: u32 = 5;
/// The longest wait between attempts, seconds.
const MAX_WAIT_SECONDS: i64 = 300;

/// What a person typed.
pub(crate) struct Attempt<'a> {
    /// The sign-in name.
    pub(crate) username: &'a str,
    /// The password.
    pub(crate) password: &'a SecretString,
    /// A new password, twice, where the present one was given by someone else.
    pub(crate) new_password: Option<(&'a SecretString, &'a SecretString)>,
    /// Where it comes from.
    pub(crate) source: Source,
    /// Where it comes from, for the audit.
    pub(crate) origin: Origin,
    /// When.
    pub(crate) now: Timestamp,
}

/// How it ended.
pub(crate) enum Outcome {
    /// The password is right; who has second factors has to show one, too.
    Right {
        /// Who.
        user: Box<User>,
        /// The person's second factors.
        factors: SecondFactors,
    },
    /// Name or password is wrong.
    Wrong,
    /// The person may not sign in; said only to who knows the password.
    Disabled,
    /// Too many attempts; nothing was checked.
    Wait {
        /// Seconds until the next.
        seconds: u32,
    },
    /// The password is right but must be changed.
    MustChange {
        /// What was wrong with the new one, if one was sent.
        problem: Option<&'static str>,
    },
}

/// Checks a name and a password.
pub(crate) async fn attempt(
    app: &App,
    throttle: &Throttle,
    tenant: Option<&Tenant>,
    attempt: &Attempt<'_>,
) -> Result<Outcome, SignInError> {
    let subject = subject(attempt);
    if let Some(tenant) = tenant
        && let Some(seconds) = wait(app, tenant.id, &subject, attempt.now).await?
    {
        return Ok(Outcome::Wait { seconds });
    }
    if let Some(seconds) = throttle.begin_password(attempt.source, attempt.now) {
        return Ok(Outcome::Wait { seconds });
    }
    let checked = check(app, tenant, &subject, attempt).await;
    if !matches!(checked, Ok(Checked::Wrong)) {
        throttle.forgive_password(attempt.source, attempt.now);
    }
    let user = match checked? {
        Checked::Right(user) => user,
        Checked::Wrong => return Ok(Outcome::Wrong),
        Checked::Wait { seconds } => return Ok(Outcome::Wait { seconds }),
    };
    app.store
        .forget_sign_in_failures(user.tenant, subject)
        .await?;
    if !user.enabled {
        return Ok(Outcome::Disabled);
    }
    let factors = app.store.second_factors(user.tenant, user.id).await?;
    // Who knows the password alone may not change it where more is asked.
    if user.must_change_password && factors.is_empty() {
        return change_password(app, *user, attempt).await;
    }
    Ok(Outcome::Right { user, factors })
}

/// What became of a name and a password.
enum Checked {
    Right(Box<User>),
    Wrong,
    /// Nothing was tried.
    Wait {
        seconds: u32,
    },
}

/// Tries the password when it is its turn. The attempt is counted in the turn, where
/// the failures of all that went before are known.
async fn check(
    app: &App,
    tenant: Option<&Tenant>,
    subject: &str,
    attempt: &Attempt<'_>,
) -> Result<Checked, SignInError> {
    let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, hashing::turn()).await else {
        return Ok(Checked::Wait { seconds: 5 });
    };
    let user = match tenant {
        Some(tenant) => {
            let now = Timestamp::now();
            let wait = app
                .store
                .begin_sign_in(tenant.id, subject.to_owned(), now, move |count, last| {
                    seconds_to_wait(count, last, now)
                })
                .await?;
            if let Some(seconds) = wait {
                return Ok(Checked::Wait { seconds });
            }
            app.store.user_by_upn(tenant.id, attempt.username).await?
        }
        None => None,
    };
    let hash = user.as_ref().and_then(|user| user.password.clone());
    let is_right = verify(attempt.password.clone(), hash).await?;
    Ok(match user.filter(|_| is_right) {
        Some(user) => Checked::Right(Box::new(user)),
        None => Checked::Wrong,
    })
}

/// What failures are counted under: the person and the address together, so that
/// nobody can lock another out.
fn subject(attempt: &Attempt<'_>) -> String {
    let name = attempt.username.to_lowercase();
    let text = format!("{name}|{}", attempt.source.bucket());
    Uuid::new_v5(&Uuid::nil(), text.as_bytes()).to_string()
}

async fn wait(
    app: &App,
    tenant: TenantId,
    subject: &str,
    now: Timestamp,
) -> Result<Option<u32>, StoreError> {
    let failures = app
        .store
        .sign_in_failures(tenant, subject.to_owned())
        .await?;
    Ok(failures.and_then(|(count, last)| seconds_to_wait(count, last, now)))
}

/// Twice as long after each failure.
pub(super) fn seconds_to_wait(failures: u32, last: Timestamp, now: Timestamp) -> Option<u32> {
    let beyond = failures.checked_sub(FREE_FAILURES)?;
    let wait = 1_i64
        .checked_shl(beyond)
        .filter(|wait| (1..MAX_WAIT_SECONDS).contains(wait))
        .unwrap_or(MAX_WAIT_SECONDS);
    let left = last.seconds() + wait - now.seconds();
    u32::try_from(left).ok().filter(|left| *left > 0)
}

async fn verify(password: SecretString, hash: Option<PasswordHash>) -> Result<bool, SignInError> {
    tokio::task::spawn_blocking(move || password::verify(&password, hash.as_ref()))
        .await
        .map_err(|_| SignInError::Interrupted)
}

async fn change_password(
    app: &App,
    user: User,
    attempt: &Attempt<'_>,
) -> Result<Outcome, SignInError> {
    let Some((new, again)) = attempt.new_password else {
        return Ok(Outcome::MustChange { problem: None });
    };
    if new.expose_secret() == attempt.password.expose_secret() {
        return Ok(Outcome::MustChange {
            problem: Some("The new password must differ from the present one."),
        });
    }
    let record = AuditRecord::new(&user.upn, "user.change_password", &user.id)
        .at(attempt.now)
        .from(attempt.origin);
    Ok(match new_password(app, user, new, again, record).await? {
        Changed::Done(user) => Outcome::Right {
            user,
            factors: SecondFactors::default(),
        },
        Changed::Refused(problem) => Outcome::MustChange {
            problem: Some(problem),
        },
        Changed::TooLate => Outcome::Wrong,
    })
}

/// What became of a new password.
pub(super) enum Changed {
    /// It is the password now.
    Done(Box<User>),
    /// It cannot be one.
    Refused(&'static str),
    /// Someone was faster: what the person knew is not the password any more.
    TooLate,
}

/// Gives a person a password that was typed twice.
pub(super) async fn new_password(
    app: &App,
    mut user: User,
    new: &SecretString,
    again: &SecretString,
    record: AuditRecord,
) -> Result<Changed, SignInError> {
    if new.expose_secret() != again.expose_secret() {
        return Ok(Changed::Refused("The two new passwords differ."));
    }
    let password = match hashing::hash(new.clone()).await {
        Ok(hash) => hash,
        Err(failure) => return Ok(Changed::Refused(unfit(failure)?)),
    };
    let Some(before) = user.password.replace(password.clone()) else {
        return Ok(Changed::TooLate);
    };
    let changed = app
        .store
        .change_password(user.tenant, user.id, before, password, record)
        .await?;
    if !changed {
        return Ok(Changed::TooLate);
    }
    user.must_change_password = false;
    Ok(Changed::Done(Box::new(user)))
}

/// What is said of a new password that cannot be taken.
pub(super) fn unfit(failure: HashFailure) -> Result<&'static str, SignInError> {
    match failure {
        HashFailure::Password(PasswordError::TooShort) => Ok("The new password is too short."),
        HashFailure::Password(PasswordError::TooLong) => Ok("The new password is too long."),
        HashFailure::Password(PasswordError::Hash) => Err(SignInError::Hash),
        HashFailure::Interrupted => Err(SignInError::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let last = Timestamp::from_seconds(1_790_000_000);
        let at = |seconds: i64| last.plus_millis(seconds * 1000);
        for (failures, after, expected) in [
            (4, 0, None),
            (5, 0, Some(1)),
            (5, 1, None),
            (8, 0, Some(8)),
            (8, 5, Some(3)),
            (50, 0, Some(300)),
            (u32::MAX, 299, Some(1)),
            (u32::MAX, 300, None),
        ] {
            assert_eq!(
                seconds_to_wait(failures, last, at(after)),
                expected,
                "{failures} failures, after {after} s"
            );
        }
    }
}
