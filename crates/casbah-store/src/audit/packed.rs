//! Reading records out of packs, the newest first.

use std::cmp::Reverse;

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
    /// The newest packed records that a query asks for, in the order of lists.
    ///
    /// Packs overlap, so those of the list are known once no pack that is left has a
    /// record as new. Each step is a transaction of its own: packs are only ever added.
    pub(super) async fn packed_records(
        &self,
        tenant: TenantId,
        query: &AuditQuery,
    ) -> Result<Vec<StoredAuditRecord>, StoreError> {
        let limit = query.limit as usize;
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let range = range(query);
            let packs = self
                .read(move |session| packs(session, tenant, range, after))
                .await?;
            for pack in &packs {
                found.extend(pack.records().filter(|stored| query.admits(stored)));
            }
            found.sort_by_key(order);
            found.truncate(limit);
            let Some(last) = packs.last().filter(|_| packs.len() == STEP as usize) else {
                return Ok(found);
            };
            let is_known = found.len() == limit
                && found
                    .last()
                    .is_none_or(|oldest| oldest.record.timestamp > last.place.latest);
            if is_known {
                return Ok(found);
            }
            after = Some(last.place);
        }
    }
}

/// The order of lists: the newest first, those of one time by their ids.
pub(super) fn order(stored: &StoredAuditRecord) -> (Reverse<Timestamp>, KeyId) {
    (Reverse(stored.record.timestamp), stored.id)
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
    let until = query.until.map_or(i64::MAX, Timestamp::millis);
    let after = query
        .after
        .map_or(i64::MAX, |after| after.timestamp.millis());
    let newest = until.min(after).saturating_add(PACK_SPAN_MS);
    (
        query.since.unwrap_or(Timestamp(i64::MIN)),
        Timestamp(newest),
    )
}

fn packs(
    session: &mut Session<'_>,
    tenant: TenantId,
    (oldest, newest): (Timestamp, Timestamp),
    after: Option<PackPlace>,
) -> Result<Vec<Pack>, StoreError> {
    let after = after.unwrap_or(PackPlace {
        latest: newest,
        node: KeyId::new(uuid::Uuid::nil()),
        sequence: 0,
    });
    let rows = session.rows(
        "SELECT node, sequence, latest, pack FROM audit_link
         WHERE tenant_id = ?1 AND pack IS NOT NULL AND latest >= ?2 AND latest <= ?3
            AND (latest < ?3 OR node > ?4 OR (node = ?4 AND sequence > ?5))
         ORDER BY latest DESC, node, sequence LIMIT ?6",
        params![
            tenant,
            oldest,
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
