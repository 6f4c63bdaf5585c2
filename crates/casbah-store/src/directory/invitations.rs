//! Invitations: one-time links with which people choose their first password.

use casbah_model::identity::{Digest, PasswordHash, PresentUser, User};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::people::{present, save};
use super::users::{by_id, insert};
use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::{Store, StoreError};

/// A link that is to be.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// SHA-256 of the link's secret.
    pub hash: Digest,
    /// When it ends.
    pub expires: Timestamp,
}

impl Store {
    /// Stores a new person together with the invitation.
    ///
    /// # Errors
    /// [`Conflict::Name`](crate::Conflict::Name) if another has the sign-in name.
    pub async fn create_invited_user(
        &self,
        user: User,
        invitation: NewInvitation,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            insert(session, &user)?;
            put(session, &user, &invitation)?;
            audit::append(session, user.tenant, &record)
        })
        .await
    }

    /// Asks `check` about a person and stores the invitation if it agrees, in place of
    /// the one before.
    pub async fn invite_user<E, C>(
        &self,
        tenant: TenantId,
        id: ObjectId,
        invitation: NewInvitation,
        record: AuditRecord,
        check: C,
    ) -> Result<Result<User, E>, StoreError>
    where
        E: Send + 'static,
        C: Fn(Option<PresentUser>) -> Result<User, E> + Send + 'static,
    {
        self.write(move |session| {
            let user = match check(present(session, tenant, id)?) {
                Ok(user) => user,
                Err(refusal) => return Ok(Err(refusal)),
            };
            end(session, tenant, id)?;
            put(session, &user, &invitation)?;
            audit::append(session, tenant, &record)?;
            Ok(Ok(user))
        })
        .await
    }

    /// The person whom a link was made for, while it is good.
    pub async fn invited_user(
        &self,
        tenant: TenantId,
        hash: Digest,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(move |session| invited(session, tenant, hash, now))
            .await
    }

    /// Uses a link up: the person whom it was made for has this password now. None if
    /// the link is not good any more. `record` tells what the audit keeps of the person.
    pub async fn accept_invitation<R>(
        &self,
        tenant: TenantId,
        hash: Digest,
        password: PasswordHash,
        now: Timestamp,
        record: R,
    ) -> Result<Option<User>, StoreError>
    where
        R: Fn(&User) -> AuditRecord + Send + 'static,
    {
        self.write(move |session| {
            let Some(mut user) = invited(session, tenant, hash, now)? else {
                return Ok(None);
            };
            user.password = Some(password.clone());
            user.must_change_password = false;
            save(session, &user)?;
            audit::append(session, tenant, &record(&user))?;
            Ok(Some(user))
        })
        .await
    }
}

/// Ends a person's invitation, if there is one.
pub(super) fn end(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<(), StoreError> {
    session.execute(
        "DELETE FROM user_invitation WHERE tenant_id = ?1 AND user_id = ?2",
        params![tenant, id],
    )?;
    Ok(())
}

fn put(
    session: &mut Session<'_>,
    user: &User,
    invitation: &NewInvitation,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO user_invitation (tenant_id, user_id, hash, expires) VALUES (?1, ?2, ?3, ?4)",
        params![user.tenant, user.id, invitation.hash, invitation.expires],
    )?;
    Ok(())
}

fn invited(
    session: &mut Session<'_>,
    tenant: TenantId,
    hash: Digest,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let row = session.row(
        "SELECT user_id FROM user_invitation
         WHERE tenant_id = ?1 AND hash = ?2 AND expires > ?3",
        params![tenant, hash, now],
    )?;
    let Some(mut row) = row else {
        return Ok(None);
    };
    // A person who is switched off or has a password has no invitation any more.
    by_id(session, tenant, row.get(0)?)
}
