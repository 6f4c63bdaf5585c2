//! Who did what.
//!
//! A change appends its record in its own transaction, marked but not yet linked;
//! [`Store::link_audit`] links it a moment later. Records of what changes nothing
//! here, such as tokens, are written by `link_audit` at once.

mod chain;
mod pack;
mod packed;
mod query;

use casbah_model::audit::{AuditPlace, Origin, Outcome};
pub use casbah_model::audit::{AuditRecord, StoredAuditRecord};
use casbah_model::identity::Digest;
use casbah_model::ids::{KeyId, TenantId};

use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

pub use chain::{ChainRecord, Link, NewLink};
pub use query::{AuditCursor, AuditQuery};

/// What a pack's records lie apart at most, milliseconds, so that a query of a time
/// need not look at all packs. Refusals that are counted together bear the time of the
/// first, a minute ago.
const PACK_SPAN_MS: i64 = 120_000;

/// The columns of a record, in the order of [`read`].
const COLUMNS: &str = "id, node, sequence, timestamp, actor, app_id, action, target, outcome,
    code, detail, source, correlation_id, trace_id, count";

/// Appends a record in the transaction of the change.
pub(crate) fn append(
    session: &mut Session<'_>,
    tenant: TenantId,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let id = KeyId::random();
    let sealer = session.audit.sealer.as_ref();
    let mark = sealer.map(|sealer| sealer.mark(tenant, id, record));
    insert(session, tenant, id, None, mark, record)?;
    if !session.audit.unlinked.contains(&tenant) {
        session.audit.unlinked.push(tenant);
    }
    Ok(())
}

/// Appends a record of what may not have been there to change; answers whether it was.
pub(crate) fn append_if(
    session: &mut Session<'_>,
    tenant: TenantId,
    record: &AuditRecord,
    is_changed: bool,
) -> Result<bool, StoreError> {
    if is_changed {
        append(session, tenant, record)?;
    }
    Ok(is_changed)
}

fn insert(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: KeyId,
    place: Option<(AuditPlace, i64)>,
    mark: Option<Digest>,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let origin = &record.origin;
    let bytes = |id: uuid::Uuid| id.as_bytes().to_vec();
    session.execute(
        "INSERT INTO audit_record (tenant_id, timestamp, id, node, sequence, position, mark,
            actor, app_id, action, target, outcome, code, detail, source, correlation_id,
            trace_id, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        params![
            tenant,
            record.timestamp,
            id,
            place.map(|(place, _)| place.node),
            place.map(|(place, _)| place.sequence),
            place.map(|(_, position)| position),
            mark,
            &record.actor,
            record.app,
            &record.action,
            &record.target,
            record.outcome.name(),
            record.outcome.code(),
            &record.detail,
            origin.source.map(|source| source.to_string()),
            origin.correlation_id.map(bytes),
            origin.trace_id.map(bytes),
            record.count
        ],
    )?;
    Ok(())
}

fn read(mut row: Row) -> Result<StoredAuditRecord, StoreError> {
    Ok(StoredAuditRecord {
        id: row.get(0)?,
        place: place(&mut row)?,
        record: read_record(&mut row)?,
    })
}

/// The place in columns 1 and 2; a record whose mark was wrong has none.
fn place(row: &mut Row) -> Result<Option<AuditPlace>, StoreError> {
    let node: Option<KeyId> = row.get(1)?;
    let sequence: Option<i64> = row.get(2)?;
    Ok(node
        .zip(sequence)
        .map(|(node, sequence)| AuditPlace { node, sequence }))
}

fn read_record(row: &mut Row) -> Result<AuditRecord, StoreError> {
    let wrong = |column, expected| StoreError::Column { column, expected };
    let outcome: String = row.get(8)?;
    let outcome = Outcome::from_parts(&outcome, row.get(9)?);
    let source: Option<String> = row.get(11)?;
    let source = source.map(|text| text.parse()).transpose();
    Ok(AuditRecord {
        timestamp: row.get(3)?,
        actor: row.get(4)?,
        app: row.get(5)?,
        action: row.get(6)?,
        target: row.get(7)?,
        outcome: outcome.ok_or_else(|| wrong(8, "an outcome"))?,
        detail: row.get(10)?,
        origin: Origin {
            source: source.map_err(|_| wrong(11, "an address"))?,
            correlation_id: row.get(12)?,
            trace_id: row.get(13)?,
        },
        count: row.get(14)?,
    })
}

impl Store {
    /// Appends a record.
    pub async fn audit(&self, tenant: TenantId, record: AuditRecord) -> Result<(), StoreError> {
        self.write_apart(move |session| append(session, tenant, &record))
            .await
    }
}
