//! Credentials of all applications, and who was told of their end.

use std::collections::HashMap;

use casbah_model::identity::{Application, ClientSecret, HeldCredential, ServicePrincipal};
use casbah_model::ids::{KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::client_secrets::read_secret;
use crate::database::{Row, params};
use crate::{ApplicationQuery, Store, StoreError};

impl Store {
    /// The credentials of all of a tenant's applications that are not deleted, and of
    /// its service principals: those that end first before the others, those without
    /// an end last.
    pub async fn credentials(&self, tenant: TenantId) -> Result<Vec<HeldCredential>, StoreError> {
        let applications = self.applications(tenant, ApplicationQuery::default());
        let applications = applications.await?;
        let principals = self.service_principals(tenant, ApplicationQuery::default());
        let principals: HashMap<ObjectId, ServicePrincipal> = principals
            .await?
            .into_iter()
            .map(|principal| (principal.id, principal))
            .collect();
        let secrets = self.secrets(tenant).await?;
        let mut held: Vec<_> = applications
            .iter()
            .flat_map(HeldCredential::of_application)
            .collect();
        let applications: HashMap<ObjectId, &Application> = applications
            .iter()
            .map(|application| (application.id, application))
            .collect();
        held.extend(secrets.iter().filter_map(|secret| {
            let holder = &secret.application;
            let of_application = applications.get(holder);
            of_application
                .map(|application| HeldCredential::secret(application, secret))
                .or_else(|| {
                    let principal = principals.get(holder)?;
                    Some(HeldCredential::principal_secret(principal, secret))
                })
        }));
        held.sort_by_key(|one| (one.end.is_none(), one.end, one.key_id));
        Ok(held)
    }

    async fn secrets(&self, tenant: TenantId) -> Result<Vec<ClientSecret>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT key_id, display_name, hint, start_at, end_at, hash, pepper_version,
                    application_id
                 FROM client_secret WHERE tenant_id = ?1",
                params![tenant],
            )?;
            let read = |mut row: Row| {
                let holder = row.get(7)?;
                read_secret(tenant, holder, row)
            };
            rows.into_iter().map(read).collect()
        })
        .await
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
