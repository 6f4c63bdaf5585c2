//! Fills a store as a server does: records through their source, enriched, into the
//! store's own ingest; alerts through the detector's own commit.

use std::sync::mpsc;
use std::time::Instant;

use casbah_detection::enrich::{Enricher, RangeIndex};
use casbah_detection::normalise::Normaliser;
use casbah_detection::sources::Source;
use casbah_model::activity::{Activity, ActivityId};
use casbah_model::alert::Alert;
use casbah_model::ids::{KeyId, RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpRange, Subnet};
use casbah_model::time::{DAY_MS, Timestamp};
use casbah_store::{AuditRecord, DetectionCommit, RangesAt, Store, Story};
use serde_json::json;

use crate::error::BenchError;
use crate::random::Random;
use crate::records::{Records, TOR, offices};

/// Activities of one transaction.
const BATCH: usize = 2_000;

/// Alerts of one transaction.
const FOUND: usize = 1_000;

/// How many activities of a person prove an alert.
const PROOF: usize = 8;

/// The tenant of all records.
pub fn tenant() -> TenantId {
    TenantId::new(uuid::Uuid::from_u128(0x7e57))
}

/// What alerts are made of.
struct Seen {
    id: ActivityId,
    user: String,
    ip: String,
    country: String,
}

/// Fills an empty store with so many activities and alerts.
pub async fn fill(store: &Store, activities: u64, alerts: u64) -> Result<(), BenchError> {
    let began = Instant::now();
    for (number, network) in offices().enumerate() {
        save_range(
            store,
            &format!("Office {number}"),
            network,
            IpCategory::Corporate,
        )
        .await?;
    }
    save_range(store, "Tor", TOR, IpCategory::Risky).await?;
    let ranges = store.ip_ranges(tenant()).await?;
    let revision = ranges.revision;
    let (batches, made) = mpsc::sync_channel(4);
    let generator = std::thread::spawn(move || generate(activities, ranges, &batches));
    let every = (activities / alerts.max(1)).max(1);
    let mut seen = Vec::new();
    let mut stored = 0;
    while let Ok(batch) = made.recv() {
        for activity in &batch {
            stored += 1;
            if stored % every == 0 {
                seen.extend(look(activity));
            }
        }
        store
            .ingest_activities(tenant(), revision, batch, Vec::new())
            .await?;
        if stored % 1_000_000 < BATCH as u64 {
            eprintln!(
                "{stored} activities after {:.0} s",
                began.elapsed().as_secs_f64()
            );
        }
    }
    generator.join().map_err(|_| BenchError::Generator)??;
    add_alerts(store, &seen, alerts).await?;
    eprintln!(
        "{stored} activities and {alerts} alerts in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn save_range(
    store: &Store,
    name: &str,
    network: &str,
    category: IpCategory,
) -> Result<(), BenchError> {
    let range = IpRange {
        id: RecordId::generate(1),
        name: name.to_owned(),
        subnets: vec![Subnet::parse(&format!("{network}.0/24"))?],
        location: None,
        organization: None,
        tags: Vec::new(),
        category,
        last_modified: 1.0,
        tid: 1,
    };
    let record = AuditRecord::new("bench", "ip_range.create", &range.id);
    let saved = store.save_ip_range(tenant(), range, Vec::new(), record);
    Box::pin(saved).await?;
    Ok(())
}

fn generate(
    all: u64,
    ranges: RangesAt,
    batches: &mpsc::SyncSender<Vec<Activity>>,
) -> Result<(), BenchError> {
    let (enricher, ranges) = (
        Enricher::new()?,
        RangeIndex::new(ranges.own, ranges.built_in),
    );
    let normaliser = Normaliser::new(tenant(), &enricher, &ranges);
    let mut records = Records::new(1);
    for (day, count) in (0..).zip(Records::days(all)) {
        for texts in records.day(day, count).chunks(BATCH) {
            let activities = texts.iter().map(|text| {
                let event = Source::Microsoft365.parse(text)?;
                // A unified audit record comes about half an hour after the event.
                let received = event.timestamp.plus_millis(1_800_000);
                Ok(normaliser.activity(&event, received))
            });
            let activities = activities.collect::<Result<_, BenchError>>()?;
            if batches.send(activities).is_err() {
                return Err(BenchError::Generator);
            }
        }
    }
    Ok(())
}

fn look(activity: &Activity) -> Option<Seen> {
    Some(Seen {
        id: activity.id,
        user: activity.user_name()?.to_owned(),
        ip: activity.ip()?.to_string(),
        country: activity.country()?.to_owned(),
    })
}

/// An alert on its way into the store; each begins a story of its own.
#[derive(Debug, Clone)]
struct Found {
    key: String,
    alert: Alert,
}

impl Story for Found {
    fn key(&self) -> &str {
        &self.key
    }

    fn joins_since(&self) -> Timestamp {
        self.alert.timestamp
    }

    fn alert(&self) -> &Alert {
        &self.alert
    }

    fn join(&self, _: &mut Alert) {}
}

async fn add_alerts(store: &Store, seen: &[Seen], count: u64) -> Result<(), BenchError> {
    let node = KeyId::random();
    let now = Timestamp(crate::records::FIRST_DAY + 365 * DAY_MS);
    store
        .lease_detector(tenant(), node, now, now.plus_millis(DAY_MS))
        .await?;
    let mut random = Random::new(2);
    let mut after = None;
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(seen.len());
    for first in (0..count).step_by(FOUND) {
        let part = first..(first + FOUND).min(count);
        let Some(last) = seen.get(part.end - 1).map(|seen| seen.id) else {
            break;
        };
        let found = part.map(|place| found(seen, place, &mut random));
        let found = found.collect::<Result<Vec<_>, BenchError>>()?;
        let commit = DetectionCommit {
            after,
            last,
            state: b"{}".to_vec(),
            people: Vec::new(),
            found,
        };
        if !store.commit_detection(tenant(), node, commit).await? {
            return Err(BenchError::Generator);
        }
        after = Some(last);
    }
    Ok(())
}

fn found(all: &[Seen], place: usize, random: &mut Random) -> Result<Found, BenchError> {
    let seen = &all[place];
    let proof = all[..=place].iter().rev().take(PROOF);
    let proof: Vec<_> = proof.map(|seen| seen.id.to_string()).collect();
    let severity = [0, 1, 1, 2][random.below(4)];
    let (status, resolution) = [(0, 0), (1, 0), (2, 1), (2, 2), (2, 5)][random.below(5)];
    let timestamp = seen.id.timestamp;
    let alert = serde_json::from_value(json!({
        "_id": RecordId::generate(timestamp.millis() / 1_000), "contextId": tenant(),
        "timestamp": timestamp, "title": "Impossible travel activity",
        "description": format!("{} was active in {}", seen.user, seen.country),
        "isMarkdown": false, "statusValue": status, "severityValue": severity,
        "resolutionStatusValue": resolution, "stories": [0], "evidence": [], "intent": [2],
        "isPreview": false, "audits": proof, "threatScore": 5, "idValue": 15_859_716,
        "isSystemAlert": false, "comment": null, "handledByUser": null, "resolveTime": null,
        "policy": null, "threatScoreReasoning": [],
        "entities": [
            {"type": "user", "id": seen.user, "label": seen.user},
            {"type": "ip", "id": seen.ip, "label": seen.ip},
            {"type": "country", "id": seen.country, "label": seen.country},
            {"type": "service", "id": 11161, "label": "Office 365"}
        ]
    }))?;
    Ok(Found {
        key: format!("{place}"),
        alert,
    })
}
