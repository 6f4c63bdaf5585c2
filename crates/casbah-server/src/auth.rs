//! From a token to a caller: who asks, for which tenant, and what they may do.
//!
//! A token is verified once and then known by its SHA-256 until it expires. Each
//! tenant has an epoch that every change of a grant advances; it is read again at
//! most every five seconds, and a known token needs the epoch it was known under,
//! so that revoking ends issued tokens on every node within that time. Legacy API tokens
//! are looked up each time.

mod api_token;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use casbah_identity::Authority;
use casbah_identity::random::digest_of;
use casbah_model::audit::{AuditRecord, Origin};
use casbah_model::identity::{
    CASBAH, CLOUD_APP_SECURITY, DirectoryRole, FirstPartyApp, User, may_have_api_tokens,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::permission::{
    Action, ApplicationRole, CasbahRole, Permission, PermissionSet, Use, role_allows, scopes_allow,
};
use casbah_model::time::Timestamp;
use casbah_token::{CallerKind, Claims, IssuerPatternError, Life, Policy};
use lru::LruCache;

use crate::api::ApiError;
use crate::standing::Standing;
use crate::state::App;

/// How long a tenant's epoch is believed.
const EPOCH_LIFE: Duration = Duration::from_secs(5);

/// How many tokens are known at once.
const KNOWN_TOKENS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    /// Where the request comes from.
    pub(crate) origin: Origin,
    /// The program that calls; none in the portal and for a legacy API token, which
    /// names none.
    pub(crate) application: Option<AppId>,
    rights: Rights,
}

#[derive(Debug, Clone)]
enum Rights {
    /// An application by itself.
    App {
        client: AppId,
        permissions: PermissionSet,
        casbah: Vec<CasbahRole>,
    },
    /// A person, through an application or by a legacy API token.
    Person {
        id: ObjectId,
        scopes: PermissionSet,
        casbah: Vec<CasbahRole>,
        roles: Vec<DirectoryRole>,
    },
}

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A permission of *Microsoft Cloud App Security*.
    Action(Action),
    /// A role of *Casbah*.
    Casbah(CasbahRole),
}

impl Need {
    /// The need as its use is counted.
    pub(crate) fn used(self) -> Use {
        match self {
            Self::Action(action) => Use::Action(action),
            Self::Casbah(role) => Use::Role(role),
        }
    }

    /// Whether a person with this role may, as far as the role goes.
    pub(crate) fn is_met_by(self, role: DirectoryRole) -> bool {
        match self {
            Self::Action(action) => role_allows(role, action),
            Self::Casbah(CasbahRole::ApiTokenManage) => may_have_api_tokens(role),
            Self::Casbah(_) => role == DirectoryRole::GlobalAdministrator,
        }
    }

    fn is_met_by_any(self, roles: &[DirectoryRole]) -> bool {
        roles.iter().any(|role| self.is_met_by(*role))
    }

    fn resource(self) -> &'static FirstPartyApp {
        match self {
            Self::Action(_) => &CLOUD_APP_SECURITY,
            Self::Casbah(_) => &CASBAH,
        }
    }
}

/// A person who is signed in to the portal, in place of a token.
///
/// It is an extension of a request within the server: nothing that comes over a socket
/// can set it.
#[derive(Debug, Clone)]
pub(crate) struct SignedInPerson(Caller);

impl SignedInPerson {
    /// The person with every scope: the person's roles alone decide, by the same table.
    pub(crate) fn new(user: &User, origin: Origin) -> Self {
        let mut caller = Caller::by_roles_alone(user, CasbahRole::ALL.to_vec());
        caller.origin = origin;
        Self(caller)
    }

    /// The caller, if the person may have what the route needs.
    pub(crate) fn authorize(self, need: Need) -> Result<Caller, ApiError> {
        self.0.require(need)?;
        Ok(self.0)
    }
}

impl Caller {
    /// A person with all six scopes: the roles decide.
    fn by_roles_alone(user: &User, casbah: Vec<CasbahRole>) -> Self {
        Self {
            tenant: user.tenant,
            name: user.upn.clone(),
            origin: Origin::default(),
            application: None,
            rights: Rights::Person {
                id: user.id,
                scopes: PermissionSet::of(&Permission::ALL),
                casbah,
                roles: user.roles.iter().copied().collect(),
            },
        }
    }

    /// The person who calls, with the roles held; none where an application calls by
    /// itself.
    pub(crate) fn person(&self) -> Option<(ObjectId, &[DirectoryRole])> {
        match &self.rights {
            Rights::Person { id, roles, .. } => Some((*id, roles)),
            Rights::App { .. } => None,
        }
    }

    /// Refuses whoever may not.
    pub(crate) fn require(&self, need: Need) -> Result<(), ApiError> {
        let allowed = match (need, &self.rights) {
            (Need::Action(action), Rights::App { permissions, .. }) => {
                permissions.intersects(action.permissions())
            }
            (Need::Action(action), Rights::Person { scopes, roles, .. }) => {
                scopes_allow(*scopes, action) && need.is_met_by_any(roles)
            }
            (Need::Casbah(role), Rights::App { casbah, .. }) => casbah.contains(&role),
            (Need::Casbah(role), Rights::Person { casbah, roles, .. }) => {
                casbah.contains(&role) && need.is_met_by_any(roles)
            }
        };
        if allowed {
            Ok(())
        } else {
            Err(ApiError::Forbidden)
        }
    }

    /// The roles by which an application has what a route needs; none for a person,
    /// who has it by scopes.
    pub(crate) fn roles_for(&self, need: Need) -> Option<(AppId, Vec<ApplicationRole>)> {
        let Rights::App {
            client,
            permissions,
            casbah,
        } = &self.rights
        else {
            return None;
        };
        let permissions = permissions.iter().map(ApplicationRole::CloudAppSecurity);
        let roles = permissions.chain(casbah.iter().copied().map(ApplicationRole::Casbah));
        let roles = roles.filter(|role| role.allows(need.used()));
        Some((*client, roles.collect()))
    }

    /// Keeps what the caller changed.
    pub(crate) async fn audit(
        &self,
        app: &App,
        action: &'static str,
        target: impl ToString + Send,
    ) -> Result<(), ApiError> {
        let record = self.record(action, &target);
        Ok(app.store.audit(self.tenant, record).await?)
    }

    /// What the audit keeps of what the caller does.
    pub(crate) fn record(&self, action: &'static str, target: &impl ToString) -> AuditRecord {
        AuditRecord::new(&self.name, action, target).from(self.origin)
    }
}

/// Tokens that were verified, and tenants' epochs.
pub(crate) struct KnownTokens {
    tokens: Mutex<LruCache<[u8; 32], Known>>,
    epochs: Mutex<HashMap<TenantId, (i64, Instant)>>,
}

#[derive(Clone)]
struct Known {
    caller: Caller,
    resource: AppId,
    epoch: i64,
    expires: Timestamp,
}

impl KnownTokens {
    /// Forgets every token: the key of some is gone.
    pub(crate) fn forget(&self) {
        lock(&self.tokens).clear();
    }
}

impl Default for KnownTokens {
    fn default() -> Self {
        Self {
            tokens: Mutex::new(LruCache::new(KNOWN_TOKENS)),
            epochs: Mutex::default(),
        }
    }
}

/// What each of our own resources expects of a token.
pub(crate) struct Policies(HashMap<AppId, Policy>);

impl Policies {
    /// # Errors
    /// [`IssuerPatternError`] does not occur for an authority that was parsed.
    pub(crate) fn new(authority: &Authority) -> Result<Self, IssuerPatternError> {
        let policy = |resource: FirstPartyApp| {
            let mut audiences = resource.identifier_uris(authority.origin());
            audiences.push(resource.app_id.to_string());
            Ok((resource.app_id, authority.token_policy(audiences)?))
        };
        let policies = FirstPartyApp::ALL.into_iter().map(policy);
        Ok(Self(policies.collect::<Result<_, _>>()?))
    }
}

/// The caller whom a request's `Authorization` names at `now`, if it may have what the
/// route needs.
pub(crate) async fn authorize(
    app: &App,
    headers: &HeaderMap,
    need: Need,
    now: Timestamp,
) -> Result<Caller, ApiError> {
    if let Some(token) = credentials(headers, "token") {
        let caller = api_token::caller(app, token, need).await?;
        caller.require(need)?;
        return Ok(caller);
    }
    let token = bearer(headers).ok_or(ApiError::Unauthorized)?;
    let digest = *digest_of(token).as_bytes();
    let resource = need.resource().app_id;
    let known = lock(&app.known_tokens.tokens).get(&digest).cloned();
    let known = known.filter(|known| known.expires > now && known.resource == resource);
    if let Some(known) = known
        && epoch(app, known.caller.tenant).await? == Some(known.epoch)
    {
        known.caller.require(need)?;
        return Ok(known.caller);
    }
    let ring = app.keys.ring();
    let claims = verify_bearer(app, token, need.resource(), now)?;
    let tenant = claims.tenant.parse().map_err(|_| ApiError::Unauthorized)?;
    let epoch = epoch(app, tenant).await?.ok_or(ApiError::Unauthorized)?;
    let caller = caller_of(app, tenant, &claims, need.resource()).await?;
    let expires = Timestamp::from_seconds(claims.expires_at);
    let known = Known {
        caller: caller.clone(),
        resource,
        epoch,
        expires,
    };
    {
        // Whoever takes a key away swaps the ring first and forgets tokens then.
        let mut tokens = lock(&app.known_tokens.tokens);
        if Arc::ptr_eq(&ring, &app.keys.ring()) {
            tokens.put(digest, known);
        }
    }
    caller.require(need)?;
    Ok(caller)
}

/// The text after `Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// The text after a scheme; schemes are compared without regard to case (RFC 9110 11.1).
fn credentials<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(token.trim())
}

/// Verifies a token that is meant for one of our own resources.
pub(crate) fn verify_bearer(
    app: &App,
    token: &str,
    resource: &FirstPartyApp,
    now: Timestamp,
) -> Result<Claims, ApiError> {
    let policy = app.policies.0.get(&resource.app_id);
    let policy = policy.ok_or(ApiError::Unauthorized)?;
    casbah_token::verify(token, &app.keys.ring(), policy, now.seconds()).map_err(|error| {
        tracing::debug!(%error, "a token was refused");
        ApiError::Unauthorized
    })
}

async fn caller_of(
    app: &App,
    tenant: TenantId,
    claims: &Claims,
    resource: &FirstPartyApp,
) -> Result<Caller, ApiError> {
    let client = claims
        .client_id
        .as_deref()
        .and_then(|id| id.parse::<AppId>().ok());
    let client = client.ok_or(ApiError::Unauthorized)?;
    let standing = Standing::find(app, tenant, client, resource).await?;
    let standing = standing.ok_or(ApiError::Unauthorized)?;
    match claims.caller() {
        CallerKind::App => {
            let held = standing
                .roles(claims.object_id.as_deref())
                .ok_or(ApiError::Unauthorized)?;
            let still = claims.roles.iter().filter(|role| held.contains(role));
            let rights = Rights::App {
                client,
                permissions: permissions(still.clone()),
                casbah: casbah_roles(still),
            };
            Ok(Caller {
                tenant,
                name: client.to_string(),
                origin: Origin::default(),
                application: Some(client),
                rights,
            })
        }
        CallerKind::User => {
            let id = claims
                .object_id
                .as_deref()
                .and_then(|id| id.parse::<ObjectId>().ok());
            let id = id.ok_or(ApiError::Unauthorized)?;
            let user = app.store.user(tenant, id).await?;
            let user = user
                .filter(|user| speaks_for(claims, user))
                .ok_or(ApiError::Unauthorized)?;
            let claimed = claims.scopes.as_deref().unwrap_or_default();
            let scopes = standing.scopes(app, id, claimed).await?;
            let rights = Rights::Person {
                id,
                scopes: permissions(scopes.iter()),
                casbah: casbah_roles(scopes.iter()),
                roles: user.roles.iter().copied().collect(),
            };
            Ok(Caller {
                tenant,
                name: user.upn,
                origin: Origin::default(),
                application: Some(client),
                rights,
            })
        }
    }
}

/// Whether a token still speaks for its person, who may have been switched off, or signed
/// out everywhere, since it was signed.
pub(crate) fn speaks_for(claims: &Claims, user: &User) -> bool {
    let signed_at = claims.issued_at.map(Life::signed_at);
    user.enabled && signed_at.is_some_and(|at| at >= user.tokens_from)
}

fn permissions<'a>(values: impl Iterator<Item = &'a String>) -> PermissionSet {
    values
        .filter_map(|value| Permission::from_value(value))
        .collect()
}

fn casbah_roles<'a>(values: impl Iterator<Item = &'a String>) -> Vec<CasbahRole> {
    values
        .filter_map(|value| CasbahRole::from_value(value))
        .collect()
}

async fn epoch(app: &App, tenant: TenantId) -> Result<Option<i64>, ApiError> {
    let believed = lock(&app.known_tokens.epochs).get(&tenant).copied();
    if let Some((epoch, read)) = believed
        && read.elapsed() < EPOCH_LIFE
    {
        return Ok(Some(epoch));
    }
    let epoch = app.store.auth_epoch(tenant).await?;
    if let Some(epoch) = epoch {
        lock(&app.known_tokens.epochs).insert(tenant, (epoch, Instant::now()));
    }
    Ok(epoch)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
