//! Assertions that count once only.

use casbah_model::identity::Digest;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;

use crate::database::params;
use crate::{Store, StoreError};

impl Store {
    /// Keeps the use of an assertion until `expires`; false if it was used before, through
    /// whichever node. What has ended by `now` is forgotten on the way, for it proves
    /// nothing any more by itself.
    pub async fn use_assertion(
        &self,
        tenant: TenantId,
        hash: Digest,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "DELETE FROM client_assertion WHERE tenant_id = ?1 AND expires <= ?2",
                params![tenant, now],
            )?;
            let kept = session.execute(
                "INSERT INTO client_assertion (tenant_id, hash, expires) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![tenant, hash, expires],
            )?;
            Ok(kept > 0)
        })
        .await
    }
}
