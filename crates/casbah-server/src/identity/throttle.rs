//! Failed credentials by source address.
//!
//! No application is locked out: who has the right secret gets through whatever the
//! others at the address did. Only the answer to a wrong one changes, and a client
//! that guesses is told to go away. A person's password costs a slow hash, so an
//! address that guessed too often is refused before it for the rest of a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use casbah_model::time::Timestamp;

use super::source::Source;

/// Failures within a window before an address is told to wait.
const FREE_FAILURES: u32 = 20;
/// Sign-ins that may begin within a window at one address, which may be that of a whole
/// office, and leave a row in the store before anybody is proven.
const FREE_STARTS: u32 = 300;
/// How long a window is, milliseconds.
const WINDOW_MS: i64 = 60_000;
/// How many addresses are remembered; beyond that the finished windows go, and
/// then all of them: an attacker with so many addresses is not held by this.
const MAX_ADDRESSES: usize = 65_536;

/// Counts of failed credentials, those of applications and of people apart, and of what
/// else may be tried too often.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    secrets: Windows,
    passwords: Windows,
    user_codes: Windows,
    devices: Windows,
    sign_ins: Windows,
}

impl Throttle {
    /// Counts a wrong secret; says how many seconds to wait if there were too many.
    pub(crate) fn wrong_secret(&self, source: Source, now: Timestamp) -> Option<u32> {
        self.secrets.with(source, now, |window| {
            window.failures = window.failures.saturating_add(1);
            (window.failures > FREE_FAILURES).then(|| window.seconds_left(now))
        })
    }

    /// Counts a password as wrong before it is tried, so that many at once are not
    /// taken for one; says how many seconds to wait if there were too many.
    pub(crate) fn begin_password(&self, source: Source, now: Timestamp) -> Option<u32> {
        self.passwords.begin(source, now)
    }

    /// The same for the code of another device, which could be guessed (RFC 8628 5.1).
    pub(crate) fn begin_user_code(&self, source: Source, now: Timestamp) -> Option<u32> {
        self.user_codes.begin(source, now)
    }

    /// Takes back what was counted: something waits for the code.
    pub(crate) fn forgive_user_code(&self, source: Source, now: Timestamp) {
        self.user_codes.forgive(source, now);
    }

    /// Counts a device's request, each of which costs a row.
    pub(crate) fn begin_device(&self, source: Source, now: Timestamp) -> Option<u32> {
        self.devices.begin(source, now)
    }

    /// Counts a sign-in that begins through a company's provider or with a passkey, which
    /// leaves a row in the store; says how many seconds to wait if there were too many.
    pub(crate) fn begin_sign_in(&self, source: Source, now: Timestamp) -> Option<u32> {
        self.sign_ins.with(source, now, |window| {
            window.failures = window.failures.saturating_add(1);
            (window.failures > FREE_STARTS).then(|| window.seconds_left(now))
        })
    }

    /// Takes back what was counted: the password was right, or not tried after all.
    pub(crate) fn forgive_password(&self, source: Source, now: Timestamp) {
        self.passwords.forgive(source, now);
    }
}

#[derive(Debug, Default)]
struct Windows(Mutex<HashMap<IpAddr, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    failures: u32,
}

impl Window {
    fn is_over(&self, now: Timestamp) -> bool {
        self.began.plus_millis(WINDOW_MS) <= now
    }

    fn seconds_left(&self, now: Timestamp) -> u32 {
        let left_ms = self.began.plus_millis(WINDOW_MS).millis() - now.millis();
        u32::try_from(left_ms / 1000 + 1).unwrap_or(1)
    }
}

impl Windows {
    /// Counts a failure in advance; says how many seconds to wait if there were too many.
    fn begin(&self, source: Source, now: Timestamp) -> Option<u32> {
        self.with(source, now, |window| {
            if window.failures >= FREE_FAILURES {
                return Some(window.seconds_left(now));
            }
            window.failures += 1;
            None
        })
    }

    /// Takes one back.
    fn forgive(&self, source: Source, now: Timestamp) {
        self.with(source, now, |window| {
            window.failures = window.failures.saturating_sub(1);
        });
    }

    /// Calls `change` with the address's window of now.
    fn with<T>(&self, source: Source, now: Timestamp, change: impl FnOnce(&mut Window) -> T) -> T {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MAX_ADDRESSES {
            windows.retain(|_, window| !window.is_over(now));
            if windows.len() >= MAX_ADDRESSES {
                windows.clear();
            }
        }
        let fresh = Window {
            began: now,
            failures: 0,
        };
        let window = windows.entry(source.bucket()).or_insert(fresh);
        if window.is_over(now) {
            *window = fresh;
        }
        change(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_guesses_is_told_to_wait_and_another_is_not() {
        let throttle = Throttle::default();
        let guesser = Source("192.0.2.1".parse().unwrap());
        let other = Source("192.0.2.2".parse().unwrap());
        let now = Timestamp::from_seconds(1_790_000_000);
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.wrong_secret(guesser, now), None);
        }
        assert_eq!(throttle.wrong_secret(guesser, now), Some(61));
        let later = now.plus_millis(59_500);
        assert_eq!(throttle.wrong_secret(guesser, later), Some(1));
        assert_eq!(throttle.wrong_secret(other, later), None);
        assert_eq!(
            throttle.wrong_secret(guesser, now.plus_millis(WINDOW_MS)),
            None
        );
    }

    #[test]
    fn passwords_beyond_the_limit_are_not_even_tried() {
        let throttle = Throttle::default();
        let guesser = Source("192.0.2.1".parse().unwrap());
        let other = Source("192.0.2.2".parse().unwrap());
        let now = Timestamp::from_seconds(1_790_000_000);
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.begin_password(guesser, now), None);
        }
        assert_eq!(throttle.begin_password(guesser, now), Some(61));
        assert_eq!(throttle.begin_password(other, now), None);
        assert_eq!(throttle.wrong_secret(guesser, now), None, "another matter");
        throttle.forgive_password(guesser, now);
        assert_eq!(throttle.begin_password(guesser, now), None);
        let later = now.plus_millis(WINDOW_MS);
        assert_eq!(throttle.begin_password(guesser, later), None);
    }

    #[test]
    fn an_office_may_begin_many_sign_ins_but_not_any_number() {
        let throttle = Throttle::default();
        let office = Source("192.0.2.1".parse().unwrap());
        let now = Timestamp::from_seconds(1_790_000_000);
        for _ in 0..FREE_STARTS {
            assert_eq!(throttle.begin_sign_in(office, now), None);
        }
        assert_eq!(throttle.begin_sign_in(office, now), Some(61));
        assert_eq!(throttle.begin_password(office, now), None, "another matter");
        let later = now.plus_millis(WINDOW_MS);
        assert_eq!(throttle.begin_sign_in(office, later), None);
    }
}
