//! Failed credentials by source address.
//!
//! Nothing is locked: who has the right credential gets through whatever the
//! others at the address did. Only the answer to a wrong one changes, and a
//! client that guesses is told to go away.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use casbah_model::time::Timestamp;

use super::source::Source;

/// Failures within a window before an address is told to wait.
const FREE_FAILURES: u32 = 20;
/// How long a window is, milliseconds.
const WINDOW_MS: i64 = 60_000;
/// How many addresses are remembered; beyond that the finished windows go, and
/// then all of them: an attacker with so many addresses is not held by this.
const MAX_ADDRESSES: usize = 65_536;

/// Counts of failed credentials.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    windows: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    failures: u32,
}

impl Throttle {
    /// Counts a failure; says how many seconds to wait if there were too many.
    pub(crate) fn failed(&self, source: Source, now: Timestamp) -> Option<u32> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |window: &Window| window.began.plus_millis(WINDOW_MS) <= now;
        if windows.len() >= MAX_ADDRESSES {
            windows.retain(|_, window| !is_over(window));
            if windows.len() >= MAX_ADDRESSES {
                windows.clear();
            }
        }
        let fresh = Window {
            began: now,
            failures: 0,
        };
        let window = windows.entry(source.bucket()).or_insert(fresh);
        if is_over(window) {
            *window = fresh;
        }
        window.failures = window.failures.saturating_add(1);
        if window.failures <= FREE_FAILURES {
            return None;
        }
        let left_ms = window.began.plus_millis(WINDOW_MS).millis() - now.millis();
        u32::try_from(left_ms / 1000 + 1).ok()
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
            assert_eq!(throttle.failed(guesser, now), None);
        }
        assert_eq!(throttle.failed(guesser, now), Some(61));
        let later = now.plus_millis(59_500);
        assert_eq!(throttle.failed(guesser, later), Some(1));
        assert_eq!(throttle.failed(other, later), None);
        assert_eq!(throttle.failed(guesser, now.plus_millis(WINDOW_MS)), None);
    }
}
