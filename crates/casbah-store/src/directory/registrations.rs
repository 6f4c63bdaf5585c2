//! Applications, as they are registered and changed.
//!
//! A change is loaded, checked and saved in one write together with its audit
//! record, so that no change is lost under another and none goes unseen.

use casbah_model::filter::fold;
use casbah_model::identity::Application;
use casbah_model::ids::{ObjectId, TenantId};

use super::applications::read_application;
use super::tenants::advance_epoch;
use super::{identifier_uris, owners};
use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::{Store, StoreError};

impl Store {
    /// Stores a new application, owned by `owner`.
    pub async fn create_application(
        &self,
        application: Application,
        owner: Option<ObjectId>,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            save(session, &application)?;
            if let Some(owner) = owner {
                owners::insert(session, application.tenant, application.id, owner)?;
            }
            audit::append(session, application.tenant, &record)
        })
        .await
    }

    /// Asks `change` about an application, deleted or not, and stores what it
    /// answers; tokens that lost a right by it end, in every tenant where the
    /// application is present.
    pub async fn change_application<E, C>(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
        change: C,
    ) -> Result<Result<Application, E>, StoreError>
    where
        E: Send + 'static,
        C: Fn(Option<Application>) -> Result<Application, E> + Send + 'static,
    {
        self.write(move |session| {
            let changed = match change(by_id(session, tenant, id)?) {
                Ok(changed) => changed,
                Err(refusal) => return Ok(Err(refusal)),
            };
            save(session, &changed)?;
            audit::append(session, tenant, &record)?;
            Ok(Ok(changed))
        })
        .await
    }
}

pub(super) fn by_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<Option<Application>, StoreError> {
    let row = session.row(
        "SELECT record FROM application WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    row.map(read_application).transpose()
}

fn save(session: &mut Session<'_>, application: &Application) -> Result<(), StoreError> {
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
            serde_json::to_string(application)?
        ],
    )?;
    session.execute(
        "INSERT INTO application_home (app_id, tenant_id) VALUES (?1, ?2)
         ON CONFLICT DO NOTHING",
        params![application.app_id, application.tenant],
    )?;
    identifier_uris::save(session, application)?;
    advance_epochs(session, application)
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
