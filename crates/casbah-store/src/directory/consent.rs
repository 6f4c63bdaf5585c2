//! Consent: the service principal and all that it is granted, in one write.

use casbah_model::identity::{
    AppRoleAssignment, Application, ConsentGrant, ConsentType, PrincipalType, ServicePrincipal,
};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::grants::{insert_assignment, insert_grant, person_column, read, write_scopes};
use super::tenants::advance_epoch;
use super::{applications, service_principals};
use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

/// What a tenant, or one of its people, consents to.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The tenant.
    pub tenant: TenantId,
    /// The client.
    pub client: AppId,
    /// For whom scopes are granted.
    pub consent_type: ConsentType,
    /// App roles: the resource's service principal and the role.
    pub roles: Vec<(ObjectId, KeyId)>,
    /// Scopes: the resource's service principal and the scopes' values.
    pub scopes: Vec<(ObjectId, Vec<String>)>,
    /// When.
    pub now: Timestamp,
}

impl Store {
    /// Grants what was consented to, beside what was granted before. The application
    /// gets its service principal in the tenant if it has none.
    ///
    /// # Errors
    /// [`Conflict::Missing`] if the application is gone or not offered to the tenant, or
    /// if a resource is gone: then nothing is granted.
    pub async fn give_consent(
        &self,
        consent: Consent,
        record: AuditRecord,
    ) -> Result<ServicePrincipal, StoreError> {
        self.write(move |session| {
            let principal = principal_of(session, &consent, &record)?;
            for (resource, role) in &consent.roles {
                let assignment = AppRoleAssignment {
                    id: ObjectId::random(),
                    tenant: consent.tenant,
                    principal_id: principal.id,
                    principal_type: PrincipalType::ServicePrincipal,
                    resource_id: *resource,
                    app_role_id: *role,
                    created: consent.now,
                };
                insert_assignment(session, &assignment)?;
            }
            for (resource, scopes) in &consent.scopes {
                grant_scopes(session, &consent, principal.id, *resource, scopes)?;
            }
            advance_epoch(session, consent.tenant)?;
            audit::append(session, consent.tenant, &record)?;
            Ok(principal)
        })
        .await
    }
}

fn principal_of(
    session: &mut Session<'_>,
    consent: &Consent,
    record: &AuditRecord,
) -> Result<ServicePrincipal, StoreError> {
    let Consent { tenant, client, .. } = *consent;
    if let Some(principal) = service_principals::by_app_id(session, tenant, client)? {
        return Ok(principal);
    }
    let is_offered = |application: &Application| application.is_offered_to(tenant);
    let application = applications::by_app_id(session, client)?
        .filter(is_offered)
        .ok_or(StoreError::Conflict(Conflict::Missing(ObjectId::new(
            client.uuid(),
        ))))?;
    let principal = ServicePrincipal {
        id: ObjectId::random(),
        tenant,
        app_id: client,
        app_owner_tenant: application.tenant,
        display_name: application.display_name,
        enabled: true,
        app_role_assignment_required: false,
        created: consent.now,
    };
    service_principals::insert(session, &principal)?;
    let created = AuditRecord {
        action: "service_principal.create".to_owned(),
        target: principal.id.to_string(),
        detail: String::new(),
        ..record.clone()
    };
    audit::append(session, tenant, &created)?;
    Ok(principal)
}

/// Adds scopes to the grant that is there, or makes one.
fn grant_scopes(
    session: &mut Session<'_>,
    consent: &Consent,
    client: ObjectId,
    resource: ObjectId,
    scopes: &[String],
) -> Result<(), StoreError> {
    let row = session.row(
        "SELECT record FROM permission_grant WHERE tenant_id = ?1 AND client_id = ?2
            AND resource_id = ?3 AND principal_id = ?4",
        params![
            consent.tenant,
            client,
            resource,
            person_column(consent.consent_type)
        ],
    )?;
    let present: Option<ConsentGrant> = row.map(read).transpose()?;
    if let Some(mut grant) = present {
        for scope in scopes {
            if !grant.scopes.contains(scope) {
                grant.scopes.push(scope.clone());
            }
        }
        return write_scopes(session, &grant);
    }
    let grant = ConsentGrant {
        id: ObjectId::random(),
        tenant: consent.tenant,
        client_id: client,
        consent_type: consent.consent_type,
        resource_id: resource,
        scopes: scopes.to_vec(),
        created: consent.now,
    };
    insert_grant(session, &grant).map(drop)
}
