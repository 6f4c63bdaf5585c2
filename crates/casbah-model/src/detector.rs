//! How far a tenant's detector has read.

use serde::{Deserialize, Serialize};

use crate::activity::ActivityId;
use crate::time::Timestamp;

/// How far a tenant's detector has read. Stored together with what it learnt and
/// the alerts it raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectorPosition {
    /// The last activity that was seen, in the order of time and id; none before the
    /// first.
    pub last: Option<ActivityId>,
    /// Up to here no activity is waited for any more. Never goes back.
    pub watermark: Timestamp,
}

impl DetectorPosition {
    /// Nothing was read.
    pub const START: Self = Self {
        last: None,
        watermark: Timestamp(i64::MIN),
    };

    /// Whether an activity that arrives now is too late to be seen in its order. It is
    /// kept and marked, and seen by detections without state only.
    pub fn is_late(&self, id: ActivityId) -> bool {
        id.timestamp <= self.watermark || self.last.is_some_and(|last| id <= last)
    }

    /// Whether an activity may be seen now: it is next in order, and no other can come
    /// before it.
    pub fn is_ripe(&self, id: ActivityId) -> bool {
        id.timestamp <= self.watermark && self.last.is_none_or(|last| id > last)
    }
}

impl Default for DetectorPosition {
    fn default() -> Self {
        Self::START
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(timestamp: i64) -> ActivityId {
        ActivityId {
            timestamp: Timestamp(timestamp),
            uuid: Uuid::from_u128(7),
        }
    }

    #[test]
    fn late_and_ripe_exclude_each_other_but_at_the_position() {
        let position = DetectorPosition {
            last: Some(id(50)),
            watermark: Timestamp(100),
        };
        for (at, late, ripe) in [
            (40, true, false),
            (50, true, false),
            (60, true, true),
            (101, false, false),
        ] {
            assert_eq!(
                (position.is_late(id(at)), position.is_ripe(id(at))),
                (late, ripe),
                "{at}"
            );
        }
    }
}
