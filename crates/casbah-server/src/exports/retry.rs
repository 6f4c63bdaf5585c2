//! When a receiver that failed is tried again.

use std::time::Duration;

use casbah_model::time::Timestamp;

/// The pause after a first failure.
const FIRST: Duration = Duration::from_secs(5);

/// The longest pause that is chosen here.
const LONGEST: Duration = Duration::from_hours(1);

/// The longest pause that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(24);

/// How long to wait after so many failures in a row, this one counted: twice as long each
/// time, a quarter more or less by chance, so that receivers that failed together are not
/// called together; and as long as the receiver asked for.
pub(super) fn pause(failures: u32, asked: Option<Duration>, chance: u64) -> Duration {
    let doubled = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doubled).min(LONGEST);
    let part = u32::try_from(chance % 1_001).unwrap_or(0);
    let pause = full * 3 / 4 + full / 2 * part / 1_000;
    let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
    pause.clamp(FIRST, LONGEST).max(asked)
}

/// A number by chance.
pub(super) fn chance() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}

/// What `Retry-After` says: seconds or a time (RFC 9110 10.2.3).
pub(super) fn after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = Timestamp::from_http_date(text)?;
    let millis = until.millis().saturating_sub(now.millis());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        let seconds = |failures, chance| pause(failures, None, chance).as_millis();
        for (failures, least, most) in [
            (0, 5_000, 6_250),
            (1, 5_000, 6_250),
            (2, 7_500, 12_500),
            (3, 15_000, 25_000),
            (10, 1_920_000, 3_200_000),
            (11, 2_700_000, 3_600_000),
            (u32::MAX, 2_700_000, 3_600_000),
        ] {
            assert_eq!(seconds(failures, 0), least, "{failures}");
            assert_eq!(seconds(failures, 1_000), most, "{failures}");
        }
    }

    #[test]
    fn a_receiver_may_ask_for_more() {
        let now = Timestamp(784_111_777_000);
        for (text, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let asked = after(text, now);
            assert_eq!(asked, expected.map(Duration::from_secs), "{text}");
        }
        let asked = |seconds| pause(1, Some(Duration::from_secs(seconds)), 0).as_secs();
        assert_eq!(
            [asked(1), asked(7_200), asked(u64::MAX)],
            [5, 7_200, 86_400]
        );
    }

    proptest! {
        #[test]
        fn a_pause_is_within_its_limits(failures: u32, chance: u64) {
            let pause = pause(failures, None, chance);
            prop_assert!((FIRST..=LONGEST).contains(&pause));
        }

        #[test]
        fn any_text_is_read(text: String) {
            after(&text, Timestamp::now());
        }
    }
}
