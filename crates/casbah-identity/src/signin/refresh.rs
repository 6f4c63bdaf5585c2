//! Refresh tokens: rotation and what a second use means (RFC 9700 section 4.14).

use casbah_model::identity::{
    AuthorizationCode, Platform, RefreshStanding, RefreshToken, RequestedResource,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::{DAY_MS, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::code::Refusal;
use super::opaque::{self, OpaqueKind};
use crate::error::AadError;
use crate::random::{NoRandomness, digest_of};

/// How long a token is still taken after its family has moved on from it, seconds.
///
/// Two tabs of one client, or two threads of one program, share what they keep and wake at
/// the same time: both come with the same token, each gets a successor, and what is kept is
/// the one that came last. A client whose connection broke before the answer came does the
/// same by itself. None of them may lose its sign-in, so within this time every use gets a
/// successor of its own, and none is ended.
///
/// A thief must not gain a sign-in of his own by that. So tokens are counted: the successor
/// of a token of the newest generation is of the next, and with it the family moves on; the
/// successor of one that was passed is of the newest. All that came of one moment thus are
/// of one generation, and the first of them that is used again makes the others old: whoever
/// comes with one of those after this time is a second party, and the family ends (RFC 9700
/// section 4.14.2). A thief who was quick enough once would have to be so at every refresh
/// of his victim, and is found out at the first that he misses; so is a victim who comes
/// after the thief, and then both have to sign in again.
pub const REUSE_GRACE_SECONDS: i64 = 30;

/// Days that a refresh token lives unused.
const LIFE_DAYS: i64 = 90;
/// The same for a page without a server, which cannot keep it as well.
const SPA_LIFE_DAYS: i64 = 1;

/// A refresh token that was just made: the only moment its text exists.
#[derive(Debug)]
pub struct NewRefreshToken {
    /// The text, for the client.
    pub text: SecretString,
    /// What is kept.
    pub stored: RefreshToken,
}

/// What a family of refresh tokens begins with.
#[derive(Debug, Clone)]
pub struct RefreshGrant {
    /// The person's tenant.
    pub tenant: TenantId,
    /// The client.
    pub client: AppId,
    /// How the client proves itself.
    pub platform: Platform,
    /// The person.
    pub user: ObjectId,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// What the scopes belong to.
    pub resource: Option<RequestedResource>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// How the person signed in (RFC 8176).
    pub methods: Vec<String>,
    /// The family.
    pub family: ObjectId,
}

impl RefreshGrant {
    /// What a code stands for, in the hands of a client of this platform.
    pub fn of_code(code: &AuthorizationCode, platform: Platform) -> Self {
        Self {
            tenant: code.tenant,
            client: code.client,
            platform,
            user: code.user,
            scopes: code.scopes.clone(),
            resource: code.resource.clone(),
            auth_time: code.auth_time,
            methods: code.methods.clone(),
            family: code.family,
        }
    }
}

/// The first token of a family.
///
/// # Errors
/// [`NoRandomness`]
pub fn first_refresh(grant: RefreshGrant, now: Timestamp) -> Result<NewRefreshToken, NoRandomness> {
    let text = opaque::fresh(OpaqueKind::Refresh, grant.tenant)?;
    let days = if grant.platform == Platform::Spa {
        SPA_LIFE_DAYS
    } else {
        LIFE_DAYS
    };
    let stored = RefreshToken {
        hash: digest_of(text.expose_secret()),
        family: grant.family,
        tenant: grant.tenant,
        client: grant.client,
        platform: grant.platform,
        user: grant.user,
        scopes: grant.scopes,
        resource: grant.resource,
        auth_time: grant.auth_time,
        methods: grant.methods,
        created: now,
        expires: now.plus_millis(days * DAY_MS),
        generation: 0,
        used: None,
        revoked: None,
    };
    Ok(NewRefreshToken { text, stored })
}

/// The token that follows `previous`. It lives as long as that did; for a page
/// without a server it ends when that would have. Its generation is set where it is stored,
/// by [`RefreshStanding::next_generation`].
///
/// # Errors
/// [`NoRandomness`]
pub fn next_refresh(
    previous: &RefreshToken,
    now: Timestamp,
) -> Result<NewRefreshToken, NoRandomness> {
    let text = opaque::fresh(OpaqueKind::Refresh, previous.tenant)?;
    let expires = if previous.platform == Platform::Spa {
        previous.expires
    } else {
        now.plus_millis(LIFE_DAYS * DAY_MS)
    };
    let stored = RefreshToken {
        hash: digest_of(text.expose_secret()),
        created: now,
        expires,
        used: None,
        revoked: None,
        ..previous.clone()
    };
    Ok(NewRefreshToken { text, stored })
}

/// Checks the use of a refresh token by an authenticated client. On success the
/// caller marks it used and stores the next in one transaction.
///
/// # Errors
/// [`Refusal`]; a token that comes after its time ends its family, see
/// [`REUSE_GRACE_SECONDS`].
pub fn check_refresh(
    stored: Option<&RefreshStanding>,
    client: AppId,
    tenant: Option<TenantId>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let RefreshStanding { token, passed, .. } = stored
        .filter(|standing| standing.token.client == client)
        .ok_or(AadError::GrantUnknown)?;
    if tenant.is_some_and(|tenant| tenant != token.tenant) {
        return Err(AadError::GrantOfOtherTenant.into());
    }
    let is_late = |passed: Timestamp| passed.plus_millis(REUSE_GRACE_SECONDS * 1000) < now;
    if token.revoked.is_some() || passed.is_some_and(is_late) {
        return Err(Refusal {
            error: AadError::RefreshTokenRevoked,
            ends_family: Some(token.family),
        });
    }
    if token.expires <= now {
        return Err(AadError::RefreshTokenExpired.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
