//! Companies' own providers, through which people of a tenant sign in.

mod links;
mod sign_ins;

use casbah_model::filter::fold;
use casbah_model::identity::{IdentityProvider, Sealed};
use casbah_model::ids::{ObjectId, TenantId};

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// The providers of a tenant, by name.
    pub async fn identity_providers(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<IdentityProvider>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM identity_provider WHERE tenant_id = ?1
                 ORDER BY name_folded",
                params![tenant],
            )?;
            rows.into_iter().map(read_provider).collect()
        })
        .await
    }

    /// One provider.
    pub async fn identity_provider(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<Option<IdentityProvider>, StoreError> {
        self.read(move |session| by_id(session, tenant, id)).await
    }

    /// Whether any tenant's people may sign in through a provider.
    pub async fn has_identity_providers(&self) -> Result<bool, StoreError> {
        self.read(|session| {
            let row = session.row(
                "SELECT 1 FROM identity_provider WHERE enabled = 1 LIMIT 1",
                params![],
            )?;
            Ok(row.is_some())
        })
        .await
    }

    /// The sealed secret of the tenant's client at a provider.
    pub async fn identity_provider_secret(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<Option<Sealed>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT secret FROM identity_provider WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            row.map(|mut row| Ok(Sealed::new(row.get(0)?))).transpose()
        })
        .await
    }

    /// Stores a new provider; refused if another has the same name, the same client of the
    /// same issuer, or one of the domains.
    pub async fn create_identity_provider(
        &self,
        provider: IdentityProvider,
        secret: Sealed,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            check_unique(session, &provider)?;
            session.execute(
                "INSERT INTO identity_provider (tenant_id, id, name_folded, issuer, client_id,
                    enabled, secret, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    provider.tenant,
                    provider.id,
                    fold(&provider.display_name),
                    &provider.issuer,
                    &provider.client_id,
                    provider.enabled,
                    secret.as_bytes().to_vec(),
                    serde_json::to_string(&provider)?
                ],
            )?;
            save_domains(session, &provider)?;
            audit::append(session, provider.tenant, &record)
        })
        .await
    }

    /// Asks `change` about a provider and stores what it answers, with another secret if
    /// there is one.
    pub async fn change_identity_provider<E, C>(
        &self,
        tenant: TenantId,
        id: ObjectId,
        secret: Option<Sealed>,
        record: AuditRecord,
        change: C,
    ) -> Result<Result<IdentityProvider, E>, StoreError>
    where
        E: Send + 'static,
        C: Fn(Option<IdentityProvider>) -> Result<IdentityProvider, E> + Send + 'static,
    {
        self.write(move |session| {
            let changed = match change(by_id(session, tenant, id)?) {
                Ok(changed) => changed,
                Err(refusal) => return Ok(Err(refusal)),
            };
            check_unique(session, &changed)?;
            session.execute(
                "UPDATE identity_provider SET name_folded = ?3, issuer = ?4, client_id = ?5,
                    enabled = ?6, record = ?7
                 WHERE tenant_id = ?1 AND id = ?2",
                params![
                    tenant,
                    id,
                    fold(&changed.display_name),
                    &changed.issuer,
                    &changed.client_id,
                    changed.enabled,
                    serde_json::to_string(&changed)?
                ],
            )?;
            if let Some(secret) = &secret {
                session.execute(
                    "UPDATE identity_provider SET secret = ?3 WHERE tenant_id = ?1 AND id = ?2",
                    params![tenant, id, secret.as_bytes().to_vec()],
                )?;
            }
            save_domains(session, &changed)?;
            audit::append(session, tenant, &record)?;
            Ok(Ok(changed))
        })
        .await
    }

    /// Deletes a provider with all that hangs on it; false if there is none.
    pub async fn delete_identity_provider(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            for table in [
                "identity_provider_domain",
                "identity_provider_link",
                "identity_provider_sign_in",
            ] {
                session.execute(
                    &format!("DELETE FROM {table} WHERE tenant_id = ?1 AND provider_id = ?2"),
                    params![tenant, id],
                )?;
            }
            let deleted = session.execute(
                "DELETE FROM identity_provider WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }
}

fn by_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<Option<IdentityProvider>, StoreError> {
    let row = session.row(
        "SELECT record FROM identity_provider WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    row.map(read_provider).transpose()
}

fn read_provider(mut row: Row) -> Result<IdentityProvider, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}

/// Says what another provider has already, before the schema's keys would refuse it
/// without a word.
fn check_unique(session: &mut Session<'_>, provider: &IdentityProvider) -> Result<(), StoreError> {
    let taken = |what| Err(StoreError::Conflict(Conflict::IdentityProvider(what)));
    let of_name = session.row(
        "SELECT 1 FROM identity_provider WHERE tenant_id = ?1 AND name_folded = ?2 AND id <> ?3",
        params![provider.tenant, fold(&provider.display_name), provider.id],
    )?;
    if of_name.is_some() {
        return taken("name");
    }
    let of_client = session.row(
        "SELECT 1 FROM identity_provider
         WHERE tenant_id = ?1 AND issuer = ?2 AND client_id = ?3 AND id <> ?4",
        params![
            provider.tenant,
            &provider.issuer,
            &provider.client_id,
            provider.id
        ],
    )?;
    if of_client.is_some() {
        return taken("issuer and client id");
    }
    Ok(())
}

fn save_domains(session: &mut Session<'_>, provider: &IdentityProvider) -> Result<(), StoreError> {
    session.execute(
        "DELETE FROM identity_provider_domain WHERE tenant_id = ?1 AND provider_id = ?2",
        params![provider.tenant, provider.id],
    )?;
    for domain in &provider.domains {
        let added = session.execute(
            "INSERT INTO identity_provider_domain (tenant_id, domain, provider_id)
             VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![provider.tenant, fold(domain), provider.id],
        )?;
        if added == 0 {
            return Err(StoreError::Conflict(Conflict::IdentityProvider("domain")));
        }
    }
    Ok(())
}
