//! Applications and their client secrets.

use casbah_model::filter::fold;
use casbah_model::identity::{AppRoleAssignment, Application, ClientSecret, ServicePrincipal};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::tenants::advance_epoch;
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
    /// Its secrets.
    pub secrets: Vec<ClientSecret>,
    /// The resource's service principal in the tenant that was asked.
    pub resource_principal: Option<ServicePrincipal>,
    /// The resource, if it is an application of a tenant.
    pub resource_application: Option<Application>,
    /// The client's assignments in the tenant that was asked.
    pub assignments: Vec<AppRoleAssignment>,
}

impl Store {
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
        self.read(move |session| {
            let row = session.row(
                "SELECT record FROM application WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            row.map(read_application).transpose()
        })
        .await
    }

    /// One application by its client id, wherever its home is; deleted ones are left out.
    pub async fn application_by_app_id(
        &self,
        app_id: AppId,
    ) -> Result<Option<Application>, StoreError> {
        self.read(move |session| by_app_id(session, app_id)).await
    }

    /// Stores a new application, or a new version of one with the same id; tokens
    /// that lost a right by it end, in every tenant where it is present.
    pub async fn save_application(&self, application: Application) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "INSERT INTO application (tenant_id, id, app_id, name_folded, created, deleted, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (tenant_id, id) DO UPDATE SET name_folded = excluded.name_folded,
                    deleted = excluded.deleted, record = excluded.record",
                params![
                    application.tenant,
                    application.id,
                    application.app_id,
                    fold(&application.display_name),
                    application.created,
                    application.deleted,
                    serde_json::to_string(&application)?
                ],
            )?;
            session.execute(
                "INSERT INTO application_home (app_id, tenant_id) VALUES (?1, ?2)
                 ON CONFLICT DO NOTHING",
                params![application.app_id, application.tenant],
            )?;
            advance_epochs(session, &application)
        })
        .await
    }

    /// The secrets of an application, the oldest first.
    pub async fn client_secrets(
        &self,
        tenant: TenantId,
        application: ObjectId,
    ) -> Result<Vec<ClientSecret>, StoreError> {
        self.read(move |session| secrets(session, tenant, application))
            .await
    }

    /// Stores a new secret.
    pub async fn add_client_secret(&self, secret: ClientSecret) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "INSERT INTO client_secret (tenant_id, application_id, key_id, display_name, hint,
                    start_at, end_at, hash, pepper_version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    secret.tenant,
                    secret.application,
                    secret.key_id,
                    secret.display_name.clone(),
                    &secret.hint,
                    secret.start,
                    secret.end,
                    secret.hash,
                    secret.pepper_version
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Deletes a secret; false if there is none.
    pub async fn remove_client_secret(
        &self,
        tenant: TenantId,
        application: ObjectId,
        key: KeyId,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let removed = session.execute(
                "DELETE FROM client_secret WHERE tenant_id = ?1 AND application_id = ?2
                    AND key_id = ?3",
                params![tenant, application, key],
            )?;
            Ok(removed > 0)
        })
        .await
    }

    /// The client id of the application that this identifier URI names in `tenant`:
    /// one registered there, or one from elsewhere that has a service principal
    /// there. Slashes at the end are not compared.
    pub async fn app_id_of_identifier_uri(
        &self,
        tenant: TenantId,
        uri: &str,
    ) -> Result<Option<AppId>, StoreError> {
        let wanted = uri.trim_end_matches('/').to_owned();
        self.read(move |session| {
            let own = session.rows(
                "SELECT record FROM application WHERE tenant_id = ?1 AND deleted IS NULL
                 ORDER BY created, id",
                params![tenant],
            )?;
            for row in own {
                let application = read_application(row)?;
                if application.is_named(&wanted) {
                    return Ok(Some(application.app_id));
                }
            }
            let principals = session.rows(
                "SELECT p.app_id FROM service_principal p
                 JOIN application_home h ON h.app_id = p.app_id
                 WHERE p.tenant_id = ?1 AND h.tenant_id <> ?1 ORDER BY p.app_id",
                params![tenant],
            )?;
            for mut row in principals {
                let application = by_app_id(session, row.get(0)?)?;
                if let Some(application) = application.filter(|one| one.is_named(&wanted)) {
                    return Ok(Some(application.app_id));
                }
            }
            Ok(None)
        })
        .await
    }

    /// All that a client's token request in `tenant` is decided by.
    pub async fn token_facts(
        &self,
        tenant: TenantId,
        client: AppId,
        resource: Option<AppId>,
    ) -> Result<TokenFacts, StoreError> {
        self.read(move |session| {
            let application = by_app_id(session, client)?;
            let principal = service_principals::by_app_id(session, tenant, client)?;
            let (mut resource_principal, mut resource_application) = (None, None);
            if let Some(resource) = resource {
                resource_principal = service_principals::by_app_id(session, tenant, resource)?;
                resource_application = by_app_id(session, resource)?;
            }
            Ok(TokenFacts {
                secrets: match &application {
                    Some(application) => secrets(session, application.tenant, application.id)?,
                    None => Vec::new(),
                },
                assignments: match &principal {
                    Some(principal) => grants::assignments_of(session, tenant, principal.id)?,
                    None => Vec::new(),
                },
                application,
                principal,
                resource_principal,
                resource_application,
            })
        })
        .await
    }
}

/// Ends what tokens were known to be good for, at home and wherever the application
/// has a service principal.
fn advance_epochs(session: &mut Session<'_>, application: &Application) -> Result<(), StoreError> {
    let rows = session.rows(
        "SELECT tenant_id FROM service_principal WHERE app_id = ?1 AND tenant_id <> ?2
         ORDER BY tenant_id",
        params![application.app_id, application.tenant],
    )?;
    for mut row in rows {
        advance_epoch(session, row.get(0)?)?;
    }
    advance_epoch(session, application.tenant)
}

fn by_app_id(session: &mut Session<'_>, app_id: AppId) -> Result<Option<Application>, StoreError> {
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

fn secrets(
    session: &mut Session<'_>,
    tenant: TenantId,
    application: ObjectId,
) -> Result<Vec<ClientSecret>, StoreError> {
    let rows = session.rows(
        "SELECT key_id, display_name, hint, start_at, end_at, hash, pepper_version FROM client_secret
         WHERE tenant_id = ?1 AND application_id = ?2 ORDER BY start_at, key_id",
        params![tenant, application],
    )?;
    let read = |mut row: Row| {
        Ok(ClientSecret {
            key_id: row.get(0)?,
            tenant,
            application,
            display_name: row.get(1)?,
            hint: row.get(2)?,
            start: row.get::<Timestamp>(3)?,
            end: row.get(4)?,
            hash: row.get(5)?,
            pepper_version: row.get(6)?,
        })
    };
    rows.into_iter().map(read).collect()
}

fn read_application(mut row: Row) -> Result<Application, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
