//! The detector: one node holds a tenant's lease, reads activities in order and
//! commits alerts, state and position together.

use casbah_model::activity::{Activity, ActivityId};
use casbah_model::alert::Alert;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use crate::database::{Session, params};
use crate::{Store, StoreError, alerts, record};

/// Where a tenant's detector stands.
#[derive(Debug, Clone)]
pub struct DetectorState {
    /// The last activity that was seen; none before the first.
    pub position: Option<ActivityId>,
    /// What was learnt, as the detector wrote it; empty before the first commit.
    pub state: Vec<u8>,
}

/// An alert that joins the open one of its story, if there is one.
#[derive(Debug, Clone)]
pub struct StoryAlert {
    /// What tells stories apart: detection, person, and whatever else it names.
    pub key: String,
    /// Open alerts of the story that are older are left alone.
    pub joins_since: Timestamp,
    /// The alert.
    pub alert: Alert,
}

impl Store {
    /// Takes or renews a tenant's lease for `node`; none while another node has it.
    pub async fn lease_detector(
        &self,
        tenant: TenantId,
        node: KeyId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<DetectorState>, StoreError> {
        self.write(move |session| {
            session.execute(
                "INSERT INTO detector (tenant_id, position_timestamp, position_uuid, state,
                    lease_holder, lease_until)
                 VALUES (?1, ?2, ?3, ?4, NULL, 0) ON CONFLICT DO NOTHING",
                params![tenant, i64::MIN, Vec::<u8>::new(), Vec::<u8>::new()],
            )?;
            let leased = session.execute(
                "UPDATE detector SET lease_holder = ?2, lease_until = ?3
                 WHERE tenant_id = ?1 AND (lease_holder IS NULL OR lease_holder = ?2
                    OR lease_until < ?4)",
                params![tenant, node, until, now],
            )?;
            if leased == 0 {
                return Ok(None);
            }
            read_state(session, tenant)
        })
        .await
    }

    /// Where a tenant's detector stands, and how many activities it has not seen.
    pub async fn detector_progress(
        &self,
        tenant: TenantId,
    ) -> Result<(Option<ActivityId>, u64), StoreError> {
        self.read(move |session| {
            let position = read_state(session, tenant)?.and_then(|state| state.position);
            let pending = match position {
                Some(position) => session.number(
                    "SELECT COUNT(*) FROM activity WHERE tenant_id = ?1 AND late = 0
                        AND (timestamp > ?2 OR (timestamp = ?2 AND uuid > ?3))",
                    params![
                        tenant,
                        position.timestamp,
                        position.uuid.as_bytes().to_vec()
                    ],
                )?,
                None => session.number(
                    "SELECT COUNT(*) FROM activity WHERE tenant_id = ?1",
                    params![tenant],
                )?,
            };
            Ok((position, u64::try_from(pending).unwrap_or(0)))
        })
        .await
    }

    /// Activities after a position, in order, that happened before `until`.
    pub async fn activities_after(
        &self,
        tenant: TenantId,
        position: Option<ActivityId>,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Activity>, StoreError> {
        self.read(move |session| {
            let (timestamp, uuid) = match position {
                Some(position) => (position.timestamp, position.uuid.as_bytes().to_vec()),
                None => (Timestamp(i64::MIN), Vec::new()),
            };
            let rows = session.rows(
                "SELECT record FROM activity_raw
                 WHERE tenant_id = ?1 AND timestamp <= ?4
                    AND (timestamp > ?2 OR (timestamp = ?2 AND uuid > ?3))
                 ORDER BY timestamp, uuid LIMIT ?5",
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

    /// Commits what the detector found, learnt and has seen; false, and nothing is
    /// changed, if the lease has passed to another node.
    pub async fn commit_detection(
        &self,
        tenant: TenantId,
        node: KeyId,
        position: ActivityId,
        state: Vec<u8>,
        found: Vec<StoryAlert>,
        join: fn(&mut Alert, &Alert),
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let updated = session.execute(
                "UPDATE detector SET position_timestamp = ?3, position_uuid = ?4, state = ?5
                 WHERE tenant_id = ?1 AND lease_holder = ?2",
                params![
                    tenant,
                    node,
                    position.timestamp,
                    position.uuid.as_bytes().to_vec(),
                    state.clone()
                ],
            )?;
            if updated == 0 {
                return Ok(false);
            }
            for story in &found {
                store_alert(session, tenant, story, join)?;
            }
            Ok(true)
        })
        .await
    }
}

fn store_alert(
    session: &mut Session<'_>,
    tenant: TenantId,
    story: &StoryAlert,
    join: fn(&mut Alert, &Alert),
) -> Result<(), StoreError> {
    match alerts::open_of_story(session, tenant, &story.key, story.joins_since)? {
        Some(mut open) => {
            join(&mut open, &story.alert);
            alerts::update(session, tenant, &open, None)?;
            alerts::insert_entities(session, tenant, &open)
        }
        None => alerts::insert(session, tenant, &story.alert, &story.key),
    }
}

fn read_state(
    session: &mut Session<'_>,
    tenant: TenantId,
) -> Result<Option<DetectorState>, StoreError> {
    let row = session.row(
        "SELECT position_timestamp, position_uuid, state FROM detector WHERE tenant_id = ?1",
        params![tenant],
    )?;
    let Some(mut row) = row else { return Ok(None) };
    let uuid: Vec<u8> = row.get(1)?;
    let timestamp = row.get(0)?;
    let position = uuid::Uuid::from_slice(&uuid)
        .ok()
        .map(|uuid| ActivityId { timestamp, uuid });
    Ok(Some(DetectorState {
        position,
        state: row.get(2)?,
    }))
}
