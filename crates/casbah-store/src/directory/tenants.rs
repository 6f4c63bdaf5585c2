//! Tenants and their domains.

use std::sync::Arc;

use casbah_model::filter::fold;
use casbah_model::identity::{ServicePrincipal, Tenant, User};
use casbah_model::ids::TenantId;

use super::{service_principals, users};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

const SELECT: &str = "SELECT id, display_name, default_domain, is_home, auth_epoch, created,
    members_register FROM tenant";

/// A tenant that is to be.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The tenant with its domains.
    pub tenant: Tenant,
    /// Its first administrator.
    pub administrator: User,
    /// The applications that it knows from its beginning.
    pub principals: Vec<ServicePrincipal>,
    /// Who creates it, in which tenant; nobody at the first start.
    pub record: Option<(TenantId, AuditRecord)>,
}

impl Store {
    /// Stores a new tenant and all that it begins with.
    pub async fn create_tenant(&self, new: NewTenant) -> Result<(), StoreError> {
        self.write(move |session| {
            let tenant = &new.tenant;
            session.execute(
                "INSERT INTO tenant (id, display_name, default_domain, is_home, auth_epoch, created,
                    members_register)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    tenant.id,
                    &tenant.display_name,
                    &tenant.default_domain,
                    tenant.is_home,
                    tenant.auth_epoch,
                    tenant.created,
                    tenant.members_register
                ],
            )?;
            for domain in &tenant.domains {
                let added = session.execute(
                    "INSERT INTO tenant_domain (domain, tenant_id) VALUES (?1, ?2)
                     ON CONFLICT DO NOTHING",
                    params![fold(domain), tenant.id],
                )?;
                if added == 0 {
                    return Err(StoreError::Conflict(Conflict::Domain(domain.clone())));
                }
            }
            users::insert(session, &new.administrator)?;
            for principal in &new.principals {
                service_principals::insert(session, principal)?;
            }
            match &new.record {
                Some((home, record)) => audit::append(session, *home, record),
                None => Ok(()),
            }
        })
        .await
    }

    /// All tenants, the oldest first.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.read(|session| {
            let rows = session.rows(&format!("{SELECT} ORDER BY created, id"), params![])?;
            rows.into_iter()
                .map(|row| read_tenant(session, row))
                .collect()
        })
        .await
    }

    /// One tenant.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        let (version, kept) = (self.database.version(), &self.remembered.tenants);
        if let Some(tenant) = version.and_then(|version| kept.get(&id, version)) {
            return Ok(Option::clone(&tenant));
        }
        let tenant = self.read(move |session| {
            let row = session.row(&format!("{SELECT} WHERE id = ?1"), params![id])?;
            row.map(|row| read_tenant(session, row)).transpose()
        });
        let tenant = Arc::new(tenant.await?);
        if let Some(version) = version {
            kept.put(id, version, &tenant);
        }
        Ok(Option::clone(&tenant))
    }

    /// The tenant that a domain belongs to.
    pub async fn tenant_of_domain(&self, domain: &str) -> Result<Option<Tenant>, StoreError> {
        let domain = fold(domain);
        self.read(move |session| {
            let row = session.row(
                &format!(
                    "{SELECT} WHERE id = (SELECT tenant_id FROM tenant_domain WHERE domain = ?1)"
                ),
                params![&domain],
            )?;
            row.map(|row| read_tenant(session, row)).transpose()
        })
        .await
    }

    /// Says whether people without a role may register applications.
    pub async fn set_members_register(
        &self,
        tenant: TenantId,
        may: bool,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "UPDATE tenant SET members_register = ?2 WHERE id = ?1",
                params![tenant, may],
            )?;
            audit::append(session, tenant, &record)
        })
        .await
    }

    /// Gives a tenant another name.
    pub async fn rename_tenant(
        &self,
        tenant: TenantId,
        name: String,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "UPDATE tenant SET display_name = ?2 WHERE id = ?1",
                params![tenant, &name],
            )?;
            audit::append(session, tenant, &record)
        })
        .await
    }

    /// A number that grows when tokens of the tenant may have lost a right.
    pub async fn auth_epoch(&self, tenant: TenantId) -> Result<Option<i64>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT auth_epoch FROM tenant WHERE id = ?1",
                params![tenant],
            )?;
            row.map(|mut row| row.get(0)).transpose()
        })
        .await
    }
}

/// Ends what tokens were known to be good for, on every node.
pub(super) fn advance_epoch(session: &mut Session<'_>, tenant: TenantId) -> Result<(), StoreError> {
    session.execute(
        "UPDATE tenant SET auth_epoch = auth_epoch + 1 WHERE id = ?1",
        params![tenant],
    )?;
    Ok(())
}

fn read_tenant(session: &mut Session<'_>, mut row: Row) -> Result<Tenant, StoreError> {
    let id = row.get(0)?;
    let domains = session.rows(
        "SELECT domain FROM tenant_domain WHERE tenant_id = ?1 ORDER BY domain",
        params![id],
    )?;
    Ok(Tenant {
        id,
        display_name: row.get(1)?,
        default_domain: row.get(2)?,
        is_home: row.get(3)?,
        auth_epoch: row.get(4)?,
        created: row.get(5)?,
        members_register: row.get(6)?,
        domains: domains
            .into_iter()
            .map(|mut row| row.get(0))
            .collect::<Result<_, _>>()?,
    })
}
