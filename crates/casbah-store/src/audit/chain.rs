//! The links of the audit: written, and read back to be verified.

use std::sync::Arc;

use casbah_model::audit::{AuditLink, AuditPlace, AuditSealer, ChainEnd};
use casbah_model::identity::Digest;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use super::pack::{pack, unpack};
use super::{COLUMNS, PACK_SPAN_MS, insert, read_record};
use crate::database::{Row, Session, params};
use crate::{AuditRecord, Store, StoreError};

/// How many waiting records one link takes.
const MOST_WAITING: u32 = 1_000;

/// Records of one tenant to be written and linked.
#[derive(Debug, Clone)]
pub struct NewLink {
    tenant: TenantId,
    records: Vec<(KeyId, AuditRecord)>,
    takes_waiting: bool,
}

impl NewLink {
    /// A link of these records in their order.
    pub fn new(tenant: TenantId, records: Vec<AuditRecord>) -> Self {
        let records = records.into_iter();
        Self {
            tenant,
            records: records.map(|record| (KeyId::random(), record)).collect(),
            takes_waiting: false,
        }
    }

    /// One more record, after the others.
    pub fn push(&mut self, record: AuditRecord) {
        self.records.push((KeyId::random(), record));
    }

    /// The records that wait, too, before the others.
    pub fn take_waiting(&mut self) {
        self.takes_waiting = true;
    }
}

/// A link with the records that say they belong to it.
#[derive(Debug, Clone)]
pub struct Link {
    /// The link.
    pub link: AuditLink,
    /// The records by their position.
    pub records: Vec<ChainRecord>,
}

/// A record as a chain has it.
#[derive(Debug, Clone)]
pub struct ChainRecord {
    /// Its id.
    pub id: KeyId,
    /// What it says; none if that cannot be read.
    pub record: Option<AuditRecord>,
}

/// A record that waits to be linked.
struct Waiting {
    id: KeyId,
    timestamp: Timestamp,
    mark: Option<Digest>,
    record: Option<AuditRecord>,
}

impl Store {
    /// Writes records of several tenants, each tenant's behind one link of `node`'s
    /// chain; gives the tenants that still have records waiting.
    pub async fn link_audit(
        &self,
        node: KeyId,
        links: Vec<NewLink>,
        now: Timestamp,
    ) -> Result<Vec<TenantId>, StoreError> {
        self.write_apart(move |session| {
            let sealer = session.audit.sealer.clone();
            let sealer = sealer.ok_or(StoreError::NoAuditKey)?;
            let mut left = Vec::new();
            for new in &links {
                if link(session, &sealer, node, new, now)? {
                    left.push(new.tenant);
                }
            }
            Ok(left)
        })
        .await
    }

    /// Tenants with records that wait to be linked.
    pub async fn unlinked_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.read(|session| {
            let rows = session.rows(
                "SELECT DISTINCT tenant_id FROM audit_record WHERE sequence IS NULL",
                params![],
            )?;
            rows.into_iter().map(|mut row: Row| row.get(0)).collect()
        })
        .await
    }

    /// The ends of a tenant's chains.
    pub async fn audit_ends(&self, tenant: TenantId) -> Result<Vec<ChainEnd>, StoreError> {
        self.read(move |session| {
            let nodes = session.rows(
                "SELECT DISTINCT node FROM audit_link WHERE tenant_id = ?1 ORDER BY node",
                params![tenant],
            )?;
            nodes
                .into_iter()
                .map(|mut row| end(session, tenant, row.get(0)?))
                .collect()
        })
        .await
    }

    /// Links of a chain after one, with their records.
    pub async fn audit_links(
        &self,
        tenant: TenantId,
        node: KeyId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Link>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT sequence, previous, created, manifest, key_version, link, signature,
                    pack, latest
                 FROM audit_link WHERE tenant_id = ?1 AND node = ?2 AND sequence > ?3
                 ORDER BY sequence LIMIT ?4",
                params![tenant, node, after, limit],
            )?;
            let mut links = Vec::with_capacity(rows.len());
            for mut row in rows {
                let link = read_link(&mut row)?;
                let (pack, latest): (Option<Vec<u8>>, _) = (row.get(7)?, row.get(8)?);
                let sql = format!(
                    "SELECT {COLUMNS} FROM audit_record
                     WHERE tenant_id = ?1 AND node = ?2 AND sequence = ?3
                     ORDER BY position, id"
                );
                let rows = session.rows(&sql, params![tenant, node, link.sequence])?;
                let records = rows.into_iter().map(|mut row| {
                    Ok(ChainRecord {
                        id: row.get(0)?,
                        record: read_record(&mut row).ok(),
                    })
                });
                let mut records = records.collect::<Result<Vec<_>, StoreError>>()?;
                records.extend(packed(pack.as_deref(), latest));
                links.push(Link { link, records });
            }
            Ok(links)
        })
        .await
    }

    /// Records that no link holds and none will: put in beside the program, or left
    /// behind by a link that was taken away.
    pub async fn audit_strays(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<KeyId>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record.id FROM audit_record record
                 WHERE record.tenant_id = ?1 AND record.sequence IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM audit_link link
                        WHERE link.tenant_id = ?1 AND link.node = record.node
                            AND link.sequence = record.sequence)
                 ORDER BY record.timestamp, record.id LIMIT ?2",
                params![tenant, limit],
            )?;
            rows.into_iter().map(|mut row: Row| row.get(0)).collect()
        })
        .await
    }

    /// How many records wait to be linked.
    pub async fn audit_waiting(&self, tenant: TenantId) -> Result<i64, StoreError> {
        self.read(move |session| {
            session.number(
                "SELECT COUNT(*) FROM audit_record WHERE tenant_id = ?1 AND sequence IS NULL",
                params![tenant],
            )
        })
        .await
    }
}

/// Links what waits and what is new; answers whether more waits.
fn link(
    session: &mut Session<'_>,
    sealer: &Arc<dyn AuditSealer>,
    node: KeyId,
    new: &NewLink,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let tenant = new.tenant;
    let (waiting, more) = if new.takes_waiting {
        take_waiting(session, sealer, tenant)?
    } else {
        (Vec::new(), false)
    };
    // Those too old for a pack get rows, and stand before it.
    let newest = new.records.iter().map(|(_, record)| record.timestamp).max();
    let packed_from = newest.map_or(0, |newest| newest.millis().saturating_sub(PACK_SPAN_MS));
    let (packed, alone): (Vec<_>, Vec<_>) = new
        .records
        .iter()
        .cloned()
        .partition(|(_, record)| record.timestamp.millis() >= packed_from);
    let (waiting_len, alone_len) = (waiting.len(), alone.len());
    let all = waiting.into_iter().chain(alone).chain(packed);
    let records: Vec<_> = all.collect();
    if records.is_empty() {
        return Ok(more);
    }
    let end = end(session, tenant, node)?;
    let link = sealer.link(&end, &records, now);
    let (waiting, new) = records.split_at(waiting_len);
    let (alone, packed) = new.split_at(alone_len);
    let place = AuditPlace {
        node,
        sequence: link.sequence,
    };
    let mut places = (0_i64..).map(|position| (place, position));
    for ((id, record), place) in waiting.iter().zip(&mut places) {
        set_place(session, tenant, *id, record, place)?;
    }
    for ((id, record), place) in alone.iter().zip(&mut places) {
        insert(session, tenant, *id, Some(place), None, record)?;
    }
    insert_link(session, tenant, node, link, packed)?;
    Ok(more)
}

/// The records that wait, and whether there are more. What bears a wrong mark is not
/// this program's: it stays for all to see, and is never linked.
fn take_waiting(
    session: &mut Session<'_>,
    sealer: &Arc<dyn AuditSealer>,
    tenant: TenantId,
) -> Result<(Vec<(KeyId, AuditRecord)>, bool), StoreError> {
    let waiting = waiting(session, tenant)?;
    let more = waiting.len() >= MOST_WAITING as usize;
    let mut records = Vec::with_capacity(waiting.len());
    for waiting in waiting {
        match waiting.record {
            Some(record) if waiting.mark == Some(sealer.mark(tenant, waiting.id, &record)) => {
                records.push((waiting.id, record));
            }
            _ => set_aside(session, tenant, waiting.timestamp, waiting.id)?,
        }
    }
    Ok((records, more))
}

fn set_place(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: KeyId,
    record: &AuditRecord,
    (place, position): (AuditPlace, i64),
) -> Result<(), StoreError> {
    session.execute(
        "UPDATE audit_record SET node = ?4, sequence = ?5, position = ?6, mark = NULL
         WHERE tenant_id = ?1 AND timestamp = ?2 AND id = ?3",
        params![
            tenant,
            record.timestamp,
            id,
            place.node,
            place.sequence,
            position
        ],
    )?;
    Ok(())
}

fn insert_link(
    session: &mut Session<'_>,
    tenant: TenantId,
    node: KeyId,
    link: AuditLink,
    packed: &[(KeyId, AuditRecord)],
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO audit_link (tenant_id, node, sequence, previous, created, manifest,
            key_version, link, signature, pack, latest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            tenant,
            node,
            link.sequence,
            link.previous,
            link.created,
            link.manifest,
            link.key,
            link.link,
            link.signature,
            pack(packed)?,
            packed.iter().map(|(_, record)| record.timestamp).max()
        ],
    )?;
    Ok(())
}

fn waiting(session: &mut Session<'_>, tenant: TenantId) -> Result<Vec<Waiting>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, mark, timestamp FROM audit_record WHERE tenant_id = ?1 AND sequence IS NULL
         ORDER BY timestamp, id LIMIT ?2"
    );
    let rows = session.rows(&sql, params![tenant, MOST_WAITING])?;
    let read = |mut row: Row| {
        let mark = row.get::<Option<Digest>>(15).unwrap_or_default();
        // Once more beside the record's own, for a record that cannot be read.
        let timestamp = row.get(16)?;
        let record = read_record(&mut row).ok();
        Ok(Waiting {
            id: row.get(0)?,
            timestamp,
            mark,
            record,
        })
    };
    rows.into_iter().map(read).collect()
}

fn set_aside(
    session: &mut Session<'_>,
    tenant: TenantId,
    timestamp: Timestamp,
    id: KeyId,
) -> Result<(), StoreError> {
    session.execute(
        "UPDATE audit_record SET node = NULL, sequence = 0, position = 0
         WHERE tenant_id = ?1 AND timestamp = ?2 AND id = ?3",
        params![tenant, timestamp, id],
    )?;
    Ok(())
}

fn end(session: &mut Session<'_>, tenant: TenantId, node: KeyId) -> Result<ChainEnd, StoreError> {
    let row = session.row(
        "SELECT sequence, link FROM audit_link WHERE tenant_id = ?1 AND node = ?2
         ORDER BY sequence DESC LIMIT 1",
        params![tenant, node],
    )?;
    match row {
        Some(mut row) => Ok(ChainEnd {
            tenant,
            node,
            sequence: row.get(0)?,
            link: row.get(1)?,
        }),
        None => Ok(ChainEnd::empty(tenant, node)),
    }
}

fn read_link(row: &mut Row) -> Result<AuditLink, StoreError> {
    Ok(AuditLink {
        sequence: row.get(0)?,
        previous: row.get(1)?,
        created: row.get(2)?,
        manifest: row.get(3)?,
        key: row.get(4)?,
        link: row.get(5)?,
        signature: row.get(6)?,
    })
}

/// The records of a link's pack. Under a wrong time lists would not find them, so
/// they are as good as changed.
fn packed(pack: Option<&[u8]>, latest: Option<Timestamp>) -> Vec<ChainRecord> {
    let records = pack.and_then(unpack).unwrap_or_default();
    let times = records.iter().map(|(_, record)| record.timestamp);
    let is_found = times.max() == latest;
    let records = records.into_iter().map(|(id, record)| ChainRecord {
        id,
        record: is_found.then_some(record),
    });
    records.collect()
}
