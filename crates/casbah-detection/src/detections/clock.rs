//! The watermark: up to where no activity is waited for any more.

use casbah_model::detector::DetectorPosition;
use casbah_model::time::Timestamp;

/// What is known of a tenant's ingest.
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

impl Clock {
    /// Moves the watermark: it follows the newest activity at a distance of `lateness_ms`,
    /// and catches up with it when for that long nothing has been received. While
    /// something is being received it rests.
    ///
    /// An activity from the future moves it no further than the present, so that one
    /// wrong clock does not make everybody else late.
    pub fn advance(self, position: &mut DetectorPosition, lateness_ms: i64) {
        if self.is_receiving {
            return;
        }
        let newest = self.newest.min(self.now);
        let idle = self
            .now
            .millis()
            .saturating_sub(self.last_received.millis());
        let reached = if idle >= lateness_ms {
            newest
        } else {
            newest.plus_millis(lateness_ms.saturating_neg())
        };
        position.watermark = position.watermark.max(reached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_follows_and_never_goes_back() {
        let clock = |now, newest, last_received, is_receiving| Clock {
            now: Timestamp(now),
            newest: Timestamp(newest),
            last_received: Timestamp(last_received),
            is_receiving,
        };
        let mut position = DetectorPosition::START;
        for (clock, watermark) in [
            (clock(1_000, 900, 1_000, true), i64::MIN),
            (clock(1_000, 900, 1_000, false), 800),
            (clock(1_050, 900, 1_000, false), 800),
            (clock(1_100, 900, 1_000, false), 900),
            (clock(1_150, 920, 1_140, false), 900),
            (clock(1_200, 9_999, 1_200, false), 1_100),
        ] {
            clock.advance(&mut position, 100);
            assert_eq!(position.watermark, Timestamp(watermark), "{clock:?}");
        }
    }
}
