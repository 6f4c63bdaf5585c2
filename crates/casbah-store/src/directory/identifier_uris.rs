//! Names under which applications are asked for as resources.

use casbah_model::identity::Application;
use casbah_model::ids::{AppId, TenantId};

use crate::database::{Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// The client id of the application that this identifier URI names in `tenant`:
    /// one registered there, or one from elsewhere that has a service principal
    /// there. Slashes at the end are not compared.
    pub async fn app_id_of_identifier_uri(
        &self,
        tenant: TenantId,
        uri: &str,
    ) -> Result<Option<AppId>, StoreError> {
        let uri = trimmed(uri).to_owned();
        self.read(move |session| find(session, tenant, &uri)).await
    }
}

/// Keeps the names of an application in place of those it had; a deleted one has none.
pub(super) fn save(session: &mut Session<'_>, application: &Application) -> Result<(), StoreError> {
    session.execute(
        "DELETE FROM identifier_uri WHERE tenant_id = ?1 AND app_id = ?2",
        params![application.tenant, application.app_id],
    )?;
    if application.deleted.is_some() {
        return Ok(());
    }
    for uri in &application.identifier_uris {
        let name = trimmed(uri);
        match find(session, application.tenant, name)? {
            None => {}
            Some(named) if named == application.app_id => continue,
            Some(_) => return Err(StoreError::Conflict(Conflict::IdentifierUri(uri.clone()))),
        }
        session.execute(
            "INSERT INTO identifier_uri (tenant_id, uri, app_id) VALUES (?1, ?2, ?3)",
            params![application.tenant, name, application.app_id],
        )?;
    }
    Ok(())
}

fn find(
    session: &mut Session<'_>,
    tenant: TenantId,
    uri: &str,
) -> Result<Option<AppId>, StoreError> {
    let own = session.row(
        "SELECT app_id FROM identifier_uri WHERE tenant_id = ?1 AND uri = ?2",
        params![tenant, uri],
    )?;
    if let Some(mut own) = own {
        return Ok(Some(own.get(0)?));
    }
    // Each name is in its home tenant, so the few from elsewhere are asked one by one.
    let foreign = session.rows(
        "SELECT p.app_id, h.tenant_id FROM service_principal p
         JOIN application_home h ON h.app_id = p.app_id
         WHERE p.tenant_id = ?1 AND h.tenant_id <> ?1 ORDER BY p.app_id",
        params![tenant],
    )?;
    for mut row in foreign {
        let (app_id, home): (AppId, TenantId) = (row.get(0)?, row.get(1)?);
        let named = session.row(
            "SELECT 1 FROM identifier_uri WHERE tenant_id = ?1 AND uri = ?2 AND app_id = ?3",
            params![home, uri, app_id],
        )?;
        if named.is_some() {
            return Ok(Some(app_id));
        }
    }
    Ok(None)
}

fn trimmed(uri: &str) -> &str {
    uri.trim_end_matches('/')
}
