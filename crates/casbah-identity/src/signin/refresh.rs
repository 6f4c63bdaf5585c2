//! Refresh tokens: rotation and what a second use means (RFC 9700 section 4.14).

use casbah_model::identity::{
    AuthorizationCode, Platform, RefreshChain, RefreshToken, RequestedResource,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::{DAY_MS, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::code::Refusal;
use super::opaque::{self, OpaqueKind};
use crate::error::AadError;
use crate::random::{NoRandomness, digest_of};

/// How long a token may be used once more after its first use, seconds. A client
/// whose connection broke before the answer came must not lose its sign-in. It gets
/// another successor in place of the one that it never saw, so that there is always
/// one token that is good; whoever comes with any other ends the family.
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
        used: None,
        revoked: None,
    };
    Ok(NewRefreshToken { text, stored })
}

/// The token that follows `previous`. It lives as long as that did; for a page
/// without a server it ends when that would have.
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
/// caller marks it used, ends its earlier successor and stores the next in one
/// transaction.
///
/// # Errors
/// [`Refusal`]; a token that comes again, or in whose place another was given, ends
/// its family.
pub fn check_refresh(
    stored: Option<&RefreshChain>,
    client: AppId,
    tenant: Option<TenantId>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let RefreshChain { token, successor } = stored
        .filter(|chain| chain.token.client == client)
        .ok_or(AadError::GrantUnknown)?;
    if tenant.is_some_and(|tenant| tenant != token.tenant) {
        return Err(AadError::GrantOfOtherTenant.into());
    }
    let is_late = |first: Timestamp| first.plus_millis(REUSE_GRACE_SECONDS * 1000) < now;
    let is_reuse = match (&token.used, successor) {
        (None, _) => false,
        (Some(used), Some(successor)) => successor.used.is_some() || is_late(used.at),
        (Some(_), None) => true,
    };
    if token.revoked.is_some() || is_reuse {
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
mod tests {
    use super::*;
    use casbah_model::identity::{Digest, RefreshUse};

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn code() -> AuthorizationCode {
        AuthorizationCode {
            hash: Digest::new([0; 32]),
            tenant: TenantId::random(),
            client: AppId::random(),
            user: ObjectId::random(),
            redirect_uri: "https://a".into(),
            scopes: vec!["offline_access".into()],
            resource: None,
            challenge: None,
            nonce: None,
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
            wants_auth_time: false,
            created: NOW,
            expires: NOW,
            redeemed: None,
            family: ObjectId::random(),
        }
    }

    fn unused(token: &RefreshToken) -> RefreshChain {
        RefreshChain {
            token: token.clone(),
            successor: None,
        }
    }

    fn check(chain: &RefreshChain, now: Timestamp) -> Result<(), Refusal> {
        let token = &chain.token;
        check_refresh(Some(chain), token.client, Some(token.tenant), now)
    }

    #[test]
    fn each_use_gives_the_next_of_the_family() {
        let first =
            first_refresh(RefreshGrant::of_code(&code(), Platform::PublicClient), NOW).unwrap();
        assert_eq!(check(&unused(&first.stored), NOW), Ok(()));
        let later = NOW.plus_millis(DAY_MS);
        let next = next_refresh(&first.stored, later).unwrap();
        assert_eq!(next.stored.family, first.stored.family);
        assert_eq!(next.stored.platform, Platform::PublicClient);
        assert_ne!(next.stored.hash, first.stored.hash);
        assert_eq!(
            next.stored.expires,
            first.stored.expires.plus_millis(DAY_MS)
        );
        assert_eq!(next.stored.auth_time, NOW);
    }

    #[test]
    fn a_page_without_a_server_signs_in_every_day() {
        let first = first_refresh(RefreshGrant::of_code(&code(), Platform::Spa), NOW).unwrap();
        let later = NOW.plus_millis(1_000);
        let next = next_refresh(&first.stored, later).unwrap();
        assert_eq!(next.stored.expires, NOW.plus_millis(DAY_MS));
    }

    #[test]
    fn a_second_use_ends_the_family_but_for_a_broken_connection() {
        let first = first_refresh(RefreshGrant::of_code(&code(), Platform::Web), NOW)
            .unwrap()
            .stored;
        let next = next_refresh(&first, NOW).unwrap().stored;
        let used = RefreshUse {
            at: NOW,
            successor: next.hash,
        };
        let chain = RefreshChain {
            token: RefreshToken {
                used: Some(used),
                ..first.clone()
            },
            successor: Some(next.clone()),
        };
        let grace = NOW.plus_millis(REUSE_GRACE_SECONDS * 1000);
        assert_eq!(check(&chain, grace), Ok(()));
        let refusal = Err(Refusal {
            error: AadError::RefreshTokenRevoked,
            ends_family: Some(first.family),
        });
        assert_eq!(check(&chain, grace.plus_millis(1)), refusal);

        let mut seen = chain.clone();
        seen.successor = Some(RefreshToken {
            used: Some(used),
            ..next
        });
        assert_eq!(check(&seen, NOW), refusal, "the answer had arrived");
        seen.successor = None;
        assert_eq!(check(&seen, NOW), refusal, "it is long gone");

        let mut replaced = unused(&first);
        replaced.token.revoked = Some(NOW);
        assert_eq!(check(&replaced, NOW), refusal);
    }

    #[test]
    fn each_obstacle_has_its_own_error() {
        let token = first_refresh(RefreshGrant::of_code(&code(), Platform::Web), NOW)
            .unwrap()
            .stored;
        let unknown = Err(AadError::GrantUnknown.into());
        assert_eq!(check_refresh(None, token.client, None, NOW), unknown);
        assert_eq!(
            check_refresh(Some(&unused(&token)), AppId::random(), None, NOW),
            unknown
        );
        assert_eq!(
            check_refresh(
                Some(&unused(&token)),
                token.client,
                Some(TenantId::random()),
                NOW
            ),
            Err(AadError::GrantOfOtherTenant.into())
        );
        assert_eq!(
            check(&unused(&token), token.expires),
            Err(AadError::RefreshTokenExpired.into())
        );
    }
}
