//! How far a tenant's detector has read, and what came too late for it.

use casbah_model::activity::ActivityId;
use casbah_model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a detector has read. Stored together with state and alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The last activity that was seen, in the order of time and id.
    pub last: Option<ActivityId>,
    /// Up to here no activity is waited for any more. Never goes back.
    pub watermark: Timestamp,
}

/// What is known of a tenant's ingest, for [`Position::advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The present.
    pub now: Timestamp,
    /// The time of the newest activity that was received.
    pub newest: Timestamp,
    /// When something was last received.
    pub last_received: Timestamp,
    /// Whether a file or stream is just being received, whose records may be in any order.
    pub is_receiving: bool,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            last: None,
            watermark: Timestamp(i64::MIN),
        }
    }
}

impl Position {
    /// Moves the watermark: it follows the newest activity at a distance of `lateness_ms`,
    /// and catches up with it when for that long nothing has been received. While
    /// something is being received it rests.
    ///
    /// An activity from the future moves it no further than the present, so that one
    /// wrong clock does not make everybody else late.
    pub fn advance(&mut self, clock: Clock, lateness_ms: i64) {
        if clock.is_receiving {
            return;
        }
        let newest = clock.newest.min(clock.now);
        let idle = clock
            .now
            .millis()
            .saturating_sub(clock.last_received.millis());
        let reached = if idle >= lateness_ms {
            newest
        } else {
            newest.plus_millis(lateness_ms.saturating_neg())
        };
        self.watermark = self.watermark.max(reached);
    }

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
    fn the_watermark_follows_and_never_goes_back() {
        let clock = |now, newest, last_received, is_receiving| Clock {
            now: Timestamp(now),
            newest: Timestamp(newest),
            last_received: Timestamp(last_received),
            is_receiving,
        };
        let mut position = Position::default();
        for (clock, watermark) in [
            (clock(1_000, 900, 1_000, true), i64::MIN),
            (clock(1_000, 900, 1_000, false), 800),
            (clock(1_050, 900, 1_000, false), 800),
            (clock(1_100, 900, 1_000, false), 900),
            (clock(1_150, 920, 1_140, false), 900),
            (clock(1_200, 9_999, 1_200, false), 1_100),
        ] {
            position.advance(clock, 100);
            assert_eq!(position.watermark, Timestamp(watermark), "{clock:?}");
        }
    }

    #[test]
    fn late_and_ripe_exclude_each_other_but_at_the_position() {
        let position = Position {
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
