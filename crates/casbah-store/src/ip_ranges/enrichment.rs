//! What a change of ranges changes of the activities that are there.
//!
//! A change of ranges leaves, in its own transaction, the addresses that it is about.
//! Their activities are then looked at batch by batch; each batch is written together
//! with the place it ended at, so a process that ends at any time loses nothing and does
//! nothing twice. Whatever was enriched under older ranges and stored later leaves its
//! addresses, too.

use std::net::IpAddr;

use casbah_model::activity::{Activity, ActivityId};
use casbah_model::built_in_range::BuiltInRange;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::ip_range::IpRange;
use casbah_model::time::Timestamp;

use crate::activities;
use crate::database::{Row, Session, params};
use crate::{Store, StoreError, record};

/// Stretches of addresses that are looked at together.
const STRETCHES: i64 = 200;

/// The next activities of a stretch.
const AFTER: &str = "SELECT ip_key, timestamp, uuid, uuid FROM activity
    WHERE tenant_id = ?1 AND ip_key <= ?2 AND (ip_key, timestamp, uuid) > (?3, ?4, ?5)
    ORDER BY ip_key, timestamp, uuid LIMIT ?6";

/// A tenant's ranges and the built-in ones, as they were at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct RangesAt {
    /// Which of all changes was the last; 0 before the first.
    pub revision: i64,
    /// The tenant's own.
    pub own: Vec<IpRange>,
    /// The built-in ones.
    pub built_in: Vec<BuiltInRange>,
}

/// How far the change of ranges has come to the activities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EnrichmentState {
    /// Which of all changes was the last; 0 before the first.
    pub revision: i64,
    /// When the first of the changes was made that `total` and `done` are of.
    pub began: Option<Timestamp>,
    /// When all was finished; none before the first change, and while there is more.
    pub finished: Option<Timestamp>,
    /// Activities that these changes are about, as far as they are counted.
    pub total: u64,
    /// Those that were looked at.
    pub done: u64,
    /// Whether there is more to look at.
    pub is_pending: bool,
}

/// Activities to be enriched by the ranges of one revision.
#[derive(Debug)]
pub struct EnrichmentBatch {
    /// The revision.
    pub revision: i64,
    /// The activities as they are stored; those that cannot be read are left out.
    pub activities: Vec<Activity>,
    steps: Vec<Step>,
}

/// One stretch of a batch.
#[derive(Debug, Clone)]
struct Step {
    id: KeyId,
    from: Position,
    /// Where it ended; none where the stretch is done.
    to: Option<Position>,
    seen: i64,
}

/// A place in the order of addresses.
#[derive(Debug, Clone, PartialEq)]
struct Position {
    ip: Vec<u8>,
    timestamp: Timestamp,
    uuid: Vec<u8>,
}

impl Store {
    /// Which change of the tenant's ranges was the last; 0 before the first.
    pub async fn ip_ranges_revision(&self, tenant: TenantId) -> Result<i64, StoreError> {
        self.read(move |session| revision(session, tenant)).await
    }

    /// All ranges, for enrichment.
    pub async fn ip_ranges(&self, tenant: TenantId) -> Result<RangesAt, StoreError> {
        self.read(move |session| {
            Ok(RangesAt {
                revision: revision(session, tenant)?,
                own: super::own(session, tenant)?,
                built_in: super::built_in::all(session, tenant)?,
            })
        })
        .await
    }

    /// How far the change of ranges has come.
    pub async fn enrichment_state(&self, tenant: TenantId) -> Result<EnrichmentState, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT revision, began, finished, total, done FROM ip_range_state
                 WHERE tenant_id = ?1",
                params![tenant],
            )?;
            let Some(mut row) = row else {
                return Ok(EnrichmentState::default());
            };
            Ok(EnrichmentState {
                revision: row.get(0)?,
                began: row.get(1)?,
                finished: row.get(2)?,
                total: row.get(3)?,
                done: row.get(4)?,
                is_pending: is_pending(session, tenant)?,
            })
        })
        .await
    }

    /// Counts the activities of what is to be looked at, as far as that was not done.
    pub async fn count_enrichment(&self, tenant: TenantId) -> Result<(), StoreError> {
        let counted = self.read(move |session| {
            let rows = session.rows(
                "SELECT id, position_ip, high FROM ip_range_pending
                 WHERE tenant_id = ?1 AND activities IS NULL ORDER BY id LIMIT ?2",
                params![tenant, STRETCHES],
            )?;
            let mut counted = Vec::with_capacity(rows.len());
            for mut row in rows {
                let id: KeyId = row.get(0)?;
                let (low, high) = (row.get::<Vec<u8>>(1)?, row.get::<Vec<u8>>(2)?);
                let count = session.number(
                    "SELECT COUNT(*) FROM activity
                     WHERE tenant_id = ?1 AND ip_key >= ?2 AND ip_key <= ?3",
                    params![tenant, low, high],
                )?;
                counted.push((id, count));
            }
            Ok(counted)
        });
        let counted = counted.await?;
        if counted.is_empty() {
            return Ok(());
        }
        self.write_apart(move |session| {
            let mut total = 0;
            for (id, count) in &counted {
                let is_first = session.execute(
                    "UPDATE ip_range_pending SET activities = ?3
                     WHERE tenant_id = ?1 AND id = ?2 AND activities IS NULL",
                    params![tenant, *id, *count],
                )? == 1;
                total += if is_first { *count } else { 0 };
            }
            session.execute(
                "UPDATE ip_range_state SET total = total + ?2 WHERE tenant_id = ?1",
                params![tenant, total],
            )?;
            Ok(())
        })
        .await
    }

    /// The next activities to be enriched anew, at most `limit`; none where all that was
    /// counted is done.
    pub async fn enrichment_batch(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Option<EnrichmentBatch>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT id, high, position_ip, position_timestamp, position_uuid
                 FROM ip_range_pending WHERE tenant_id = ?1 AND activities IS NOT NULL
                 ORDER BY id LIMIT ?2",
                params![tenant, STRETCHES],
            )?;
            if rows.is_empty() {
                return Ok(None);
            }
            let (mut steps, mut ids) = (Vec::new(), Vec::new());
            for mut row in rows {
                let room = i64::from(limit).saturating_sub_unsigned(ids.len() as u64);
                if room <= 0 {
                    break;
                }
                let (id, high) = (row.get(0)?, row.get(1)?);
                let from = Position {
                    ip: row.get(2)?,
                    timestamp: row.get(3)?,
                    uuid: row.get(4)?,
                };
                let found = after(session, tenant, &from, high, room)?;
                let seen = i64::try_from(found.len()).unwrap_or(i64::MAX);
                let is_whole = seen < room;
                steps.push(Step {
                    id,
                    from,
                    to: found.last().filter(|_| !is_whole).map(|(at, _)| at.clone()),
                    seen,
                });
                ids.extend(found.into_iter().map(|(_, id)| id));
            }
            let records = activities::records(session, tenant, &ids)?;
            // What cannot be read must not hold up the rest.
            let activities = records
                .iter()
                .filter_map(|record| serde_json::from_str(record.get()).ok());
            Ok(Some(EnrichmentBatch {
                revision: revision(session, tenant)?,
                activities: activities.collect(),
                steps,
            }))
        })
        .await
    }

    /// Writes what became of a batch; false, and nothing is written, if the ranges have
    /// changed since or another node has written the batch.
    pub async fn commit_enrichment(
        &self,
        tenant: TenantId,
        batch: EnrichmentBatch,
        changed: Vec<Activity>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rows = changed
            .into_iter()
            .map(|activity| Ok((record::compress(&activity)?, activity)));
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        self.write_apart(move |session| {
            if revision(session, tenant)? != batch.revision {
                return Ok(false);
            }
            for step in &batch.steps {
                if position(session, tenant, step.id)?.as_ref() != Some(&step.from) {
                    return Ok(false);
                }
            }
            for (record, activity) in &rows {
                activities::enrich(session, tenant, activity, record)?;
            }
            for step in &batch.steps {
                advance(session, tenant, step)?;
            }
            let seen: i64 = batch.steps.iter().map(|step| step.seen).sum();
            let finished = (!is_pending(session, tenant)?).then_some(now);
            session.execute(
                "UPDATE ip_range_state SET done = done + ?2, finished = ?3 WHERE tenant_id = ?1",
                params![tenant, seen, finished],
            )?;
            Ok(true)
        })
        .await
    }
}

/// An address as a number, IPv4 mapped into IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// An address as it is stored and sorted.
pub(crate) fn key(address: IpAddr) -> Vec<u8> {
    bits(address).to_be_bytes().to_vec()
}

pub(crate) fn revision(session: &mut Session<'_>, tenant: TenantId) -> Result<i64, StoreError> {
    session.number(
        "SELECT revision FROM ip_range_state WHERE tenant_id = ?1",
        params![tenant],
    )
}

/// The ranges changed in what they say of these addresses, first and last.
pub(super) fn changed(
    session: &mut Session<'_>,
    tenant: TenantId,
    networks: Vec<(u128, u128)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if networks.is_empty() {
        return Ok(());
    }
    session.execute(
        "INSERT INTO ip_range_state (tenant_id, revision, began, finished, total, done)
         VALUES (?1, 1, ?2, NULL, 0, 0)
         ON CONFLICT (tenant_id) DO UPDATE SET revision = ip_range_state.revision + 1",
        params![tenant, now],
    )?;
    queue(session, tenant, networks, now)
}

/// Activities were stored that had been enriched by ranges of an older revision.
pub(crate) fn enriched_before(
    session: &mut Session<'_>,
    tenant: TenantId,
    addresses: impl Iterator<Item = IpAddr>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let stretches = addresses.map(|address| (bits(address), bits(address)));
    queue(session, tenant, stretches.collect(), now)
}

fn queue(
    session: &mut Session<'_>,
    tenant: TenantId,
    stretches: Vec<(u128, u128)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if stretches.is_empty() {
        return Ok(());
    }
    if !is_pending(session, tenant)? {
        session.execute(
            "UPDATE ip_range_state SET began = ?2, finished = NULL, total = 0, done = 0
             WHERE tenant_id = ?1",
            params![tenant, now],
        )?;
    }
    for (low, high) in merged(stretches) {
        session.execute(
            "INSERT INTO ip_range_pending (tenant_id, id, high, activities, position_ip,
                position_timestamp, position_uuid)
             VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6)",
            params![
                tenant,
                KeyId::random(),
                high.to_be_bytes().to_vec(),
                low.to_be_bytes().to_vec(),
                i64::MIN,
                Vec::<u8>::new(),
            ],
        )?;
    }
    Ok(())
}

/// The same addresses in as few stretches as can be.
fn merged(mut stretches: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    stretches.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::new();
    for (low, high) in stretches {
        match merged.last_mut() {
            Some((_, end)) if low <= end.saturating_add(1) => *end = high.max(*end),
            _ => merged.push((low, high)),
        }
    }
    merged
}

fn is_pending(session: &mut Session<'_>, tenant: TenantId) -> Result<bool, StoreError> {
    let row = session.row(
        "SELECT 1 FROM ip_range_pending WHERE tenant_id = ?1 LIMIT 1",
        params![tenant],
    )?;
    Ok(row.is_some())
}

fn position(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: KeyId,
) -> Result<Option<Position>, StoreError> {
    let row = session.row(
        "SELECT position_ip, position_timestamp, position_uuid FROM ip_range_pending
         WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    let read = |mut row: Row| {
        Ok(Position {
            ip: row.get(0)?,
            timestamp: row.get(1)?,
            uuid: row.get(2)?,
        })
    };
    row.map(read).transpose()
}

fn advance(session: &mut Session<'_>, tenant: TenantId, step: &Step) -> Result<(), StoreError> {
    match step.to.clone() {
        None => session.execute(
            "DELETE FROM ip_range_pending WHERE tenant_id = ?1 AND id = ?2",
            params![tenant, step.id],
        )?,
        Some(to) => session.execute(
            "UPDATE ip_range_pending SET position_ip = ?3, position_timestamp = ?4,
                position_uuid = ?5
             WHERE tenant_id = ?1 AND id = ?2",
            params![tenant, step.id, to.ip, to.timestamp, to.uuid],
        )?,
    };
    Ok(())
}

/// The next activities of a stretch, by the index of addresses.
fn after(
    session: &mut Session<'_>,
    tenant: TenantId,
    from: &Position,
    high: Vec<u8>,
    limit: i64,
) -> Result<Vec<(Position, ActivityId)>, StoreError> {
    let rows = session.rows(
        AFTER,
        params![
            tenant,
            high,
            from.ip.clone(),
            from.timestamp,
            from.uuid.clone(),
            limit,
        ],
    )?;
    let read = |mut row: Row| {
        let position = Position {
            ip: row.get(0)?,
            timestamp: row.get(1)?,
            uuid: row.get(2)?,
        };
        let id = ActivityId {
            timestamp: position.timestamp,
            uuid: row.get(3)?,
        };
        Ok((position, id))
    };
    rows.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_leads_to_the_activities() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut session = Session::sqlite(&connection);
        crate::schema::migrate(&mut session, crate::database::Dialect::Sqlite).unwrap();
        let mut plan = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {AFTER}"))
            .unwrap();
        let steps = plan.query_map([rusqlite::types::Null; 6], |row| row.get::<_, String>(3));
        let steps: Vec<_> = steps.unwrap().map(Result::unwrap).collect();
        assert_eq!(steps.len(), 1, "nothing is sorted: {steps:?}");
        let expected = "SEARCH activity USING COVERING INDEX activity_ip_key (tenant_id=? AND ";
        assert!(steps[0].starts_with(expected), "{steps:?}");
        assert!(steps[0].contains("(ip_key,timestamp,uuid)>"), "{steps:?}");
        assert!(steps[0].contains("ip_key<"), "{steps:?}");
    }

    #[test]
    fn stretches_are_joined_where_they_touch() {
        let last = u128::MAX;
        for (stretches, expected) in [
            (vec![], vec![]),
            (vec![(5, 9), (1, 3)], vec![(1, 3), (5, 9)]),
            (vec![(5, 9), (1, 4)], vec![(1, 9)]),
            (vec![(1, 9), (2, 3), (4, 12)], vec![(1, 12)]),
            (vec![(0, last), (7, 7)], vec![(0, last)]),
            (
                vec![(last, last), (last - 1, last - 1)],
                vec![(last - 1, last)],
            ),
        ] {
            assert_eq!(merged(stretches), expected);
        }
    }
}
