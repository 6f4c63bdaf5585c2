//! Service principals: applications as a tenant has them.

use casbah_model::filter::fold;
use casbah_model::identity::ServicePrincipal;
use casbah_model::ids::{AppId, ObjectId, TenantId};

use super::ApplicationQuery;
use super::tenants::advance_epoch;
use crate::database::{Row, Session, params};
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
        self.read(move |session| {
            let row = session.row(
                "SELECT record FROM service_principal WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            row.map(read_principal).transpose()
        })
        .await
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

    /// Stores a new service principal, or a new version of one with the same id;
    /// tokens that lost a right by it end.
    pub async fn save_service_principal(
        &self,
        principal: ServicePrincipal,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "INSERT INTO service_principal (tenant_id, id, app_id, name_folded, record)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (tenant_id, id) DO UPDATE SET name_folded = excluded.name_folded,
                    record = excluded.record",
                params![
                    principal.tenant,
                    principal.id,
                    principal.app_id,
                    fold(&principal.display_name),
                    serde_json::to_string(&principal)?
                ],
            )?;
            advance_epoch(session, principal.tenant)
        })
        .await
    }

    /// Deletes a service principal and all that was granted to it or on it.
    pub async fn delete_service_principal(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            for sql in [
                "DELETE FROM app_role_assignment
                 WHERE tenant_id = ?1 AND (principal_id = ?2 OR resource_id = ?2)",
                "DELETE FROM permission_grant
                 WHERE tenant_id = ?1 AND (client_id = ?2 OR resource_id = ?2)",
            ] {
                session.execute(sql, params![tenant, id])?;
            }
            let deleted = session.execute(
                "DELETE FROM service_principal WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            Ok(deleted > 0)
        })
        .await
    }
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
