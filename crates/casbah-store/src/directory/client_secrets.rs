//! Client secrets of applications and service principals.

use casbah_model::identity::ClientSecret;
use casbah_model::ids::{KeyId, ObjectId, TenantId};

use super::{registrations, service_principals};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// The secrets of an application or a service principal, the oldest first.
    pub async fn client_secrets(
        &self,
        tenant: TenantId,
        application: ObjectId,
    ) -> Result<Vec<ClientSecret>, StoreError> {
        self.read(move |session| secrets(session, tenant, application))
            .await
    }

    /// Stores a new secret; refused if what is to hold it is gone.
    pub async fn add_client_secret(
        &self,
        secret: ClientSecret,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            check_holder(session, secret.tenant, secret.application)?;
            session.execute(
                "INSERT INTO client_secret (tenant_id, application_id, key_id, display_name, hint,
                    start_at, end_at, hash, pepper_version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    secret.tenant,
                    secret.application,
                    secret.key_id,
                    secret.display_name.clone(),
                    &secret.hint,
                    secret.start,
                    secret.end,
                    secret.hash,
                    secret.pepper_version
                ],
            )?;
            audit::append(session, secret.tenant, &record)
        })
        .await
    }

    /// Deletes a secret; false if there is none.
    pub async fn remove_client_secret(
        &self,
        tenant: TenantId,
        application: ObjectId,
        key: KeyId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let removed = session.execute(
                "DELETE FROM client_secret WHERE tenant_id = ?1 AND application_id = ?2
                    AND key_id = ?3",
                params![tenant, application, key],
            )?;
            audit::append_if(session, tenant, &record, removed > 0)
        })
        .await
    }
}

fn check_holder(
    session: &mut Session<'_>,
    tenant: TenantId,
    holder: ObjectId,
) -> Result<(), StoreError> {
    let application = registrations::by_id(session, tenant, holder)?;
    let is_there = application.is_some_and(|application| application.deleted.is_none())
        || service_principals::by_id(session, tenant, holder)?.is_some();
    if is_there {
        Ok(())
    } else {
        Err(StoreError::Conflict(Conflict::Missing(holder)))
    }
}

pub(super) fn secrets(
    session: &mut Session<'_>,
    tenant: TenantId,
    application: ObjectId,
) -> Result<Vec<ClientSecret>, StoreError> {
    let rows = session.rows(
        "SELECT key_id, display_name, hint, start_at, end_at, hash, pepper_version FROM client_secret
         WHERE tenant_id = ?1 AND application_id = ?2 ORDER BY start_at, key_id",
        params![tenant, application],
    )?;
    rows.into_iter()
        .map(|row| read_secret(tenant, application, row))
        .collect()
}

pub(super) fn read_secret(
    tenant: TenantId,
    application: ObjectId,
    mut row: Row,
) -> Result<ClientSecret, StoreError> {
    Ok(ClientSecret {
        key_id: row.get(0)?,
        tenant,
        application,
        display_name: row.get(1)?,
        hint: row.get(2)?,
        start: row.get(3)?,
        end: row.get(4)?,
        hash: row.get(5)?,
        pepper_version: row.get(6)?,
    })
}
