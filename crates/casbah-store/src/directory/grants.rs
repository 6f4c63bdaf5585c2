//! What was consented to: app-role assignments and delegated grants.

use casbah_model::identity::{AppRoleAssignment, ConsentGrant};
use casbah_model::ids::{ObjectId, TenantId};

use super::tenants::advance_epoch;
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// The app roles assigned to a principal.
    pub async fn assignments_of(
        &self,
        tenant: TenantId,
        principal: ObjectId,
    ) -> Result<Vec<AppRoleAssignment>, StoreError> {
        self.read(move |session| assignments_of(session, tenant, principal))
            .await
    }

    /// The app roles of a resource that are assigned to anybody.
    pub async fn assignments_to(
        &self,
        tenant: TenantId,
        resource: ObjectId,
    ) -> Result<Vec<AppRoleAssignment>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM app_role_assignment WHERE tenant_id = ?1 AND resource_id = ?2
                 ORDER BY id",
                params![tenant, resource],
            )?;
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Stores an assignment; refused if the same role is assigned already.
    pub async fn assign(&self, assignment: AppRoleAssignment) -> Result<(), StoreError> {
        self.write(move |session| {
            let added = session.execute(
                "INSERT INTO app_role_assignment (tenant_id, id, principal_id, resource_id,
                    app_role_id, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                params![
                    assignment.tenant,
                    assignment.id,
                    assignment.principal_id,
                    assignment.resource_id,
                    assignment.app_role_id,
                    serde_json::to_string(&assignment)?
                ],
            )?;
            if added == 0 {
                return Err(StoreError::Conflict(Conflict::Exists));
            }
            Ok(())
        })
        .await
    }

    /// Deletes an assignment, which ends tokens that have the role.
    pub async fn unassign(&self, tenant: TenantId, id: ObjectId) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = session.execute(
                "DELETE FROM app_role_assignment WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            Ok(deleted > 0)
        })
        .await
    }

    /// A tenant's delegated grants, of one client or of all.
    pub async fn consent_grants(
        &self,
        tenant: TenantId,
        client: Option<ObjectId>,
    ) -> Result<Vec<ConsentGrant>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM permission_grant WHERE tenant_id = ?1
                    AND (?2 IS NULL OR client_id = ?2) ORDER BY id",
                params![tenant, client],
            )?;
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Stores a delegated grant, or a new version of one with the same id.
    pub async fn save_consent_grant(&self, grant: ConsentGrant) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "INSERT INTO permission_grant (tenant_id, id, client_id, resource_id, record)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (tenant_id, id) DO UPDATE SET record = excluded.record",
                params![
                    grant.tenant,
                    grant.id,
                    grant.client_id,
                    grant.resource_id,
                    serde_json::to_string(&grant)?
                ],
            )?;
            advance_epoch(session, grant.tenant)
        })
        .await
    }

    /// Deletes a delegated grant; false if there is none.
    pub async fn delete_consent_grant(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = session.execute(
                "DELETE FROM permission_grant WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            Ok(deleted > 0)
        })
        .await
    }
}

pub(super) fn assignments_of(
    session: &mut Session<'_>,
    tenant: TenantId,
    principal: ObjectId,
) -> Result<Vec<AppRoleAssignment>, StoreError> {
    let rows = session.rows(
        "SELECT record FROM app_role_assignment WHERE tenant_id = ?1 AND principal_id = ?2
         ORDER BY id",
        params![tenant, principal],
    )?;
    rows.into_iter().map(read).collect()
}

fn read<T: serde::de::DeserializeOwned>(mut row: Row) -> Result<T, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
