//! The links of the audit: written, and read back to be verified.

use std::sync::Arc;

use casbah_model::audit::{AuditLink, AuditPlace, AuditSealer, ChainEnd};
use casbah_model::identity::Digest;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use super::{COLUMNS, insert, read_record};
use crate::database::{Row, Session, params};
use crate::{AuditRecord, Store, StoreError};

/// How many waiting records one link takes.
const MOST_WAITING: u32 = 1_000;

/// Records of one tenant to be written and linked; those that wait are linked with
/// them.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// The tenant.
    pub tenant: TenantId,
    /// The records, in their order.
    pub records: Vec<AuditRecord>,
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
                "SELECT sequence, previous, created, manifest, key_version, link, signature
                 FROM audit_link WHERE tenant_id = ?1 AND node = ?2 AND sequence > ?3
                 ORDER BY sequence LIMIT ?4",
                params![tenant, node, after, limit],
            )?;
            let mut links = Vec::with_capacity(rows.len());
            for row in rows {
                let link = read_link(row)?;
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
                let records = records.collect::<Result<_, StoreError>>()?;
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
    let waiting = waiting(session, tenant)?;
    let more = waiting.len() >= MOST_WAITING as usize;
    let mut times = Vec::new();
    let mut records = Vec::new();
    for Waiting {
        id,
        timestamp,
        mark,
        record,
    } in waiting
    {
        match record {
            Some(record) if mark == Some(sealer.mark(tenant, id, &record)) => {
                times.push(timestamp);
                records.push((id, record));
            }
            // Not this program's: it stays for all to see, and is never linked.
            _ => set_aside(session, tenant, timestamp, id)?,
        }
    }
    let known = records.len();
    records.extend(
        new.records
            .iter()
            .map(|record| (KeyId::random(), record.clone())),
    );
    if records.is_empty() {
        return Ok(more);
    }
    let end = end(session, tenant, node)?;
    let link = sealer.link(&end, &records, now);
    let places = (0_i64..).map(|position| AuditPlace {
        node,
        sequence: link.sequence,
        position,
    });
    for (index, ((id, record), place)) in records.iter().zip(places).enumerate() {
        match times.get(index) {
            Some(timestamp) if index < known => {
                session.execute(
                    "UPDATE audit_record SET node = ?4, sequence = ?5, position = ?6, mark = NULL
                     WHERE tenant_id = ?1 AND timestamp = ?2 AND id = ?3",
                    params![
                        tenant,
                        *timestamp,
                        *id,
                        node,
                        place.sequence,
                        place.position
                    ],
                )?;
            }
            _ => insert(session, tenant, *id, Some(place), None, record)?,
        }
    }
    session.execute(
        "INSERT INTO audit_link (tenant_id, node, sequence, previous, created, manifest,
            key_version, link, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            tenant,
            node,
            link.sequence,
            link.previous,
            link.created,
            link.manifest,
            link.key,
            link.link,
            link.signature
        ],
    )?;
    Ok(more)
}

fn waiting(session: &mut Session<'_>, tenant: TenantId) -> Result<Vec<Waiting>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, mark, timestamp FROM audit_record WHERE tenant_id = ?1 AND sequence IS NULL
         ORDER BY timestamp, id LIMIT ?2"
    );
    let rows = session.rows(&sql, params![tenant, MOST_WAITING])?;
    let read = |mut row: Row| {
        let mark = row.get::<Option<Digest>>(16).unwrap_or_default();
        // Once more beside the record's own, for a record that cannot be read.
        let timestamp = row.get(17)?;
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

fn read_link(mut row: Row) -> Result<AuditLink, StoreError> {
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
