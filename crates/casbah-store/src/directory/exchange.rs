//! Exchange of codes and refresh tokens: the check, the marking and the
//! successor in one transaction, so that only one of many callers gets through.

use casbah_model::identity::{AuthorizationCode, Digest, RefreshStanding, RefreshToken};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::sign_in::{code, insert_refresh_token, refresh_token};
use crate::database::{Session, params};
use crate::{Store, StoreError};

/// A decision against an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied<E> {
    /// Why.
    pub reason: E,
    /// The refresh tokens of this family end with it.
    pub ends_family: Option<ObjectId>,
}

impl Store {
    /// A code as it is stored, redeemed or not.
    pub async fn authorization_code(
        &self,
        tenant: TenantId,
        hash: Digest,
    ) -> Result<Option<AuthorizationCode>, StoreError> {
        self.read(move |session| code(session, tenant, hash)).await
    }

    /// A refresh token as it is stored, used or not.
    pub async fn refresh_token(
        &self,
        tenant: TenantId,
        hash: Digest,
    ) -> Result<Option<RefreshStanding>, StoreError> {
        self.read(move |session| standing(session, tenant, hash))
            .await
    }

    /// Asks `decide` about a code; if it agrees, marks the code redeemed and stores
    /// the refresh token that it answers. A code that is denied stays as it was.
    pub async fn exchange_authorization_code<E, D>(
        &self,
        tenant: TenantId,
        hash: Digest,
        now: Timestamp,
        decide: D,
    ) -> Result<Result<(), E>, StoreError>
    where
        E: Send + 'static,
        D: Fn(Option<&AuthorizationCode>) -> Result<Option<RefreshToken>, Denied<E>>
            + Send
            + 'static,
    {
        self.write_apart(move |session| {
            let stored = code(session, tenant, hash)?;
            let first = match decide(stored.as_ref()) {
                Ok(first) => first,
                Err(denied) => return deny(session, tenant, now, denied),
            };
            session.execute(
                "UPDATE authorization_code SET redeemed = ?3 WHERE tenant_id = ?1 AND hash = ?2",
                params![tenant, hash, now],
            )?;
            if let Some(first) = first {
                insert_refresh_token(session, &first)?;
                // A day longer than they are good, so that a client learns why.
                session.execute(
                    "DELETE FROM refresh_token WHERE tenant_id = ?1 AND expires < ?2",
                    params![tenant, now.minus_days(1)],
                )?;
            }
            Ok(Ok(()))
        })
        .await
    }

    /// Asks `decide` about a refresh token; if it agrees, marks the token used and
    /// stores the next. The time of the first use stands.
    pub async fn exchange_refresh_token<E, D>(
        &self,
        tenant: TenantId,
        hash: Digest,
        now: Timestamp,
        decide: D,
    ) -> Result<Result<(), E>, StoreError>
    where
        E: Send + 'static,
        D: Fn(Option<&RefreshStanding>) -> Result<RefreshToken, Denied<E>> + Send + 'static,
    {
        self.write_apart(move |session| {
            let stored = standing(session, tenant, hash)?;
            let next = match decide(stored.as_ref()) {
                Ok(next) => next,
                Err(denied) => return deny(session, tenant, now, denied),
            };
            session.execute(
                "UPDATE refresh_token SET used = COALESCE(used, ?3)
                 WHERE tenant_id = ?1 AND hash = ?2",
                params![tenant, hash, now],
            )?;
            insert_refresh_token(session, &next)?;
            // The family's own alone: writes of different people must not collide.
            session.execute(
                "DELETE FROM refresh_token WHERE tenant_id = ?1 AND family = ?2 AND expires < ?3",
                params![tenant, next.family, now.minus_days(1)],
            )?;
            Ok(Ok(()))
        })
        .await
    }
}

fn standing(
    session: &mut Session<'_>,
    tenant: TenantId,
    hash: Digest,
) -> Result<Option<RefreshStanding>, StoreError> {
    let Some(token) = refresh_token(session, tenant, hash)? else {
        return Ok(None);
    };
    let newest = session.number(
        "SELECT MAX(generation) FROM refresh_token WHERE tenant_id = ?1 AND family = ?2",
        params![tenant, token.family],
    )?;
    let row = session.row(
        "SELECT MIN(used) FROM refresh_token
         WHERE tenant_id = ?1 AND family = ?2 AND generation = ?3",
        params![tenant, token.family, token.generation],
    )?;
    let passed = row.map(|mut row| row.get(0)).transpose()?.flatten();
    Ok(Some(RefreshStanding {
        token,
        newest,
        passed,
    }))
}

fn deny<E>(
    session: &mut Session<'_>,
    tenant: TenantId,
    now: Timestamp,
    denied: Denied<E>,
) -> Result<Result<(), E>, StoreError> {
    if let Some(family) = denied.ends_family {
        session.execute(
            "UPDATE refresh_token SET revoked = ?3
             WHERE tenant_id = ?1 AND family = ?2 AND revoked IS NULL",
            params![tenant, family, now],
        )?;
    }
    Ok(Err(denied.reason))
}
