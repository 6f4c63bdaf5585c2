//! When somebody must be told that a credential ends.

use casbah_model::time::{DAY_MS, Timestamp};

/// Days before the end at which it is said, the last first.
const THRESHOLDS: [u32; 3] = [1, 7, 30];

/// The threshold that a credential has come to; none long before its end, or after.
pub fn threshold(end: Timestamp, now: Timestamp) -> Option<u32> {
    let left = end.millis().saturating_sub(now.millis());
    if left <= 0 {
        return None;
    }
    THRESHOLDS
        .into_iter()
        .find(|days| left <= i64::from(*days) * DAY_MS)
}

/// Whole days until the end, and 0 after it.
pub fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    (end.millis().saturating_sub(now.millis()) / DAY_MS).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_at_thirty_seven_and_one_days() {
        let end = Timestamp(1_790_000_000_000);
        for (days, expected) in [
            (31, None),
            (30, Some(30)),
            (8, Some(30)),
            (7, Some(7)),
            (2, Some(7)),
            (1, Some(1)),
            (0, None),
            (-1, None),
        ] {
            assert_eq!(threshold(end, end.minus_days(days)), expected, "{days}");
        }
        assert_eq!(days_left(end, end.minus_days(3).plus_millis(1)), 2);
        assert_eq!(days_left(end, end.plus_millis(1)), 0);
    }
}
