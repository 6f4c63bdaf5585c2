//! Credentials of all applications, and who was told of their end.

use std::collections::HashMap;

use casbah_model::identity::{Application, ClientSecret};
use casbah_model::ids::{KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::client_secrets::read_secret;
use crate::database::{Row, params};
use crate::{ApplicationQuery, Store, StoreError};

impl Store {
    /// The secrets of all of a tenant's applications that are not deleted, those that
    /// end first before the others.
    pub async fn credentials(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<(Application, ClientSecret)>, StoreError> {
        let applications = self.applications(tenant, ApplicationQuery::default());
        let applications: HashMap<ObjectId, Application> = applications
            .await?
            .into_iter()
            .map(|application| (application.id, application))
            .collect();
        let secrets = self
            .read(move |session| {
                let rows = session.rows(
                    "SELECT key_id, display_name, hint, start_at, end_at, hash, pepper_version,
                        application_id
                     FROM client_secret WHERE tenant_id = ?1 ORDER BY end_at, key_id",
                    params![tenant],
                )?;
                rows.into_iter()
                    .map(|mut row| {
                        let application = row.get(7)?;
                        read_secret(tenant, application, row)
                    })
                    .collect::<Result<Vec<_>, StoreError>>()
            })
            .await?;
        let with_application = |secret: ClientSecret| {
            let application = applications.get(&secret.application)?;
            Some((application.clone(), secret))
        };
        Ok(secrets.into_iter().filter_map(with_application).collect())
    }

    /// Remembers that a credential's end is told at this threshold, in days; false if
    /// it was told at this one or a later one before, by whichever node.
    pub async fn begin_expiry_warning(
        &self,
        tenant: TenantId,
        key: KeyId,
        threshold: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let row = session.row(
                "SELECT threshold FROM expiry_warning WHERE tenant_id = ?1 AND key_id = ?2",
                params![tenant, key],
            )?;
            let before = row.map(|mut row: Row| row.get::<u32>(0)).transpose()?;
            if before.is_some_and(|before| before <= threshold) {
                return Ok(false);
            }
            session.execute(
                "INSERT INTO expiry_warning (tenant_id, key_id, threshold, warned)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant_id, key_id) DO UPDATE SET
                    threshold = excluded.threshold, warned = excluded.warned",
                params![tenant, key, threshold, now],
            )?;
            Ok(true)
        })
        .await
    }
}
