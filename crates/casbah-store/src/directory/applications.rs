//! Applications, as they are read.

use std::sync::Arc;

use casbah_model::filter::fold;
use casbah_model::identity::{
    AppRoleAssignment, Application, ClientSecret, FirstPartyApp, ServicePrincipal,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};

use super::client_secrets::secrets;
use super::registrations::by_id;
use super::{grants, service_principals};
use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

/// Which applications or service principals to list.
#[derive(Debug, Clone, Default)]
pub struct ApplicationQuery {
    /// The one with this client id.
    pub app_id: Option<AppId>,
    /// Those of this name, without regard to case.
    pub display_name: Option<String>,
    /// Those whose name starts so, without regard to case.
    pub name_prefix: Option<String>,
}

impl ApplicationQuery {
    fn matches(&self, app_id: AppId, display_name: &str) -> bool {
        let name = fold(display_name);
        self.app_id.is_none_or(|wanted| wanted == app_id)
            && self
                .display_name
                .as_deref()
                .is_none_or(|wanted| fold(wanted) == name)
            && self
                .name_prefix
                .as_deref()
                .is_none_or(|prefix| name.starts_with(&fold(prefix)))
    }

    pub(super) fn select<T>(&self, all: Vec<T>, names: impl Fn(&T) -> (AppId, &str)) -> Vec<T> {
        all.into_iter()
            .filter(|one| {
                let (app_id, name) = names(one);
                self.matches(app_id, name)
            })
            .collect()
    }
}

/// What a token request is decided by, read in one transaction.
#[derive(Debug, Clone, Default)]
pub struct TokenFacts {
    /// The application, wherever its home is.
    pub application: Option<Application>,
    /// Its service principal in the tenant that was asked.
    pub principal: Option<ServicePrincipal>,
    /// Its secrets, and those of its service principal there.
    pub secrets: Vec<ClientSecret>,
    /// The resource's service principal in the tenant that was asked.
    pub resource_principal: Option<ServicePrincipal>,
    /// The resource, if it is an application of a tenant.
    pub resource_application: Option<Application>,
    /// The client's assignments in the tenant that was asked.
    pub assignments: Vec<AppRoleAssignment>,
}

/// How many applications a tenant has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplicationCounts {
    /// Registered here; deleted ones are left out.
    pub registered: u64,
    /// Present here, and registered in other tenants.
    pub foreign: u64,
}

impl Store {
    /// How many applications a tenant has to do with, counted by indexes alone.
    pub async fn application_counts(
        &self,
        tenant: TenantId,
    ) -> Result<ApplicationCounts, StoreError> {
        self.read(move |session| {
            let registered = session.number(
                "SELECT COUNT(*) FROM application WHERE tenant_id = ?1 AND deleted IS NULL",
                params![tenant],
            )?;
            let present = session.number(
                "SELECT COUNT(*) FROM service_principal WHERE tenant_id = ?1 AND app_id NOT IN
                    (SELECT app_id FROM application WHERE tenant_id = ?1)",
                params![tenant],
            )?;
            let mut foreign = present;
            for app in FirstPartyApp::ALL {
                if service_principals::by_app_id(session, tenant, app.app_id)?.is_some() {
                    foreign -= 1;
                }
            }
            Ok(ApplicationCounts {
                registered: registered.try_into().unwrap_or_default(),
                foreign: foreign.try_into().unwrap_or_default(),
            })
        })
        .await
    }

    /// A tenant's applications, by name; deleted ones are left out.
    pub async fn applications(
        &self,
        tenant: TenantId,
        query: ApplicationQuery,
    ) -> Result<Vec<Application>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM application WHERE tenant_id = ?1 AND deleted IS NULL
                 ORDER BY name_folded, id",
                params![tenant],
            )?;
            let all = rows
                .into_iter()
                .map(read_application)
                .collect::<Result<Vec<_>, _>>()?;
            Ok(query.select(all, |application| {
                (application.app_id, &application.display_name)
            }))
        })
        .await
    }

    /// A tenant's deleted applications, the latest deletion first.
    pub async fn deleted_applications(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<Application>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM application WHERE tenant_id = ?1 AND deleted IS NOT NULL
                 ORDER BY deleted DESC, id",
                params![tenant],
            )?;
            rows.into_iter().map(read_application).collect()
        })
        .await
    }

    /// One application by its object id, deleted or not.
    pub async fn application(
        &self,
        tenant: TenantId,
        id: ObjectId,
    ) -> Result<Option<Application>, StoreError> {
        self.read(move |session| by_id(session, tenant, id)).await
    }

    /// One application by its client id, wherever its home is; deleted ones are left out.
    pub async fn application_by_app_id(
        &self,
        app_id: AppId,
    ) -> Result<Option<Application>, StoreError> {
        self.read(move |session| by_app_id(session, app_id)).await
    }

    /// All that a client's token request in `tenant` is decided by.
    pub async fn token_facts(
        &self,
        tenant: TenantId,
        client: AppId,
        resource: Option<AppId>,
    ) -> Result<Arc<TokenFacts>, StoreError> {
        let (key, version) = ((tenant, client, resource), self.database.version());
        let kept = &self.remembered.token_facts;
        if let Some(facts) = version.and_then(|version| kept.get(&key, version)) {
            return Ok(facts);
        }
        let facts = self.read(move |session| read_token_facts(session, tenant, client, resource));
        let facts = Arc::new(facts.await?);
        if let Some(version) = version {
            kept.put(key, version, &facts);
        }
        Ok(facts)
    }
}

fn read_token_facts(
    session: &mut Session<'_>,
    tenant: TenantId,
    client: AppId,
    resource: Option<AppId>,
) -> Result<TokenFacts, StoreError> {
    let application = by_app_id(session, client)?;
    let principal = service_principals::by_app_id(session, tenant, client)?;
    let (mut resource_principal, mut resource_application) = (None, None);
    if let Some(resource) = resource {
        resource_principal = service_principals::by_app_id(session, tenant, resource)?;
        resource_application = by_app_id(session, resource)?;
    }
    let mut held = Vec::new();
    if let Some(application) = &application {
        held = secrets(session, application.tenant, application.id)?;
    }
    if let Some(principal) = &principal {
        held.append(&mut secrets(session, tenant, principal.id)?);
    }
    Ok(TokenFacts {
        secrets: held,
        assignments: match &principal {
            Some(principal) => grants::assignments_of(session, tenant, principal.id)?,
            None => Vec::new(),
        },
        application,
        principal,
        resource_principal,
        resource_application,
    })
}

pub(super) fn by_app_id(
    session: &mut Session<'_>,
    app_id: AppId,
) -> Result<Option<Application>, StoreError> {
    let home = session.row(
        "SELECT tenant_id FROM application_home WHERE app_id = ?1",
        params![app_id],
    )?;
    let Some(mut home) = home else {
        return Ok(None);
    };
    let row = session.row(
        "SELECT record FROM application WHERE tenant_id = ?1 AND app_id = ?2 AND deleted IS NULL",
        params![home.get::<TenantId>(0)?, app_id],
    )?;
    row.map(read_application).transpose()
}

pub(super) fn read_application(mut row: Row) -> Result<Application, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
