//! The detector: one node holds a tenant's lease, reads activities in order and
//! commits alerts, state and position together.
//!
//! Ingest decides in its own transaction, from the committed watermark, whether an
//! activity is late, and holds the detector's row meanwhile. So once a watermark is
//! committed, every activity up to it is either there to be read or marked late.

use casbah_model::activity::{Activity, ActivityId};
use casbah_model::alert::Alert;
use casbah_model::detector::DetectorPosition;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use crate::database::{Session, params};
use crate::{Store, StoreError, alerts, policies, record};

/// Where a tenant's detector stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorState {
    /// How far it has read.
    pub position: DetectorPosition,
    /// What was learnt of the tenant: JSON as the detector wrote it, empty before the
    /// first commit.
    pub state: Vec<u8>,
    /// The time of the newest activity that is stored.
    pub newest: Option<Timestamp>,
    /// When an activity was last stored.
    pub last_received: Option<Timestamp>,
    /// Whether activities up to the watermark are still to be seen.
    pub is_behind: bool,
}

/// What was found, on its way into an alert.
pub trait Story: Send + Sync + 'static {
    /// What tells stories apart: detection, person, and whatever else it names.
    fn key(&self) -> &str;
    /// Open alerts of the story that are older are left alone.
    fn joins_since(&self) -> Timestamp;
    /// The alert, if it joins none.
    fn alert(&self) -> &Alert;
    /// Lets the open alert of the story grow.
    fn join(&self, open: &mut Alert);
}

/// What a step of the detector found, learnt and has seen.
#[derive(Debug, Clone)]
pub struct DetectionCommit<S> {
    /// The last activity that had been seen before the step.
    pub after: Option<ActivityId>,
    /// The last activity that was seen.
    pub last: ActivityId,
    /// What was learnt of the tenant, JSON.
    pub state: Vec<u8>,
    /// What was learnt of people whose state changed, JSON, by principal name in lower
    /// case.
    pub people: Vec<(String, Vec<u8>)>,
    /// What was found, in order.
    pub found: Vec<S>,
}

impl Store {
    /// Where a tenant's detector stands, whoever has its lease.
    pub async fn detector_state(&self, tenant: TenantId) -> Result<DetectorState, StoreError> {
        self.read(move |session| read_state(session, tenant)).await
    }

    /// Takes or renews a tenant's lease for `node`; none while another node has it.
    pub async fn lease_detector(
        &self,
        tenant: TenantId,
        node: KeyId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<DetectorState>, StoreError> {
        self.write_apart(move |session| {
            ensure_row(session, tenant)?;
            let leased = session.execute(
                "UPDATE detector SET lease_holder = ?2, lease_until = ?3
                 WHERE tenant_id = ?1 AND (lease_holder IS NULL OR lease_holder = ?2
                    OR lease_until < ?4)",
                params![tenant, node, until, now],
            )?;
            if leased == 0 {
                return Ok(None);
            }
            read_state(session, tenant).map(Some)
        })
        .await
    }

    /// Gives a tenant's lease up, so that the next node need not wait for its end.
    pub async fn release_detector(&self, tenant: TenantId, node: KeyId) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "UPDATE detector SET lease_holder = NULL
                 WHERE tenant_id = ?1 AND lease_holder = ?2",
                params![tenant, node],
            )?;
            Ok(())
        })
        .await
    }

    /// How far a tenant's detector has read, and how many activities it has not seen.
    pub async fn detector_progress(
        &self,
        tenant: TenantId,
    ) -> Result<(Option<ActivityId>, u64), StoreError> {
        self.read(move |session| {
            let position = read_position(session, tenant, "")?.unwrap_or(DetectorPosition::START);
            let (timestamp, uuid) = bound(position.last);
            let pending = session.number(
                "SELECT COUNT(*) FROM activity WHERE tenant_id = ?1 AND late = 0
                    AND (timestamp > ?2 OR (timestamp = ?2 AND uuid > ?3))",
                params![tenant, timestamp, uuid],
            )?;
            Ok((position.last, u64::try_from(pending).unwrap_or(0)))
        })
        .await
    }

    /// Waits for no activity up to `watermark` any more; false, and nothing is changed,
    /// if the lease has passed to another node. A watermark never goes back.
    pub async fn advance_watermark(
        &self,
        tenant: TenantId,
        node: KeyId,
        watermark: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let updated = session.execute(
                "UPDATE detector SET watermark = CASE WHEN ?3 > watermark THEN ?3
                    ELSE watermark END
                 WHERE tenant_id = ?1 AND lease_holder = ?2",
                params![tenant, node, watermark],
            )?;
            Ok(updated > 0)
        })
        .await
    }

    /// Activities after a position that happened at `until` or before, in order. Late
    /// ones are not among them.
    pub async fn activities_after(
        &self,
        tenant: TenantId,
        position: Option<ActivityId>,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Activity>, StoreError> {
        self.read(move |session| {
            let (timestamp, uuid) = bound(position);
            let rows = session.rows(
                "SELECT raw.record FROM activity JOIN activity_raw raw
                    ON raw.tenant_id = activity.tenant_id
                    AND raw.timestamp = activity.timestamp AND raw.uuid = activity.uuid
                 WHERE activity.tenant_id = ?1 AND activity.late = 0
                    AND activity.timestamp >= ?2 AND activity.timestamp <= ?4
                    AND (activity.timestamp > ?2 OR activity.uuid > ?3)
                 ORDER BY activity.timestamp, activity.uuid LIMIT ?5",
                params![tenant, timestamp, uuid, until, limit],
            )?;
            let mut activities = Vec::with_capacity(rows.len());
            for mut row in rows {
                let json = record::decompress(&row.get::<Vec<u8>>(0)?)?;
                activities.push(serde_json::from_slice(&json)?);
            }
            Ok(activities)
        })
        .await
    }

    /// What was learnt of these people, JSON as the detector wrote it; people of whom
    /// nothing is known are left out.
    pub async fn load_people(
        &self,
        tenant: TenantId,
        names: Vec<String>,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.read(move |session| {
            let mut people = Vec::with_capacity(names.len());
            for name in &names {
                let row = session.row(
                    "SELECT state FROM detector_person WHERE tenant_id = ?1 AND person = ?2",
                    params![tenant, name],
                )?;
                if let Some(mut row) = row {
                    people.push((name.clone(), record::decompress(&row.get::<Vec<u8>>(0)?)?));
                }
            }
            Ok(people)
        })
        .await
    }

    /// Commits what the detector found, learnt and has seen; false, and nothing is
    /// changed, if the lease has passed to another node or the step did not begin where
    /// the last one ended.
    pub async fn commit_detection<S: Story>(
        &self,
        tenant: TenantId,
        node: KeyId,
        commit: DetectionCommit<S>,
    ) -> Result<bool, StoreError> {
        let state = record::compress_json(&commit.state)?;
        let people = commit.people.iter();
        let people = people
            .map(|(name, state)| Ok((name.clone(), record::compress_json(state)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let (timestamp, uuid) = bound(commit.after);
        self.write_apart(move |session| {
            let updated = session.execute(
                "UPDATE detector SET position_timestamp = ?3, position_uuid = ?4, state = ?5
                 WHERE tenant_id = ?1 AND lease_holder = ?2 AND position_timestamp = ?6
                    AND position_uuid = ?7",
                params![
                    tenant,
                    node,
                    commit.last.timestamp,
                    commit.last.uuid.as_bytes().to_vec(),
                    state.clone(),
                    timestamp,
                    uuid.clone()
                ],
            )?;
            if updated == 0 {
                return Ok(false);
            }
            for (person, state) in &people {
                session.execute(
                    "INSERT INTO detector_person (tenant_id, person, state) VALUES (?1, ?2, ?3)
                     ON CONFLICT (tenant_id, person) DO UPDATE SET state = excluded.state",
                    params![tenant, person, state.clone()],
                )?;
            }
            let off = policies::off(session, tenant)?;
            for story in &commit.found {
                let policy = story.alert().policy.as_ref();
                let policy = policy.and_then(|policy| policy.id.parse().ok());
                if policy.is_none_or(|policy| !off.contains(&policy)) {
                    store_alert(session, tenant, story)?;
                }
            }
            Ok(true)
        })
        .await
    }
}

/// How far the detector has read; it reads no further until the transaction ends.
pub(crate) fn hold_position(
    session: &mut Session<'_>,
    tenant: TenantId,
) -> Result<DetectorPosition, StoreError> {
    if let Some(position) = read_position(session, tenant, session.held())? {
        return Ok(position);
    }
    // A row that is not there cannot be held.
    ensure_row(session, tenant)?;
    Ok(DetectorPosition::START)
}

fn ensure_row(session: &mut Session<'_>, tenant: TenantId) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO detector (tenant_id, position_timestamp, position_uuid, watermark, state,
            lease_holder, lease_until)
         VALUES (?1, ?2, ?3, ?2, ?4, NULL, 0) ON CONFLICT DO NOTHING",
        params![tenant, i64::MIN, Vec::<u8>::new(), Vec::<u8>::new()],
    )?;
    Ok(())
}

fn bound(position: Option<ActivityId>) -> (Timestamp, Vec<u8>) {
    match position {
        Some(position) => (position.timestamp, position.uuid.as_bytes().to_vec()),
        None => (Timestamp(i64::MIN), Vec::new()),
    }
}

fn store_alert(
    session: &mut Session<'_>,
    tenant: TenantId,
    story: &impl Story,
) -> Result<(), StoreError> {
    match alerts::open_of_story(session, tenant, story.key(), story.joins_since())? {
        Some(mut open) => {
            story.join(&mut open);
            alerts::update(session, tenant, &open, None)?;
            alerts::insert_parts(session, tenant, &open)
        }
        None => alerts::insert(session, tenant, story.alert(), story.key()),
    }
}

fn read_position(
    session: &mut Session<'_>,
    tenant: TenantId,
    held: &str,
) -> Result<Option<DetectorPosition>, StoreError> {
    let row = session.row(
        &format!(
            "SELECT position_timestamp, position_uuid, watermark FROM detector
             WHERE tenant_id = ?1{held}"
        ),
        params![tenant],
    )?;
    let Some(mut row) = row else { return Ok(None) };
    let timestamp = row.get(0)?;
    let uuid: Vec<u8> = row.get(1)?;
    let last = uuid::Uuid::from_slice(&uuid).ok();
    Ok(Some(DetectorPosition {
        last: last.map(|uuid| ActivityId { timestamp, uuid }),
        watermark: row.get(2)?,
    }))
}

fn read_state(session: &mut Session<'_>, tenant: TenantId) -> Result<DetectorState, StoreError> {
    let position = read_position(session, tenant, "")?.unwrap_or(DetectorPosition::START);
    let state = session.row(
        "SELECT state FROM detector WHERE tenant_id = ?1",
        params![tenant],
    )?;
    let state: Vec<u8> = state.map_or(Ok(Vec::new()), |mut row| row.get(0))?;
    let mut latest = |column: &str| -> Result<Option<Timestamp>, StoreError> {
        let sql = format!("SELECT MAX({column}) FROM activity WHERE tenant_id = ?1");
        session
            .row(&sql, params![tenant])?
            .map_or(Ok(None), |mut row| row.get(0))
    };
    let newest = latest("timestamp")?;
    let last_received = latest("created")?;
    let (timestamp, uuid) = bound(position.last);
    let next = session.row(
        "SELECT 1 FROM activity WHERE tenant_id = ?1 AND late = 0
            AND timestamp >= ?2 AND timestamp <= ?4 AND (timestamp > ?2 OR uuid > ?3) LIMIT 1",
        params![tenant, timestamp, uuid, position.watermark],
    )?;
    Ok(DetectorState {
        position,
        state: if state.is_empty() {
            state
        } else {
            record::decompress(&state)?
        },
        newest,
        last_received,
        is_behind: next.is_some(),
    })
}
