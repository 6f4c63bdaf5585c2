//! Points in time, in the unit of the wire.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lab::Clock;

/// A point in time: Unix milliseconds, as nearly all of the wire has it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Milliseconds of one day.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// The present, by the clock of this process: the system's, except in laboratories.
    pub fn now() -> Self {
        Clock::of_process().read(Self::of_system())
    }

    /// The present, by the system's clock.
    pub fn of_system() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Unix seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time with these Unix seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// This time, `millis` later (or earlier, if negative).
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This time, `days` earlier.
    #[must_use]
    pub const fn minus_days(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days.saturating_mul(DAY_MS)))
    }

    /// The number of the UTC day since 1970-01-01.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// Parses RFC 3339 text, or the same without a zone, which then is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Self(instant.as_millisecond()));
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let instant = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Self(instant.as_millisecond()))
    }

    /// RFC 3339 in UTC with milliseconds: `2020-12-16T17:23:40.687Z`.
    ///
    /// A time outside the years that the form can write is given as its nearest.
    pub fn to_iso(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// RFC 3339 in UTC with whole seconds: `2020-07-19T06:59:24Z`.
    pub fn to_iso_seconds(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// The form of HTTP headers, IMF-fixdate (RFC 9110 5.6.7):
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn to_http_date(self) -> String {
        self.format("%a, %d %b %Y %H:%M:%S GMT")
    }

    /// Reads the form of HTTP headers, IMF-fixdate.
    pub fn from_http_date(text: &str) -> Option<Self> {
        let civil = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
        let instant = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Self(instant.as_millisecond()))
    }

    fn format(self, pattern: &str) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        instant.strftime(pattern).to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_text_round_trips() {
        for (text, millis) in [
            ("2020-12-16T17:23:40.687Z", 1_608_139_420_687),
            ("1970-01-01T00:00:00.000Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(millis)));
            assert_eq!(Timestamp(millis).to_iso(), text);
        }
    }

    #[test]
    fn dates_of_headers_round_trip() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(Timestamp(784_111_777_000).to_http_date(), text);
        assert_eq!(
            Timestamp::from_http_date(text),
            Some(Timestamp(784_111_777_000))
        );
        for bad in [
            "",
            "1994-11-06",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 99 Nov 1994",
        ] {
            assert_eq!(Timestamp::from_http_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn text_without_zone_is_utc() {
        assert_eq!(
            Timestamp::parse("2020-09-29T08:59:26"),
            Timestamp::parse("2020-09-29T08:59:26Z")
        );
    }

    #[test]
    fn extreme_times_do_not_panic() {
        for millis in [i64::MIN, i64::MAX] {
            assert!(!Timestamp(millis).to_iso().is_empty());
        }
        assert_eq!(Timestamp::parse("soon"), None);
    }
}
