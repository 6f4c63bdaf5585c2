//! Who owns applications and service principals, and objects of any kind by their ids.

use casbah_model::identity::DirectoryObject;
use casbah_model::ids::{ObjectId, TenantId};

use super::{registrations, service_principals, users};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// The objects of a tenant with these ids, in their order; ids of nothing are left
    /// out, and so are deleted applications.
    pub async fn directory_objects(
        &self,
        tenant: TenantId,
        ids: Vec<ObjectId>,
    ) -> Result<Vec<DirectoryObject>, StoreError> {
        self.read(move |session| objects(session, tenant, &ids))
            .await
    }

    /// The owners of an object.
    pub async fn owners(
        &self,
        tenant: TenantId,
        object: ObjectId,
    ) -> Result<Vec<DirectoryObject>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT owner_id FROM directory_owner WHERE tenant_id = ?1 AND object_id = ?2
                 ORDER BY owner_id",
                params![tenant, object],
            )?;
            objects(session, tenant, &ids(rows)?)
        })
        .await
    }

    /// What a person or a service principal owns.
    pub async fn owned_objects(
        &self,
        tenant: TenantId,
        owner: ObjectId,
    ) -> Result<Vec<DirectoryObject>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT object_id FROM directory_owner WHERE tenant_id = ?1 AND owner_id = ?2
                 ORDER BY object_id",
                params![tenant, owner],
            )?;
            objects(session, tenant, &ids(rows)?)
        })
        .await
    }

    /// Whether `owner` owns the object.
    pub async fn is_owner(
        &self,
        tenant: TenantId,
        object: ObjectId,
        owner: ObjectId,
    ) -> Result<bool, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT 1 FROM directory_owner
                 WHERE tenant_id = ?1 AND object_id = ?2 AND owner_id = ?3",
                params![tenant, object, owner],
            )?;
            Ok(row.is_some())
        })
        .await
    }

    /// Adds an owner; refused if it is one already, or if either is gone.
    pub async fn add_owner(
        &self,
        tenant: TenantId,
        object: ObjectId,
        owner: ObjectId,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            for id in [object, owner] {
                if objects(session, tenant, &[id])?.is_empty() {
                    return Err(StoreError::Conflict(Conflict::Missing(id)));
                }
            }
            if !insert(session, tenant, object, owner)? {
                return Err(StoreError::Conflict(Conflict::Exists));
            }
            audit::append(session, tenant, &record)
        })
        .await
    }

    /// Takes an owner away; false if it was none.
    pub async fn remove_owner(
        &self,
        tenant: TenantId,
        object: ObjectId,
        owner: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let removed = session.execute(
                "DELETE FROM directory_owner
                 WHERE tenant_id = ?1 AND object_id = ?2 AND owner_id = ?3",
                params![tenant, object, owner],
            )?;
            audit::append_if(session, tenant, &record, removed > 0)
        })
        .await
    }
}

/// Makes `owner` one of the object's; false if it is already.
pub(super) fn insert(
    session: &mut Session<'_>,
    tenant: TenantId,
    object: ObjectId,
    owner: ObjectId,
) -> Result<bool, StoreError> {
    let added = session.execute(
        "INSERT INTO directory_owner (tenant_id, object_id, owner_id) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        params![tenant, object, owner],
    )?;
    Ok(added > 0)
}

fn ids(rows: Vec<Row>) -> Result<Vec<ObjectId>, StoreError> {
    rows.into_iter().map(|mut row| row.get(0)).collect()
}

fn objects(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[ObjectId],
) -> Result<Vec<DirectoryObject>, StoreError> {
    let mut objects = Vec::new();
    for id in ids {
        let application = registrations::by_id(session, tenant, *id)?
            .filter(|application| application.deleted.is_none());
        if let Some(application) = application {
            objects.push(DirectoryObject::Application(application));
        } else if let Some(principal) = service_principals::by_id(session, tenant, *id)? {
            objects.push(DirectoryObject::ServicePrincipal(principal));
        } else if let Some(user) = users::by_id(session, tenant, *id)? {
            objects.push(DirectoryObject::User(user));
        }
    }
    Ok(objects)
}
