//! Times as pages show them.

use std::fmt;

use askama::filters::HtmlSafe;
use casbah_model::time::Timestamp;
use serde::{Deserialize, Deserializer};

/// A time: UTC to the minute, the exact one for machines and as a hint. The portal's
/// script turns it into the viewer's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.to_iso_seconds();
        let short = exact.get(..16).unwrap_or(&exact).replace('T', " ");
        write!(
            f,
            "<time datetime=\"{exact}\" title=\"{exact}\">{short} UTC</time>"
        )
    }
}

/// What is written is made of digits and our own words.
impl HtmlSafe for Moment {}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_exact_for_machines_and_short_for_people() {
        let moment: Moment = serde_json::from_str("\"2026-01-02T03:04:05.678Z\"").unwrap();
        assert_eq!(
            moment.to_string(),
            "<time datetime=\"2026-01-02T03:04:05Z\" title=\"2026-01-02T03:04:05Z\">\
             2026-01-02 03:04 UTC</time>"
        );
        assert!(serde_json::from_str::<Moment>("\"soon\"").is_err());
    }
}
