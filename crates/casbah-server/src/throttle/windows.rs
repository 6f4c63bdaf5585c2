//! The requests of the last minute.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use casbah_model::ids::{AppId, ObjectId, TenantId};

use super::{ThrottleLimits, WINDOW};
use crate::auth::Caller;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    Tenant(TenantId),
    Application(TenantId, AppId),
    /// A person's legacy API tokens.
    ApiTokens(TenantId, ObjectId),
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    name: &'static str,
    remaining: u32,
    /// Until the oldest request that counts does so no more, rounded up.
    reset_seconds: u64,
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            remaining,
            reset_seconds,
        } = self;
        write!(f, "\"{name}\";r={remaining};t={reset_seconds}")
    }
}

/// A request that was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) seconds: u64,
    pub(super) quotas: Vec<Quota>,
}

/// The limits that hold for a caller.
pub(super) fn counted(limits: ThrottleLimits, caller: &Caller) -> Vec<(Counted, u32)> {
    let tenant = caller.tenant;
    let program = match (caller.application, caller.person()) {
        (Some(application), _) => Some(Counted::Application(tenant, application)),
        (None, Some((person, _))) => Some(Counted::ApiTokens(tenant, person)),
        (None, None) => None,
    };
    let of_tenant = limits.tenant.map(|limit| (Counted::Tenant(tenant), limit));
    let of_program = program.zip(limits.app);
    of_tenant.into_iter().chain(of_program).collect()
}

/// When each request of the last minute came, by whom it counts for.
#[derive(Debug, Default)]
pub(super) struct Windows {
    taken: HashMap<Counted, VecDeque<Duration>>,
    swept: Duration,
}

impl Windows {
    /// Counts a request at `now`, which never goes back, if all limits have room for it.
    pub(super) fn take(
        &mut self,
        limits: &[(Counted, u32)],
        now: Duration,
    ) -> Result<Vec<Quota>, Refused> {
        self.sweep(now);
        let mut wait = None;
        for (counted, limit) in limits {
            let window = self.taken.entry(*counted).or_default();
            forget_old(window, now);
            if window.len() >= *limit as usize {
                wait = wait.max(Some(seconds_to_reset(window, now)));
            }
        }
        if wait.is_none() {
            for (counted, _) in limits {
                self.taken.entry(*counted).or_default().push_back(now);
            }
        }
        let quotas = limits
            .iter()
            .map(|(counted, limit)| self.quota(*counted, *limit, now));
        let quotas = quotas.collect();
        match wait {
            None => Ok(quotas),
            Some(seconds) => Err(Refused { seconds, quotas }),
        }
    }

    fn quota(&self, counted: Counted, limit: u32, now: Duration) -> Quota {
        let window = self.taken.get(&counted);
        let taken = window.map_or(0, VecDeque::len);
        Quota {
            name: match counted {
                Counted::Tenant(_) => "tenant",
                Counted::Application(..) | Counted::ApiTokens(..) => "app",
            },
            remaining: limit.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX)),
            reset_seconds: window.map_or(1, |window| seconds_to_reset(window, now)),
        }
    }

    /// Once a window, lets go of who has been quiet for one.
    fn sweep(&mut self, now: Duration) {
        if now < self.swept + WINDOW {
            return;
        }
        self.swept = now;
        self.taken.retain(|_, window| {
            forget_old(window, now);
            !window.is_empty()
        });
    }
}

fn forget_old(window: &mut VecDeque<Duration>, now: Duration) {
    while window.front().is_some_and(|first| *first + WINDOW <= now) {
        window.pop_front();
    }
}

/// At least 1.
fn seconds_to_reset(window: &VecDeque<Duration>, now: Duration) -> u64 {
    let left = window.front().map_or(Duration::ZERO, |first| {
        (*first + WINDOW).saturating_sub(now)
    });
    u64::try_from(left.as_nanos().div_ceil(1_000_000_000))
        .unwrap_or(u64::MAX)
        .max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn whoever_waits_as_told_gets_through() {
        let tenant = Counted::Tenant(TenantId::random());
        let limits = [(tenant, 3)];
        let mut windows = Windows::default();
        for (at, left) in [(0, 2), (10_000, 1), (59_000, 0)] {
            let quotas = windows.take(&limits, ms(at)).unwrap();
            assert_eq!(quotas[0].remaining, left);
        }
        let refused = windows.take(&limits, ms(59_100)).unwrap_err();
        assert_eq!((refused.seconds, refused.quotas[0].remaining), (1, 0));
        let refused = windows.take(&limits, ms(59_999)).unwrap_err();
        assert_eq!(refused.seconds, 1);
        assert_eq!(refused.quotas[0].to_string(), "\"tenant\";r=0;t=1");
        // The first has left; the next to leave is that of 10 s.
        assert!(windows.take(&limits, ms(60_000)).is_ok());
        assert_eq!(windows.take(&limits, ms(60_001)).unwrap_err().seconds, 10);
        assert!(windows.take(&limits, ms(70_001)).is_ok());
    }

    #[test]
    fn a_refused_request_counts_for_nothing() {
        let (tenant, application) = (TenantId::random(), AppId::random());
        let of_tenant = (Counted::Tenant(tenant), 5);
        let busy = [of_tenant, (Counted::Application(tenant, application), 1)];
        let other = [
            of_tenant,
            (Counted::ApiTokens(tenant, ObjectId::random()), 9),
        ];
        let mut windows = Windows::default();
        assert!(windows.take(&busy, ms(0)).is_ok());
        for _ in 0..100 {
            assert_eq!(windows.take(&busy, ms(1)).unwrap_err().seconds, 60);
        }
        let quotas = windows.take(&other, ms(2)).unwrap();
        assert_eq!((quotas[0].remaining, quotas[1].remaining), (3, 8));
        let another = [(Counted::Tenant(TenantId::random()), 5)];
        assert_eq!(windows.take(&another, ms(2)).unwrap()[0].remaining, 4);
    }

    #[test]
    fn who_is_quiet_is_forgotten() {
        let mut windows = Windows::default();
        for at in 0..1_000 {
            let tenant = Counted::Tenant(TenantId::random());
            windows.take(&[(tenant, 1)], ms(at)).unwrap();
        }
        let last = Counted::Tenant(TenantId::random());
        windows.take(&[(last, 1)], ms(70_000)).unwrap();
        assert_eq!(windows.taken.len(), 1);
    }

    proptest! {
        /// No 60 seconds have more than the limit, and none is refused that would fit.
        #[test]
        fn the_window_slides_exactly(
            limit in 1_u32..6,
            steps in proptest::collection::vec(0_u64..30_000, 1..200),
        ) {
            let limits = [(Counted::Tenant(TenantId::random()), limit)];
            let mut windows = Windows::default();
            let (mut now, mut let_in) = (0, Vec::<u64>::new());
            for step in steps {
                now += step;
                let within = let_in.iter().filter(|at| **at + 60_000 > now).count();
                let taken = windows.take(&limits, ms(now));
                prop_assert_eq!(taken.is_ok(), within < limit as usize);
                match taken {
                    Ok(_) => let_in.push(now),
                    Err(refused) => {
                        let then = now + refused.seconds * 1_000;
                        let still = let_in.iter().filter(|at| **at + 60_000 > then).count();
                        prop_assert!(still < limit as usize);
                    }
                }
            }
        }
    }
}
