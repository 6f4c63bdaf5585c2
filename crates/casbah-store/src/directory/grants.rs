//! What was consented to: app-role assignments and delegated grants.

use casbah_model::identity::{AppRoleAssignment, ConsentGrant, ConsentType, PrincipalType};
use casbah_model::ids::{ObjectId, TenantId};

use super::service_principals;
use super::tenants::advance_epoch;
use crate::audit::{self, AuditRecord};
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

    /// Stores an assignment; refused if the same role is assigned already, or if the
    /// holder or the resource is gone.
    pub async fn assign(
        &self,
        assignment: AppRoleAssignment,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            if !insert_assignment(session, &assignment)? {
                return Err(StoreError::Conflict(Conflict::Exists));
            }
            audit::append(session, assignment.tenant, &record)
        })
        .await
    }

    /// Deletes an assignment, which ends tokens that have the role; false if there is
    /// none.
    pub async fn unassign(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = session.execute(
                "DELETE FROM app_role_assignment WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            audit::append_if(session, tenant, &record, deleted > 0)
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

    /// One delegated grant.
    pub async fn consent_grant(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<Option<ConsentGrant>, StoreError> {
        self.read(move |session| grant_by_id(session, tenant, id))
            .await
    }

    /// Stores a new delegated grant; refused if there is one of this client on this
    /// resource for the same people, or if either is gone.
    pub async fn create_consent_grant(
        &self,
        grant: ConsentGrant,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            if !insert_grant(session, &grant)? {
                return Err(StoreError::Conflict(Conflict::Exists));
            }
            advance_epoch(session, grant.tenant)?;
            audit::append(session, grant.tenant, &record)
        })
        .await
    }

    /// Gives a delegated grant other scopes, which ends what tokens lost by it; false
    /// if there is none.
    pub async fn set_granted_scopes(
        &self,
        tenant: TenantId,
        id: ObjectId,
        scopes: Vec<String>,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let Some(mut grant) = grant_by_id(session, tenant, id)? else {
                return Ok(false);
            };
            grant.scopes.clone_from(&scopes);
            write_scopes(session, &grant)?;
            advance_epoch(session, tenant)?;
            audit::append(session, tenant, &record)?;
            Ok(true)
        })
        .await
    }

    /// Deletes a delegated grant; false if there is none.
    pub async fn delete_consent_grant(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = session.execute(
                "DELETE FROM permission_grant WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }
}

/// Stores an assignment; false if the same role is assigned already.
pub(super) fn insert_assignment(
    session: &mut Session<'_>,
    assignment: &AppRoleAssignment,
) -> Result<bool, StoreError> {
    let tenant = assignment.tenant;
    check_principal(session, tenant, assignment.resource_id)?;
    match assignment.principal_type {
        PrincipalType::ServicePrincipal => {
            check_principal(session, tenant, assignment.principal_id)?;
        }
        PrincipalType::User => check_user(session, tenant, assignment.principal_id)?,
    }
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
            serde_json::to_string(assignment)?
        ],
    )?;
    Ok(added > 0)
}

/// Stores a delegated grant; false if there is one of this client on this resource for
/// the same people.
pub(super) fn insert_grant(
    session: &mut Session<'_>,
    grant: &ConsentGrant,
) -> Result<bool, StoreError> {
    check_principal(session, grant.tenant, grant.client_id)?;
    check_principal(session, grant.tenant, grant.resource_id)?;
    if let ConsentType::Principal(person) = grant.consent_type {
        check_user(session, grant.tenant, person)?;
    }
    let added = session.execute(
        "INSERT INTO permission_grant (tenant_id, id, client_id, resource_id,
            principal_id, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        params![
            grant.tenant,
            grant.id,
            grant.client_id,
            grant.resource_id,
            person_column(grant.consent_type),
            serde_json::to_string(grant)?
        ],
    )?;
    Ok(added > 0)
}

/// Writes a grant back with the scopes that it has now.
pub(super) fn write_scopes(
    session: &mut Session<'_>,
    grant: &ConsentGrant,
) -> Result<(), StoreError> {
    session.execute(
        "UPDATE permission_grant SET record = ?3 WHERE tenant_id = ?1 AND id = ?2",
        params![grant.tenant, grant.id, serde_json::to_string(grant)?],
    )?;
    Ok(())
}

/// For whom a grant is, as its unique key has it: everyone is an id that nobody has.
pub(super) const fn person_column(consent_type: ConsentType) -> ObjectId {
    match consent_type {
        ConsentType::AllPrincipals => ObjectId::new(uuid::Uuid::nil()),
        ConsentType::Principal(person) => person,
    }
}

fn check_principal(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<(), StoreError> {
    let found = service_principals::by_id(session, tenant, id)?;
    found
        .map(drop)
        .ok_or(StoreError::Conflict(Conflict::Missing(id)))
}

fn check_user(session: &mut Session<'_>, tenant: TenantId, id: ObjectId) -> Result<(), StoreError> {
    let found = session.row(
        "SELECT 1 FROM directory_user WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    found
        .map(drop)
        .ok_or(StoreError::Conflict(Conflict::Missing(id)))
}

fn grant_by_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<Option<ConsentGrant>, StoreError> {
    let row = session.row(
        "SELECT record FROM permission_grant WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    row.map(read).transpose()
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

pub(super) fn read<T: serde::de::DeserializeOwned>(mut row: Row) -> Result<T, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
