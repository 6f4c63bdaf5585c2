//! People, as they are made, changed and deleted.
//!
//! As with applications, a change is loaded, checked and saved in one write together
//! with its audit record. The check is told whether the person is the tenant's last
//! administrator, and that stays so until the write is done: two administrators cannot
//! take the role from each other at once.

use casbah_model::identity::{DirectoryRole, PresentUser, User};
use casbah_model::ids::{ObjectId, TenantId};

use super::invitations;
use super::tenants::advance_epoch;
use super::users::{by_id, insert, update};
use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::{Store, StoreError};

/// What a person leaves behind, by the column that names the person.
const LEFT: [(&str, &str); 12] = [
    ("user_invitation", "user_id"),
    ("user_session", "user_id"),
    ("authorization_code", "user_id"),
    ("refresh_token", "user_id"),
    ("app_role_assignment", "principal_id"),
    ("permission_grant", "principal_id"),
    ("directory_owner", "owner_id"),
    ("authenticator_app", "user_id"),
    ("passkey", "user_id"),
    ("recovery_code", "user_id"),
    ("sign_in_step", "user_id"),
    ("identity_provider_link", "user_id"),
];

impl Store {
    /// Stores a new person.
    ///
    /// # Errors
    /// [`Conflict::Name`](crate::Conflict::Name) if another has the sign-in name.
    pub async fn create_user(&self, user: User, record: AuditRecord) -> Result<(), StoreError> {
        self.write(move |session| {
            insert(session, &user)?;
            audit::append(session, user.tenant, &record)
        })
        .await
    }

    /// Asks `change` about a person and stores what it answers; what tokens were known
    /// to be good for ends. An invitation ends where it has no sense any more.
    ///
    /// # Errors
    /// [`Conflict::Name`](crate::Conflict::Name) if another has the sign-in name.
    pub async fn change_user<E, C>(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
        change: C,
    ) -> Result<Result<User, E>, StoreError>
    where
        E: Send + 'static,
        C: Fn(Option<PresentUser>) -> Result<User, E> + Send + 'static,
    {
        self.write(move |session| {
            let changed = match change(present(session, tenant, id)?) {
                Ok(changed) => changed,
                Err(refusal) => return Ok(Err(refusal)),
            };
            save(session, &changed)?;
            audit::append(session, tenant, &record)?;
            Ok(Ok(changed))
        })
        .await
    }

    /// Asks `check` about a person and deletes the person if it agrees, with all that
    /// the person was given and signed in to.
    pub async fn delete_user<E, C>(
        &self,
        tenant: TenantId,
        id: ObjectId,
        record: AuditRecord,
        check: C,
    ) -> Result<Result<(), E>, StoreError>
    where
        E: Send + 'static,
        C: Fn(Option<&PresentUser>) -> Result<(), E> + Send + 'static,
    {
        self.write(move |session| {
            if let Err(refusal) = check(present(session, tenant, id)?.as_ref()) {
                return Ok(Err(refusal));
            }
            for (table, column) in LEFT {
                session.execute(
                    &format!("DELETE FROM {table} WHERE tenant_id = ?1 AND {column} = ?2"),
                    params![tenant, id],
                )?;
            }
            session.execute("DELETE FROM passkey_home WHERE user_id = ?1", params![id])?;
            session.execute(
                "DELETE FROM directory_user WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            advance_epoch(session, tenant)?;
            audit::append(session, tenant, &record)?;
            Ok(Ok(()))
        })
        .await
    }
}

/// Writes a changed person back.
pub(super) fn save(session: &mut Session<'_>, user: &User) -> Result<(), StoreError> {
    update(session, user)?;
    if !user.enabled || user.password.is_some() {
        invitations::end(session, user.tenant, user.id)?;
    }
    advance_epoch(session, user.tenant)
}

/// A person as a change finds it.
pub(super) fn present(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<Option<PresentUser>, StoreError> {
    let Some(user) = by_id(session, tenant, id)? else {
        return Ok(None);
    };
    let is_last_administrator =
        is_administrator(&user) && !has_other_administrator(session, tenant, id)?;
    Ok(Some(PresentUser {
        user,
        is_last_administrator,
    }))
}

fn is_administrator(user: &User) -> bool {
    user.enabled && user.roles.contains(&DirectoryRole::GlobalAdministrator)
}

fn has_other_administrator(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<bool, StoreError> {
    // The roles are a JSON array of names.
    let name = serde_json::to_string(&DirectoryRole::GlobalAdministrator)?;
    let row = session.row(
        "SELECT id FROM directory_user
         WHERE tenant_id = ?1 AND id <> ?2 AND enabled = 1 AND roles LIKE ?3 LIMIT 1",
        params![tenant, id, format!("%{name}%")],
    )?;
    Ok(row.is_some())
}
