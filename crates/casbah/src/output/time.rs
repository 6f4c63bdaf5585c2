//! Times as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::error::CliError;

/// The zone in which times are shown.
#[derive(Debug, Clone)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// `local`, `utc`, or a name of the IANA database.
    ///
    /// # Errors
    /// [`CliError::Usage`] for an unknown name.
    pub(crate) fn parse(text: &str) -> Result<Self, CliError> {
        if text.eq_ignore_ascii_case("local") {
            return Ok(Self(TimeZone::system()));
        }
        if text.eq_ignore_ascii_case("utc") {
            return Ok(Self(TimeZone::UTC));
        }
        TimeZone::get(text).map(Self).map_err(|_| {
            CliError::usage(
                format!("{text:?} is no time zone"),
                "give local, utc, or a name such as Europe/Berlin",
            )
        })
    }

    /// Unix milliseconds as date, time and offset.
    pub(crate) fn show(&self, millis: i64) -> String {
        let Ok(instant) = Timestamp::from_millisecond(millis) else {
            return millis.to_string();
        };
        let zoned = instant.to_zoned_datetime(self.0.clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }
}
