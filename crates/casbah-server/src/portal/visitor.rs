//! Who looks at a page.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use casbah_model::identity::{Digest, Tenant, User};
use casbah_model::time::Timestamp;

use super::api::{Api, Routes};
use super::directory::Directory;
use super::error::PortalError;
use super::local_path::LocalPath;
use super::query::Query;
use super::sign_in::{SignedIn, find_session};
use crate::identity::context::RequestContext;
use crate::identity::throttle::Throttle;
use crate::state::AppState;

/// A signed-in person who looks at a page; whoever is not is sent to sign in.
pub(super) struct Visitor {
    /// The person.
    pub(super) user: User,
    /// The person's tenant.
    pub(super) tenant: Tenant,
    /// The request.
    pub(super) context: RequestContext,
    /// The parameters of the address.
    pub(super) query: Query,
    /// What all requests share.
    pub(super) app: AppState,
    session: SignedIn,
    throttle: Arc<Throttle>,
    routes: Routes,
}

impl Visitor {
    /// The token that forms carry.
    pub(super) fn csrf(&self) -> String {
        self.session.csrf()
    }

    /// Whether a form was shown in this session.
    pub(super) fn has_shown(&self, csrf: &str) -> bool {
        self.session.has_shown(csrf)
    }

    /// When the visitor signed in, if she was asked for a proof then.
    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        let session = &self.session;
        session.is_asked.then_some(session.auth_time)
    }

    /// Whether a stored session is this very one.
    pub(super) fn is_session(&self, hash: Digest) -> bool {
        self.session.hash() == hash
    }

    /// The directory, for this person.
    pub(super) fn directory(&self) -> Directory<'_> {
        Directory::new(&self.app, self)
    }

    /// What counts wrong credentials.
    pub(super) fn throttle(&self) -> Arc<Throttle> {
        Arc::clone(&self.throttle)
    }

    /// The API, for this person.
    pub(super) const fn api(&self) -> Api<'_> {
        Api::new(&self.routes, self)
    }

    async fn find(
        app: &AppState,
        parts: &Parts,
        context: RequestContext,
    ) -> Result<Self, PortalError> {
        let session = find_session(app, &parts.headers, context.now).await?;
        let session = session.ok_or_else(|| PortalError::SignedOut(wanted(parts)))?;
        let user = session.user.clone();
        let tenant = app.store.tenant(user.tenant).await?;
        let tenant = tenant.ok_or_else(|| PortalError::SignedOut(wanted(parts)))?;
        let routes = parts.extensions.get::<Routes>().cloned();
        let throttle = parts.extensions.get::<Arc<Throttle>>().cloned();
        Ok(Self {
            user,
            tenant,
            context,
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            app: Arc::clone(app),
            session,
            throttle: throttle.ok_or(PortalError::NoApi)?,
            routes: routes.ok_or(PortalError::NoApi)?,
        })
    }
}

/// The page to show after the sign-in: a form that was sent is lost, so its address
/// is none.
fn wanted(parts: &Parts) -> LocalPath {
    let path = match parts.method {
        Method::GET => parts.uri.path_and_query(),
        _ => None,
    };
    path.and_then(|path| LocalPath::parse(path.as_str()))
        .unwrap_or_else(LocalPath::home)
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        let Ok(context) = RequestContext::from_request_parts(parts, app).await;
        Self::find(app, parts, context)
            .await
            .map_err(|error| error.respond(&context))
    }
}
