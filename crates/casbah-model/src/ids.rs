//! Identifiers, one type each, so that none can stand in another's place.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lab;

/// An identifier's text was not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct ParseIdError {
    kind: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The identifier with this value.
            pub const fn new(value: Uuid) -> Self {
                Self(value)
            }

            /// A fresh random identifier (UUID version 4).
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The bare value.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError { kind: $kind })
            }
        }
    };
}

uuid_id!(
    /// A tenant: the directory that everything else belongs to.
    TenantId,
    "tenant id"
);
uuid_id!(
    /// An application's client id (`appId`), the same in every tenant.
    AppId,
    "application id"
);
uuid_id!(
    /// A directory object: application object, service principal, user.
    ObjectId,
    "object id"
);
uuid_id!(
    /// A credential of an application (`keyId`), or an app role's id.
    KeyId,
    "key id"
);

/// A record's id on the wire: 12 bytes, written as 24 hex digits.
///
/// The first four bytes are the Unix time of its making in seconds, so records
/// sort by age and an index on them grows at one end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct RecordId(#[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))] [u8; 12]);

impl RecordId {
    /// A fresh id made at `unix_seconds`.
    pub fn generate(unix_seconds: i64) -> Self {
        let random = match lab::next_record_bits() {
            Some(bits) => Uuid::from_u128(bits.into()),
            None => Uuid::new_v4(),
        };
        let mut bytes = [0; 12];
        let seconds = u32::try_from(unix_seconds).unwrap_or(0);
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..].copy_from_slice(&random.as_bytes()[8..]);
        Self(bytes)
    }

    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> [u8; 12] {
        self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

impl FromStr for RecordId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        const ERROR: ParseIdError = ParseIdError { kind: "record id" };
        let digits = text.as_bytes();
        if digits.len() != 24 {
            return Err(ERROR);
        }
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = hex_digit(pair[0]).ok_or(ERROR)?;
            let low = hex_digit(pair[1]).ok_or(ERROR)?;
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

impl Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An app's number in the wire's catalogue of cloud apps (`saas`, `appId` of records).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SaasId(pub i32);

impl fmt::Display for SaasId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_id_round_trips_and_starts_with_its_time() {
        let id = RecordId::generate(0x5f06_d71d);
        let text = id.to_string();
        assert!(text.starts_with("5f06d71d"), "{text}");
        assert_eq!(text.parse::<RecordId>(), Ok(id));
        assert_eq!(text.to_uppercase().parse::<RecordId>(), Ok(id));
    }

    #[test]
    fn record_id_refuses_other_text() {
        for text in [
            "",
            "5f06d71dba4289d0602ba5a",
            "5f06d71dba4289d0602ba5acc",
            "zz06d71dba4289d0602ba5ac",
            "é",
        ] {
            assert!(text.parse::<RecordId>().is_err(), "{text}");
        }
    }
}
