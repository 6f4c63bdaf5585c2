//! Fills a store as a server does: records through their source, enriched, into the
//! store's own ingest; alerts through the detector's own commit. A server that serves the
//! file afterwards finds nothing that waits for its jobs.

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
use casbah_store::{AuditRecord, DetectionCommit, Ingested, RangesAt, Store, StoreError, Story};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::error::BenchError;
use crate::random::Random;
use crate::records::{Records, TOR, offices};

/// Activities of one call of the store.
const BATCH: usize = 20_000;

/// Activities between two lines that say how far it is.
const TOLD: u64 = 500_000;

/// Alerts of one transaction.
const FOUND: usize = 1_000;

/// How many activities of a person prove an alert.
const PROOF: usize = 8;

/// How much a tenant is to have.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Activities.
    pub activities: u64,
    /// Alerts.
    pub alerts: u64,
}

/// What is stored by one call.
struct Batch {
    activities: Vec<Activity>,
    /// What alerts are made of, also from activities that had been stored before.
    seen: Vec<Seen>,
}

/// What alerts are made of.
struct Seen {
    id: ActivityId,
    user: String,
    ip: String,
    country: String,
}

/// Gives a tenant so many activities, and then alerts. `there` are stored already, by a run
/// with the same numbers that was cut off.
pub async fn fill(
    store: &Store,
    tenant: TenantId,
    wanted: Wanted,
    there: u64,
) -> Result<(), BenchError> {
    let began = Instant::now();
    if there == 0 {
        add_ranges(store, tenant).await?;
    }
    let ranges = store.ip_ranges(tenant).await?;
    let revision = ranges.revision;
    let (batches, made) = mpsc::sync_channel(2);
    let generator = std::thread::spawn(move || generate(tenant, wanted, there, ranges, &batches));
    let mut all_seen = Vec::new();
    let (mut stored, mut newest) = (there, None);
    let mut writing: Option<JoinHandle<Result<Ingested, StoreError>>> = None;
    while let Ok(Batch { activities, seen }) = made.recv() {
        all_seen.extend(seen);
        let count = activities.len() as u64;
        stored += count;
        newest = newest.max(activities.iter().map(|activity| activity.id).max());
        let ours = store.clone();
        let next = tokio::spawn(async move {
            ours.ingest_activities(tenant, revision, activities, Vec::new())
                .await
        });
        // One batch is compressed while the one before it is written.
        if let Some(before) = writing.replace(next) {
            before.await??;
        }
        if stored % TOLD < count {
            eprintln!(
                "{stored} activities after {:.0} s",
                began.elapsed().as_secs_f64()
            );
        }
    }
    if let Some(last) = writing {
        last.await??;
    }
    generator.join().map_err(|_| BenchError::Generator)??;
    add_alerts(store, tenant, &all_seen, wanted.alerts, newest).await?;
    eprintln!(
        "{stored} activities and {} alerts in {:.0} s",
        wanted.alerts,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Says where addresses are, before there is anything to enrich.
async fn add_ranges(store: &Store, tenant: TenantId) -> Result<(), BenchError> {
    for (number, network) in offices().enumerate() {
        save_range(
            store,
            tenant,
            &format!("Office {number}"),
            network,
            IpCategory::Corporate,
        )
        .await?;
    }
    save_range(store, tenant, "Tor", TOR, IpCategory::Risky).await?;
    finish_enrichment(store, tenant).await
}

async fn save_range(
    store: &Store,
    tenant: TenantId,
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
    let saved = store.save_ip_range(tenant, range, Vec::new(), record);
    Box::pin(saved).await?;
    Ok(())
}

/// Does what the new ranges leave to a server's job, while there is nothing to look at.
async fn finish_enrichment(store: &Store, tenant: TenantId) -> Result<(), BenchError> {
    store.count_enrichment(tenant).await?;
    while let Some(batch) = store.enrichment_batch(tenant, 1).await? {
        store
            .commit_enrichment(tenant, batch, Vec::new(), Timestamp::now())
            .await?;
    }
    Ok(())
}

/// Makes all activities, and gives away those that are not there.
fn generate(
    tenant: TenantId,
    wanted: Wanted,
    there: u64,
    ranges: RangesAt,
    batches: &mpsc::SyncSender<Batch>,
) -> Result<(), BenchError> {
    let (enricher, ranges) = (
        Enricher::new()?,
        RangeIndex::new(ranges.own, ranges.built_in),
    );
    let normaliser = Normaliser::new(tenant, &enricher, &ranges);
    let every = (wanted.activities / wanted.alerts.max(1)).max(1);
    let mut records = Records::new(1);
    let mut number = 0;
    for (day, count) in (0..).zip(Records::days(wanted.activities)) {
        for texts in records.day(day, count).chunks(BATCH) {
            let (mut activities, mut seen) = (Vec::new(), Vec::new());
            for text in texts {
                number += 1;
                let (is_new, is_seen) = (number > there, number % every == 0);
                if !is_new && !is_seen {
                    continue;
                }
                let event = Source::Microsoft365.parse(text)?;
                // A unified audit record comes about half an hour after the event.
                let received = event.timestamp.plus_millis(1_800_000);
                let activity = normaliser.activity(&event, received);
                if is_seen {
                    seen.extend(look(&activity));
                }
                if is_new {
                    activities.push(activity);
                }
            }
            if batches.send(Batch { activities, seen }).is_err() {
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

/// Adds alerts, and leaves the detector behind the newest activity.
async fn add_alerts(
    store: &Store,
    tenant: TenantId,
    seen: &[Seen],
    count: u64,
    newest: Option<ActivityId>,
) -> Result<(), BenchError> {
    let node = KeyId::random();
    let now = Timestamp(crate::records::FIRST_DAY + 365 * DAY_MS);
    store
        .lease_detector(tenant, node, now, now.plus_millis(DAY_MS))
        .await?;
    let mut random = Random::new(2);
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(seen.len());
    let mut steps = Vec::new();
    for first in (0..count).step_by(FOUND) {
        let part = first..(first + FOUND).min(count);
        let last = seen.get(part.end - 1).map(|seen| seen.id);
        let found = part.map(|place| found(tenant, seen, place, &mut random));
        steps.push((last, found.collect::<Result<Vec<_>, BenchError>>()?));
    }
    steps.push((newest, Vec::new()));
    let mut after = None;
    for (last, found) in steps {
        let Some(last) = last.filter(|last| after < Some(*last)) else {
            continue;
        };
        let commit = DetectionCommit {
            after,
            last,
            state: Vec::new(),
            people: Vec::new(),
            found,
        };
        if !store.commit_detection(tenant, node, commit).await? {
            return Err(BenchError::Detector);
        }
        after = Some(last);
    }
    store.release_detector(tenant, node).await?;
    Ok(())
}

fn found(
    tenant: TenantId,
    all: &[Seen],
    place: usize,
    random: &mut Random,
) -> Result<Found, BenchError> {
    let seen = &all[place];
    let proof = all[..=place].iter().rev().take(PROOF);
    let proof: Vec<_> = proof.map(|seen| seen.id.to_string()).collect();
    let severity = [0, 1, 1, 2][random.below(4)];
    let (status, resolution) = [(0, 0), (1, 0), (2, 1), (2, 2), (2, 5)][random.below(5)];
    let timestamp = seen.id.timestamp;
    let alert = serde_json::from_value(json!({
        "_id": RecordId::generate(timestamp.millis() / 1_000), "contextId": tenant,
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
