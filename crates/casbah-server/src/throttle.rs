//! How many requests of the API a tenant, and an application in it, may make a minute.
//!
//! Off unless the operator asks for it. What counts is what was let in: a refused request
//! counts for nothing, so who waits as long as told gets through. The window slides: in
//! no 60 seconds, wherever they begin, are there more than the limit. Each node counts
//! for itself, in memory.

mod windows;

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use self::windows::{Quota, Windows};
use crate::auth::Caller;

/// What is counted, and how much of it there is (draft-ietf-httpapi-ratelimit-headers,
/// revision 10).
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it (the same draft).
const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

/// How long a request counts.
const WINDOW: Duration = Duration::from_mins(1);

/// The highest limit: every request of a window is remembered with eight bytes.
const HIGHEST: u32 = 100_000;

/// Limits of requests of the API a minute; without one, nothing is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Of all clients of a tenant together.
    pub tenant: Option<u32>,
    /// Of each application in each tenant. Legacy API tokens of one person count as one
    /// application.
    pub app: Option<u32>,
}

impl ThrottleLimits {
    /// Those of the original: 30 for each tenant.
    pub const COMPAT: Self = Self {
        tenant: Some(30),
        app: None,
    };
}

/// Limits are not written as they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no limit: write compat, or tenant=N, app=N or both with a comma between, N requests a minute from 1 to {HIGHEST}"
)]
pub struct ThrottleError(String);

impl FromStr for ThrottleLimits {
    type Err = ThrottleError;

    fn from_str(text: &str) -> Result<Self, ThrottleError> {
        if text == "compat" {
            return Ok(Self::COMPAT);
        }
        let refused = || ThrottleError(text.to_owned());
        let mut limits = Self::default();
        for part in text.split(',') {
            let (name, number) = part.split_once('=').ok_or_else(refused)?;
            let limit = match name.trim() {
                "tenant" => &mut limits.tenant,
                "app" => &mut limits.app,
                _ => return Err(refused()),
            };
            let number: u32 = number.trim().parse().map_err(|_| refused())?;
            if !(1..=HIGHEST).contains(&number) || limit.replace(number).is_some() {
                return Err(refused());
            }
        }
        Ok(limits)
    }
}

/// Counts requests of the API.
#[derive(Debug)]
pub(crate) struct RequestThrottle {
    limits: ThrottleLimits,
    policy: Option<HeaderValue>,
    start: Instant,
    windows: Mutex<Windows>,
}

/// What the limits have left for a caller, after this request.
#[derive(Debug)]
pub(crate) struct Allowance {
    policy: HeaderValue,
    quotas: Vec<Quota>,
}

/// A caller that has to wait.
#[derive(Debug)]
pub(crate) struct Throttled {
    /// Until the next request is let in, if nobody else makes it; at least 1.
    pub(crate) seconds: u64,
    /// What is left.
    pub(crate) allowance: Allowance,
}

impl RequestThrottle {
    pub(crate) fn new(limits: ThrottleLimits) -> Self {
        Self {
            limits,
            policy: policy(limits),
            start: Instant::now(),
            windows: Mutex::default(),
        }
    }

    /// Counts a request, or refuses it without counting it; nothing is allowed or refused
    /// where there are no limits.
    pub(crate) fn take(&self, caller: &Caller) -> Result<Option<Allowance>, Box<Throttled>> {
        let Some(policy) = &self.policy else {
            return Ok(None);
        };
        let counted = windows::counted(self.limits, caller);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        // Within the lock, so that times come in order.
        let taken = windows.take(&counted, self.start.elapsed());
        drop(windows);
        let allowance = |quotas| Allowance {
            policy: policy.clone(),
            quotas,
        };
        match taken {
            Ok(quotas) => Ok(Some(allowance(quotas))),
            Err(refused) => Err(Box::new(Throttled {
                seconds: refused.seconds,
                allowance: allowance(refused.quotas),
            })),
        }
    }
}

impl Allowance {
    /// Tells the client.
    pub(crate) fn add_to(self, headers: &mut HeaderMap) {
        let quotas = self.quotas.iter().map(ToString::to_string);
        let text = quotas.collect::<Vec<_>>().join(", ");
        // Names of our own and numbers: always good.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(REMAINING, value);
        }
        headers.insert(POLICY, self.policy);
    }
}

fn policy(limits: ThrottleLimits) -> Option<HeaderValue> {
    let named = [("tenant", limits.tenant), ("app", limits.app)];
    let set = named
        .into_iter()
        .filter_map(|(name, limit)| limit.map(|limit| (name, limit)));
    let items = set.map(|(name, limit)| format!("\"{name}\";q={limit};w={}", WINDOW.as_secs()));
    let text = items.collect::<Vec<_>>().join(", ");
    (!text.is_empty())
        .then(|| HeaderValue::from_str(&text).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        let limits = |tenant, app| ThrottleLimits { tenant, app };
        for (text, expected) in [
            ("compat", ThrottleLimits::COMPAT),
            ("tenant=5", limits(Some(5), None)),
            ("app=100000", limits(None, Some(100_000))),
            ("tenant=60, app=10", limits(Some(60), Some(10))),
            ("app=10,tenant=60", limits(Some(60), Some(10))),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "30",
            "tenant",
            "tenant=",
            "tenant=0",
            "tenant=-1",
            "tenant=100001",
            "tenant=5,tenant=6",
            "tenant=5,",
            "user=5",
            "compat,app=5",
        ] {
            let error = text.parse::<ThrottleLimits>().unwrap_err();
            assert!(error.to_string().contains("write compat"), "{text}");
        }
    }

    #[test]
    fn the_policy_names_what_is_limited() {
        assert_eq!(policy(ThrottleLimits::default()), None);
        assert_eq!(
            policy(ThrottleLimits::COMPAT).unwrap(),
            "\"tenant\";q=30;w=60"
        );
        let both = "tenant=30,app=7".parse().unwrap();
        assert_eq!(
            policy(both).unwrap(),
            "\"tenant\";q=30;w=60, \"app\";q=7;w=60"
        );
    }
}
