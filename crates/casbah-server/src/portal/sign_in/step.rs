//! A sign-in between two pages: a row in the store, and a cookie that leads to it.

use axum::http::HeaderMap;
use casbah_identity::random::{bearer_token, csrf_token, csrf_token_matches, digest_of};
use casbah_model::identity::{SignInStep, StepKind, User};
use casbah_model::ids::{ObjectId, TenantId};
use secrecy::ExposeSecret;

use super::cookies::Cookie;
use super::error::SignInError;
use super::visit::Visit;

/// How long a page may be looked at, milliseconds.
const LIFE_MS: i64 = 10 * 60 * 1000;

/// A sign-in under way, in the browser's hands.
pub(super) struct Step {
    cookie: String,
    stored: SignInStep,
}

impl Step {
    /// Begins a step of a person, or of nobody yet.
    pub(super) async fn begin(
        visit: &Visit,
        person: Option<(TenantId, ObjectId)>,
        kind: StepKind,
        state: String,
    ) -> Result<Self, SignInError> {
        let tenant = person.map_or(SignInStep::NOBODYS, |(tenant, _)| tenant);
        let cookie = format!("{tenant}.{}", bearer_token()?.expose_secret());
        let stored = SignInStep {
            hash: digest_of(&cookie),
            tenant,
            user: person.map(|(_, user)| user),
            kind,
            state,
            expires: visit.context.now.plus_millis(LIFE_MS),
        };
        visit.app.store.add_sign_in_step(stored.clone()).await?;
        Ok(Self { cookie, stored })
    }

    /// The step whose form was sent, if the form was shown in this browser.
    pub(super) async fn find(
        visit: &Visit,
        kind: StepKind,
        csrf: &str,
    ) -> Result<Self, SignInError> {
        let cookie = Cookie::Step.read(&visit.headers, &visit.app.authority);
        let cookie = cookie
            .filter(|cookie| csrf_token_matches(cookie, csrf))
            .ok_or(SignInError::ForeignForm)?;
        let (tenant, _) = cookie.split_once('.').ok_or(SignInError::ForeignForm)?;
        let tenant = tenant.parse().map_err(|_| SignInError::ForeignForm)?;
        let (store, now) = (&visit.app.store, visit.context.now);
        let stored = store
            .sign_in_step(tenant, digest_of(&cookie), kind, now)
            .await?;
        let stored = stored.ok_or(SignInError::ForeignForm)?;
        Ok(Self { cookie, stored })
    }

    /// Ends the step; of several answers at once only one goes on.
    pub(super) async fn end(&self, visit: &Visit) -> Result<(), SignInError> {
        let SignInStep {
            tenant, hash, kind, ..
        } = self.stored;
        let (store, now) = (&visit.app.store, visit.context.now);
        let taken = store.take_sign_in_step(tenant, hash, kind, now).await?;
        taken.map(drop).ok_or(SignInError::ForeignForm)
    }

    /// The person, if she may still sign in.
    pub(super) async fn person(&self, visit: &Visit) -> Result<User, SignInError> {
        let user = self.stored.user.ok_or(SignInError::ForeignForm)?;
        let user = visit.app.store.user(self.stored.tenant, user).await?;
        let begun = self.stored.expires.plus_millis(-LIFE_MS);
        user.filter(|user| user.enabled && user.counts_sign_in_at(begun))
            .ok_or(SignInError::ForeignForm)
    }

    /// What was kept of it.
    pub(super) fn state(&self) -> &str {
        &self.stored.state
    }

    /// The token of its form.
    pub(super) fn csrf(&self) -> String {
        csrf_token(&self.cookie)
    }

    /// Gives the browser the step.
    pub(super) fn set_cookie(&self, visit: &Visit, answer: &mut HeaderMap) {
        Cookie::Step.set(answer, &visit.app.authority, &self.cookie);
    }
}
