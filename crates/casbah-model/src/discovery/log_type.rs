//! Log types: which appliance wrote a log, as the API numbers them.

use serde::{Deserialize, Serialize};

use super::log_type_table::{LOG_TYPES, UNNUMBERED_SOURCES};

/// Type of an uploaded log: a number of the published list.
///
/// On the wire it is the bare number (`logType`), in `upload_url` its name (`source`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct LogType(u16);

/// A number that is no log type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no log type has the number {0}")]
pub struct UnknownLogType(pub u16);

impl LogType {
    /// `SQUID`: Squid's common or combined log.
    pub const SQUID: Self = Self(114);
    /// `SQUID_SYSLOG`: the same behind a syslog header.
    pub const SQUID_SYSLOG: Self = Self(146);
    /// `SQUID_NATIVE`: Squid's own access log.
    pub const SQUID_NATIVE: Self = Self(155);
    /// `SQUID_NATIVE_SYSLOG`: the same behind a syslog header.
    pub const SQUID_NATIVE_SYSLOG: Self = Self(156);
    /// `CUSTOM_PARSER`: a log whose columns the tenant describes.
    pub const CUSTOM_PARSER: Self = Self(167);

    /// Finds a log type by its number.
    pub fn from_number(number: u16) -> Option<Self> {
        LOG_TYPES
            .binary_search_by_key(&number, |(id, _)| *id)
            .ok()
            .map(|_| Self(number))
    }

    /// Finds a log type by its name, exactly as published.
    pub fn from_name(name: &str) -> Option<Self> {
        LOG_TYPES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(number, _)| Self(*number))
    }

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The published name.
    pub fn name(self) -> &'static str {
        LOG_TYPES
            .binary_search_by_key(&self.0, |(id, _)| *id)
            .map_or("OTHER", |index| LOG_TYPES[index].1)
    }

    /// Every log type, ascending by number.
    pub fn all() -> impl Iterator<Item = Self> {
        LOG_TYPES.iter().map(|(number, _)| Self(*number))
    }
}

impl TryFrom<u16> for LogType {
    type Error = UnknownLogType;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::from_number(number).ok_or(UnknownLogType(number))
    }
}

impl From<LogType> for u16 {
    fn from(log_type: LogType) -> Self {
        log_type.number()
    }
}

/// A value of the `source` parameter of `upload_url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadSource {
    /// A source with a log type of the same name.
    Typed(LogType),
    /// A source that is accepted by name but has no number in the published list.
    Named(&'static str),
}

impl UploadSource {
    /// Reads the parameter; `None` for a name that is neither a log type nor an upload source.
    ///
    /// `INVALID` and `OTHER` are states of a report, not sources.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(log_type) = LogType::from_name(name) {
            return (log_type.number() >= 100).then_some(Self::Typed(log_type));
        }
        UNNUMBERED_SOURCES
            .iter()
            .find(|known| **known == name)
            .map(|known| Self::Named(known))
    }

    /// All sources.
    pub fn all() -> impl Iterator<Item = Self> {
        let typed = LogType::all().filter(|log_type| log_type.number() >= 100);
        let named = UNNUMBERED_SOURCES.iter().copied().map(Self::Named);
        typed.map(Self::Typed).chain(named)
    }

    /// The name as published.
    pub fn name(self) -> &'static str {
        match self {
            Self::Typed(log_type) => log_type.name(),
            Self::Named(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOG_TYPES, LogType, UploadSource};

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(LOG_TYPES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn constants_carry_their_published_names() {
        for (log_type, name) in [
            (LogType::SQUID, "SQUID"),
            (LogType::SQUID_SYSLOG, "SQUID_SYSLOG"),
            (LogType::SQUID_NATIVE, "SQUID_NATIVE"),
            (LogType::SQUID_NATIVE_SYSLOG, "SQUID_NATIVE_SYSLOG"),
            (LogType::CUSTOM_PARSER, "CUSTOM_PARSER"),
        ] {
            assert_eq!(log_type.name(), name);
            assert_eq!(LogType::from_name(name), Some(log_type));
        }
    }

    #[test]
    fn the_wire_form_is_a_checked_number() {
        assert_eq!(
            serde_json::to_string(&LogType::SQUID).expect("serialises"),
            "114"
        );
        let unknown = serde_json::from_str::<LogType>("9999").expect_err("no such type");
        assert!(
            unknown
                .to_string()
                .contains("no log type has the number 9999")
        );
    }

    #[test]
    fn sources_with_and_without_a_number_are_accepted() {
        assert_eq!(
            UploadSource::from_name("ZSCALER_QRADAR").map(UploadSource::name),
            Some("ZSCALER_QRADAR")
        );
        assert_eq!(
            UploadSource::from_name("WANDERA_SYSLOG"),
            Some(UploadSource::Named("WANDERA_SYSLOG"))
        );
        for refused in ["", "squid", "INVALID", "OTHER", "NO_SUCH"] {
            assert_eq!(UploadSource::from_name(refused), None, "{refused}");
        }
    }
}
