//! Recovery codes: what a person has in place of a second factor that was lost.

use casbah_model::identity::Digest;
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;

use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::{Store, StoreError};

impl Store {
    /// Gives a person these recovery codes in place of those that were there.
    pub async fn set_recovery_codes(
        &self,
        tenant: TenantId,
        user: ObjectId,
        hashes: Vec<Digest>,
        now: Timestamp,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            forget(session, tenant, user)?;
            for hash in &hashes {
                session.execute(
                    "INSERT INTO recovery_code (tenant_id, user_id, hash, created)
                     VALUES (?1, ?2, ?3, ?4)",
                    params![tenant, user, *hash, now],
                )?;
            }
            audit::append(session, tenant, &record)
        })
        .await
    }

    /// Uses a code up, known by one of these hashes; false if the person has none of them,
    /// or somebody else was first.
    pub async fn use_recovery_code(
        &self,
        tenant: TenantId,
        user: ObjectId,
        hashes: Vec<Digest>,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let mut deleted = 0;
            for hash in &hashes {
                deleted += session.execute(
                    "DELETE FROM recovery_code
                     WHERE tenant_id = ?1 AND user_id = ?2 AND hash = ?3",
                    params![tenant, user, *hash],
                )?;
            }
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }
}

/// How many codes a person has left.
pub(super) fn count(
    session: &mut Session<'_>,
    tenant: TenantId,
    user: ObjectId,
) -> Result<u64, StoreError> {
    let count = session.number(
        "SELECT COUNT(*) FROM recovery_code WHERE tenant_id = ?1 AND user_id = ?2",
        params![tenant, user],
    )?;
    Ok(count.unsigned_abs())
}

/// Deletes a person's codes.
pub(super) fn forget(
    session: &mut Session<'_>,
    tenant: TenantId,
    user: ObjectId,
) -> Result<(), StoreError> {
    session.execute(
        "DELETE FROM recovery_code WHERE tenant_id = ?1 AND user_id = ?2",
        params![tenant, user],
    )?;
    Ok(())
}

/// Deletes the codes of a person who has no second factor left: they stand for none.
pub(super) fn forget_without_factor(
    session: &mut Session<'_>,
    tenant: TenantId,
    user: ObjectId,
) -> Result<(), StoreError> {
    session.execute(
        "DELETE FROM recovery_code WHERE tenant_id = ?1 AND user_id = ?2
         AND NOT EXISTS (SELECT 1 FROM authenticator_app WHERE tenant_id = ?1 AND user_id = ?2)
         AND NOT EXISTS (SELECT 1 FROM passkey WHERE tenant_id = ?1 AND user_id = ?2)",
        params![tenant, user],
    )?;
    Ok(())
}
