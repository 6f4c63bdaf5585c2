//! Recorded input, moved by whole days so that it ends yesterday: lists look
//! back 30 days, and the recordings grow old.

use casbah_model::time::Timestamp;

/// A log that Squid wrote.
const LOG: &str = include_str!("../../../casbah-discovery/fixtures/squid/access.log");
/// Microsoft 365 unified audit records.
const EVENTS: &str = include_str!("../../../casbah-detection/fixtures/demo-events.jsonl");

/// The member of an audit record that says when.
const CREATED: &str = "\"CreationTime\":\"";
/// The length of `2026-11-20T13:52:00`.
const TIME_LENGTH: usize = 19;
const DAY_SECONDS: i64 = 86_400;

/// The log, ending yesterday.
pub(crate) fn log() -> String {
    move_log(LOG, Timestamp::now().day())
}

/// The events, ending yesterday.
pub(crate) fn events() -> String {
    move_events(EVENTS, Timestamp::now().day())
}

fn move_log(log: &str, today: i64) -> String {
    let seconds = |line: &str| line.split('.').next()?.parse::<i64>().ok();
    let last = log.lines().filter_map(seconds).max().unwrap_or_default();
    let shift = (today - 1 - last.div_euclid(DAY_SECONDS)) * DAY_SECONDS;
    let moved = |line: &str| match (seconds(line), line.split_once('.')) {
        (Some(seconds), Some((_, rest))) => format!("{}.{rest}\n", seconds + shift),
        _ => format!("{line}\n"),
    };
    log.lines().map(moved).collect()
}

fn move_events(events: &str, today: i64) -> String {
    let last = events.lines().filter_map(created).max();
    let Some(last) = last else {
        return events.to_owned();
    };
    let days = today - 1 - last.day();
    let moved = |line: &str| {
        let split = created(line).zip(line.split_once(CREATED));
        let Some((time, (before, after))) = split else {
            return format!("{line}\n");
        };
        let time = time.minus_days(-days).to_iso_seconds();
        let time = time.trim_end_matches('Z');
        let rest = after.get(TIME_LENGTH..).unwrap_or_default();
        format!("{before}{CREATED}{time}{rest}\n")
    };
    events.lines().map(moved).collect()
}

fn created(line: &str) -> Option<Timestamp> {
    let (_, after) = line.split_once(CREATED)?;
    Timestamp::parse(after.get(..TIME_LENGTH)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2030-05-10T12:00:00Z";

    #[test]
    fn a_log_keeps_its_gaps_and_ends_yesterday() {
        let today = Timestamp::parse(TODAY).unwrap();
        let moved = move_log("1795132799.001 a\n1795046400.500 b\n", today.day());
        let times: Vec<i64> = moved
            .lines()
            .map(|line| line.split('.').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(times[0] - times[1], 86_399);
        assert_eq!(Timestamp::from_seconds(times[0]).day(), today.day() - 1);
        assert!(moved.contains(".001 a\n"));
    }

    #[test]
    fn events_keep_their_time_of_day_and_end_yesterday() {
        let today = Timestamp::parse(TODAY).unwrap();
        let events = "{\"CreationTime\":\"2026-11-20T13:52:00\",\"Id\":\"a\"}\n\
                      {\"CreationTime\":\"2026-11-19T00:00:01\",\"Id\":\"b\"}\n{}\n";
        assert_eq!(
            move_events(events, today.day()),
            "{\"CreationTime\":\"2030-05-09T13:52:00\",\"Id\":\"a\"}\n\
             {\"CreationTime\":\"2030-05-08T00:00:01\",\"Id\":\"b\"}\n{}\n"
        );
    }

    #[test]
    fn the_recordings_are_moved_whole() {
        let today = Timestamp::now().day();
        assert_eq!(log().lines().count(), LOG.lines().count());
        let moved = events();
        assert_eq!(moved.lines().count(), EVENTS.lines().count());
        let last = moved.lines().filter_map(created).max().unwrap();
        assert!((today - 2..=today).contains(&last.day()));
    }
}
