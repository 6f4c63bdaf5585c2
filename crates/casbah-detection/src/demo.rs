//! Audit events for a demonstration.

use casbah_model::time::{DAY_MS, Timestamp};
use serde_json::Value;

/// Microsoft 365 unified audit records as JSON lines, made by `examples/demo_events.rs`.
const EVENTS: &str = include_str!("../fixtures/demo-events.jsonl");

/// The demonstration's events, moved by whole days so that the last of them happened
/// on the day before `now`; [`Source::Microsoft365`](crate::sources::Source) reads them.
pub fn events(now: Timestamp) -> String {
    let records: Vec<Value> = EVENTS
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let last_day = records.iter().filter_map(time_of).map(Timestamp::day).max();
    let days = last_day.map_or(0, |last| now.day() - 1 - last);
    let mut text = String::with_capacity(EVENTS.len());
    for mut record in records {
        if let Some(time) = time_of(&record) {
            let moved = time.plus_millis(days * DAY_MS).to_iso_seconds();
            record["CreationTime"] = moved.trim_end_matches('Z').into();
        }
        text.push_str(&record.to_string());
        text.push('\n');
    }
    text
}

fn time_of(record: &Value) -> Option<Timestamp> {
    Timestamp::parse(record.get("CreationTime")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use casbah_model::activity::Activity;
    use casbah_model::alert::Severity;
    use casbah_model::ids::TenantId;
    use uuid::Uuid;

    use super::*;
    use crate::detections::{DetectionId, Detector, State};
    use crate::enrich::{Enricher, RangeIndex};
    use crate::normalise::Normaliser;
    use crate::sources::{Limits, Source};

    #[test]
    fn both_detections_fire_and_ordinary_work_does_not() {
        let now = Timestamp(1_900_000_000_000);
        let text = events(now);
        let enricher = Enricher::new().unwrap();
        let ranges = RangeIndex::default();
        let normaliser = Normaliser::new(TenantId::new(Uuid::from_u128(1)), &enricher, &ranges);
        let mut activities: Vec<Activity> = Source::Microsoft365
            .read(text.as_bytes(), Limits::default())
            .map(|event| normaliser.activity(&event.unwrap(), now))
            .collect();
        activities.sort_by_key(|activity| activity.id);
        assert!(activities.len() > 300, "{}", activities.len());
        assert_eq!(activities.last().unwrap().timestamp.day(), now.day() - 1);

        let mut state = State::default();
        state.position.watermark = now;
        let step = Detector::default().step(&activities, &mut state);
        assert_eq!(state.people.len(), 6);
        let mut stories: Vec<_> = step
            .findings
            .iter()
            .map(|finding| {
                (
                    finding.key.detection,
                    finding.key.person.as_str(),
                    finding.severity,
                )
            })
            .collect();
        stories.dedup();
        assert_eq!(
            stories,
            [
                (
                    DetectionId::FailedLogins,
                    "chloe@contoso.example",
                    Severity::Low
                ),
                (
                    DetectionId::ImpossibleTravel,
                    "adele@contoso.example",
                    Severity::Medium
                ),
            ],
            "{:#?}",
            step.findings
                .iter()
                .map(|finding| &finding.description)
                .collect::<Vec<_>>()
        );
    }
}
