//! Who changed what.

use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub timestamp: Timestamp,
    /// Who: a principal name, or an application's id.
    pub actor: String,
    /// What was done: `application.create`, say.
    pub action: &'static str,
    /// To what.
    pub target: String,
}

impl AuditRecord {
    /// What `actor` does to `target` now.
    pub fn new(actor: &str, action: &'static str, target: &impl ToString) -> Self {
        Self {
            timestamp: Timestamp::now(),
            actor: actor.to_owned(),
            action,
            target: target.to_string(),
        }
    }
}

/// A change as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditRecord {
    /// When.
    pub timestamp: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
}

/// Appends a record in the transaction of the change.
pub(crate) fn append(
    session: &mut Session<'_>,
    tenant: TenantId,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO audit_record (tenant_id, timestamp, id, actor, action, target)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            tenant,
            record.timestamp,
            KeyId::random(),
            &record.actor,
            record.action,
            &record.target
        ],
    )?;
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

impl Store {
    /// Appends a record.
    pub async fn audit(&self, tenant: TenantId, record: AuditRecord) -> Result<(), StoreError> {
        self.write_apart(move |session| append(session, tenant, &record))
            .await
    }

    /// The latest records, the newest first.
    pub async fn audit_records(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<StoredAuditRecord>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT timestamp, actor, action, target FROM audit_record WHERE tenant_id = ?1
                 ORDER BY timestamp DESC, id LIMIT ?2",
                params![tenant, limit],
            )?;
            let read = |mut row: Row| {
                Ok(StoredAuditRecord {
                    timestamp: row.get(0)?,
                    actor: row.get(1)?,
                    action: row.get(2)?,
                    target: row.get(3)?,
                })
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }
}
