//! The signed-in browser.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use casbah_identity::random::{bearer_token, csrf_token, csrf_token_matches, digest_of};
use casbah_model::identity::{Digest, Session, User};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use casbah_store::StoreError;
use secrecy::ExposeSecret;

use super::cookies::Cookie;
use super::error::SignInError;
use super::visit::Visit;
use crate::state::App;

/// How long a sign-in is believed, milliseconds: a working day.
const LIFE_MS: i64 = 12 * 60 * 60 * 1000;

/// The longest name of a browser that is kept, characters.
const MAX_AGENT: usize = 256;

/// A person who is signed in.
pub(crate) struct SignedIn {
    /// Who.
    pub(crate) user: User,
    /// Since when.
    pub(crate) auth_time: Timestamp,
    /// Whether she was asked for a proof then.
    pub(crate) is_asked: bool,
    /// How she signed in (RFC 8176).
    pub(crate) methods: Vec<String>,
    /// The value of the session's cookie.
    cookie: String,
}

impl SignedIn {
    /// What is stored of the session's cookie.
    pub(crate) fn hash(&self) -> Digest {
        digest_of(&self.cookie)
    }

    /// The token that the forms of this session carry.
    pub(crate) fn csrf(&self) -> String {
        csrf_token(&self.cookie)
    }

    /// Whether a form was shown in this session.
    pub(crate) fn has_shown(&self, csrf: &str) -> bool {
        csrf_token_matches(&self.cookie, csrf)
    }

    /// Gives the browser the session.
    pub(super) fn set_cookie(&self, app: &App, answer: &mut HeaderMap) {
        Cookie::Session.set(answer, &app.authority, &self.cookie);
    }
}

/// The person of the browser's session, if it is good.
pub(crate) async fn find(
    app: &App,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<SignedIn>, StoreError> {
    let Some(value) = Cookie::Session.read(headers, &app.authority) else {
        return Ok(None);
    };
    let Some(tenant) = tenant_of(&value) else {
        return Ok(None);
    };
    let stored = app
        .store
        .user_session(tenant, digest_of(&value), now)
        .await?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let user = app.store.user(tenant, stored.user).await?;
    let is_good = |user: &User| user.enabled && user.counts_sign_in_at(stored.auth_time);
    Ok(user.filter(is_good).map(|user| SignedIn {
        user,
        auth_time: stored.auth_time,
        is_asked: stored.is_asked,
        methods: stored.methods,
        cookie: value,
    }))
}

/// Begins a session in place of the one that the browser had. The cookie is always a
/// new one: a value that someone planted in the browser must not become a session.
/// `is_asked` says whether the person was asked for a proof now.
pub(super) async fn begin(
    visit: &Visit,
    user: User,
    is_asked: bool,
    methods: Vec<String>,
) -> Result<SignedIn, SignInError> {
    let Visit { app, headers, .. } = visit;
    let now = visit.context.now;
    end(app, headers).await?;
    let cookie = format!("{}.{}", user.tenant, bearer_token()?.expose_secret());
    let session = Session {
        hash: digest_of(&cookie),
        tenant: user.tenant,
        user: user.id,
        auth_time: now,
        is_asked,
        methods: methods.clone(),
        expires: now.plus_millis(LIFE_MS),
        agent: agent_of(headers),
        source: visit.context.source.known(),
    };
    app.store.add_user_session(session).await?;
    Ok(SignedIn {
        user,
        auth_time: now,
        is_asked,
        methods,
        cookie,
    })
}

/// How the browser names itself.
fn agent_of(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    agent.unwrap_or_default().chars().take(MAX_AGENT).collect()
}

/// Ends the browser's session.
pub(super) async fn end(app: &App, request: &HeaderMap) -> Result<(), SignInError> {
    let value = Cookie::Session.read(request, &app.authority);
    if let Some((tenant, value)) = value.and_then(|value| Some((tenant_of(&value)?, value))) {
        app.store
            .end_user_session(tenant, digest_of(&value))
            .await?;
    }
    Ok(())
}

/// The tenant that a cookie says it belongs to; the stored row proves it.
fn tenant_of(value: &str) -> Option<TenantId> {
    value.split_once('.')?.0.parse().ok()
}
