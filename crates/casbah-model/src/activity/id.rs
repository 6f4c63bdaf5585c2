//! Ids of activities.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::TenantId;
use crate::time::Timestamp;

/// An activity's id: `<ms>_<uuid>`.
///
/// The time is when the activity happened. The uuid is derived from tenant,
/// source and the source's own id, so the same event always has the same id and
/// can be received twice without doubling. Ids of one tenant order by time first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityId {
    /// When it happened.
    pub timestamp: Timestamp,
    /// What tells activities of the same millisecond apart.
    pub uuid: Uuid,
}

impl ActivityId {
    /// The id of the event that `source` calls `source_id` (UUID version 5, RFC 9562).
    pub fn derive(tenant: TenantId, source: &str, source_id: &str, timestamp: Timestamp) -> Self {
        let of_source = Uuid::new_v5(&tenant.uuid(), source.as_bytes());
        Self {
            timestamp,
            uuid: Uuid::new_v5(&of_source, source_id.as_bytes()),
        }
    }
}

/// The number that stands for a tenant where the wire wants an integer: 31 bits of
/// its id, so it is stable and needs no table. It labels records, it selects none.
pub fn tenant_number(tenant: TenantId) -> i32 {
    let bytes = tenant.uuid().into_bytes();
    i32::from_be_bytes([bytes[0] & 0x7f, bytes[1], bytes[2], bytes[3]])
}

impl fmt::Display for ActivityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.timestamp.millis(), self.uuid)
    }
}

/// A text is not an activity's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid activity id")]
pub struct ParseActivityIdError;

impl FromStr for ActivityId {
    type Err = ParseActivityIdError;

    fn from_str(text: &str) -> Result<Self, ParseActivityIdError> {
        let (millis, uuid) = text.split_once('_').ok_or(ParseActivityIdError)?;
        let id = Self {
            timestamp: Timestamp(millis.parse().map_err(|_| ParseActivityIdError)?),
            uuid: Uuid::try_parse(uuid).map_err(|_| ParseActivityIdError)?,
        };
        // Other writings of the same id would miss the row that it names.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(ParseActivityIdError)
        }
    }
}

impl JsonSchema for ActivityId {
    fn schema_name() -> Cow<'static, str> {
        "ActivityId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An activity's id: `<ms>_<uuid>`.",
            "type": "string",
            "pattern": "^-?[0-9]+_[0-9a-f-]{36}$",
        })
    }
}

impl Serialize for ActivityId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActivityId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
