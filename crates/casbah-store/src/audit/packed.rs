//! Reading records out of packs.

use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use super::pack::unpack;
use super::{AuditPlace, AuditQuery, PACK_SPAN_MS, StoredAuditRecord};
use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

/// Packs that are read in one transaction.
const STEP: u32 = 256;

/// A pack, and where it lies.
struct Pack {
    place: PackPlace,
    bytes: Vec<u8>,
}

/// A pack's place in the order in which packs are read: by its newest record.
#[derive(Clone, Copy)]
struct PackPlace {
    latest: Timestamp,
    node: KeyId,
    sequence: i64,
}

impl Store {
    /// The first packed records that a query asks for, in its order.
    ///
    /// Packs overlap, so those of the list are known once no pack that is left can have
    /// a record before its last. Each step is a transaction of its own: packs are only ever added.
    pub(super) async fn packed_records(
        &self,
        tenant: TenantId,
        query: &AuditQuery,
    ) -> Result<Vec<StoredAuditRecord>, StoreError> {
        let (limit, oldest_first) = (query.limit as usize, query.oldest_first);
        let order = query.order();
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let range = range(query);
            let packs = self
                .read(move |session| packs(session, tenant, range, oldest_first, after))
                .await?;
            for pack in &packs {
                found.extend(pack.records().filter(|stored| query.admits(stored)));
            }
            found.sort_by_key(|stored| order.key(stored));
            found.truncate(limit);
            let Some(last) = packs.last().filter(|_| packs.len() == STEP as usize) else {
                return Ok(found);
            };
            let is_before_the_rest = |stored: &StoredAuditRecord| {
                let (time, latest) = (stored.record.timestamp, last.place.latest);
                if oldest_first {
                    time < latest.plus_millis(-PACK_SPAN_MS)
                } else {
                    time > latest
                }
            };
            let is_known = found.len() == limit && found.last().is_none_or(is_before_the_rest);
            if is_known {
                return Ok(found);
            }
            after = Some(last.place);
        }
    }
}

impl Pack {
    /// Its records with their places. What cannot be read is nothing here:
    /// verifying says what is missing.
    fn records(&self) -> impl Iterator<Item = StoredAuditRecord> {
        let PackPlace { node, sequence, .. } = self.place;
        let records = unpack(&self.bytes).unwrap_or_default();
        records
            .into_iter()
            .map(move |(id, record)| StoredAuditRecord {
                id,
                place: Some(AuditPlace { node, sequence }),
                record,
            })
    }
}

/// The times between which a query's packs have their newest record: the first
/// included, and the last.
fn range(query: &AuditQuery) -> (Timestamp, Timestamp) {
    let after = query.after.map(|after| after.timestamp);
    let (from, to) = if query.oldest_first {
        (after, None)
    } else {
        (None, after)
    };
    let oldest = query.since.max(from).unwrap_or(Timestamp(i64::MIN));
    let newest = [query.until, to].into_iter().flatten().min();
    let newest = newest.unwrap_or(Timestamp(i64::MAX)).millis();
    (oldest, Timestamp(newest.saturating_add(PACK_SPAN_MS)))
}

fn packs(
    session: &mut Session<'_>,
    tenant: TenantId,
    (oldest, newest): (Timestamp, Timestamp),
    oldest_first: bool,
    after: Option<PackPlace>,
) -> Result<Vec<Pack>, StoreError> {
    let start = PackPlace {
        latest: if oldest_first { oldest } else { newest },
        node: KeyId::new(uuid::Uuid::nil()),
        sequence: 0,
    };
    let after = after.unwrap_or(start);
    let (first, last, order) = if oldest_first {
        (after.latest, newest, "ASC")
    } else {
        (oldest, after.latest, "DESC")
    };
    let rows = session.rows(
        &format!(
            "SELECT node, sequence, latest, pack FROM audit_link
             WHERE tenant_id = ?1 AND pack IS NOT NULL AND latest >= ?2 AND latest <= ?3
                AND (latest <> ?4 OR node > ?5 OR (node = ?5 AND sequence > ?6))
             ORDER BY latest {order}, node, sequence LIMIT ?7"
        ),
        params![
            tenant,
            first,
            last,
            after.latest,
            after.node,
            after.sequence,
            STEP
        ],
    )?;
    let read = |mut row: Row| {
        Ok(Pack {
            place: PackPlace {
                node: row.get(0)?,
                sequence: row.get(1)?,
                latest: row.get(2)?,
            },
            bytes: row.get(3)?,
        })
    };
    rows.into_iter().map(read).collect()
}
