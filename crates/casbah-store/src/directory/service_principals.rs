//! Service principals: applications as a tenant has them.

use casbah_model::filter::fold;
use casbah_model::identity::{Application, ServicePrincipal};
use casbah_model::ids::{AppId, ObjectId, TenantId};

use super::tenants::advance_epoch;
use super::{ApplicationQuery, applications, owners};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// A tenant's service principals, by name.
    pub async fn service_principals(
        &self,
        tenant: TenantId,
        query: ApplicationQuery,
    ) -> Result<Vec<ServicePrincipal>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM service_principal WHERE tenant_id = ?1 ORDER BY name_folded, id",
                params![tenant],
            )?;
            let all = rows.into_iter().map(read_principal).collect::<Result<Vec<_>, _>>()?;
            Ok(query.select(all, |principal| (principal.app_id, &principal.display_name)))
        })
        .await
    }

    /// One service principal by its object id.
    pub async fn service_principal(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<Option<ServicePrincipal>, StoreError> {
        self.read(move |session| by_id(session, tenant, id)).await
    }

    /// One service principal by its application's client id.
    pub async fn service_principal_by_app_id(
        &self,
        tenant: TenantId,
        app_id: AppId,
    ) -> Result<Option<ServicePrincipal>, StoreError> {
        self.read(move |session| by_app_id(session, tenant, app_id))
            .await
    }

    /// Stores a service principal of the server's own; nothing changes if the tenant
    /// has one of its application already.
    pub async fn add_service_principal(
        &self,
        principal: ServicePrincipal,
    ) -> Result<(), StoreError> {
        self.write(move |session| insert(session, &principal).map(drop))
            .await
    }

    /// Asks `make` about an application, wherever its home is, and stores the service
    /// principal that it answers, owned by `owner`; refused if the tenant has one
    /// already.
    pub async fn create_service_principal<E, M>(
        &self,
        app_id: AppId,
        owner: Option<ObjectId>,
        record: AuditRecord,
        make: M,
    ) -> Result<Result<ServicePrincipal, E>, StoreError>
    where
        E: Send + 'static,
        M: Fn(Option<Application>) -> Result<ServicePrincipal, E> + Send + 'static,
    {
        self.write(move |session| {
            let principal = match make(applications::by_app_id(session, app_id)?) {
                Ok(principal) => principal,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if !insert(session, &principal)? {
                return Err(StoreError::Conflict(Conflict::Exists));
            }
            if let Some(owner) = owner {
                owners::insert(session, principal.tenant, principal.id, owner)?;
            }
            audit::append(session, principal.tenant, &record)?;
            Ok(Ok(principal))
        })
        .await
    }

    /// Asks `change` about a service principal and stores what it answers; tokens that
    /// lost a right by it end.
    pub async fn change_service_principal<E, C>(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
        change: C,
    ) -> Result<Result<ServicePrincipal, E>, StoreError>
    where
        E: Send + 'static,
        C: Fn(Option<ServicePrincipal>) -> Result<ServicePrincipal, E> + Send + 'static,
    {
        self.write(move |session| {
            let changed = match change(by_id(session, tenant, id)?) {
                Ok(changed) => changed,
                Err(refusal) => return Ok(Err(refusal)),
            };
            session.execute(
                "UPDATE service_principal SET name_folded = ?3, record = ?4
                 WHERE tenant_id = ?1 AND id = ?2",
                params![
                    tenant,
                    id,
                    fold(&changed.display_name),
                    serde_json::to_string(&changed)?
                ],
            )?;
            audit::append(session, tenant, &record)?;
            advance_epoch(session, tenant)?;
            Ok(Ok(changed))
        })
        .await
    }

    /// Deletes a service principal, its own secrets, and all that was granted to it or
    /// on it.
    pub async fn delete_service_principal(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            for sql in [
                "DELETE FROM app_role_assignment
                 WHERE tenant_id = ?1 AND (principal_id = ?2 OR resource_id = ?2)",
                "DELETE FROM permission_grant
                 WHERE tenant_id = ?1 AND (client_id = ?2 OR resource_id = ?2)",
                "DELETE FROM client_secret WHERE tenant_id = ?1 AND application_id = ?2",
                "DELETE FROM directory_owner WHERE tenant_id = ?1 AND (object_id = ?2 OR owner_id = ?2)",
            ] {
                session.execute(sql, params![tenant, id])?;
            }
            let deleted = session.execute(
                "DELETE FROM service_principal WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }
}

/// Stores a new one; false if the tenant has one of its application already.
pub(super) fn insert(
    session: &mut Session<'_>,
    principal: &ServicePrincipal,
) -> Result<bool, StoreError> {
    let added = session.execute(
        "INSERT INTO service_principal (tenant_id, id, app_id, name_folded, record)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![
            principal.tenant,
            principal.id,
            principal.app_id,
            fold(&principal.display_name),
            serde_json::to_string(principal)?
        ],
    )?;
    Ok(added > 0)
}

pub(super) fn by_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<Option<ServicePrincipal>, StoreError> {
    let row = session.row(
        "SELECT record FROM service_principal WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    row.map(read_principal).transpose()
}

pub(super) fn by_app_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    app_id: AppId,
) -> Result<Option<ServicePrincipal>, StoreError> {
    let row = session.row(
        "SELECT record FROM service_principal WHERE tenant_id = ?1 AND app_id = ?2",
        params![tenant, app_id],
    )?;
    row.map(read_principal).transpose()
}

fn read_principal(mut row: Row) -> Result<ServicePrincipal, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
