//! The portal's routes: pages that are looked at, and forms that change something.
//!
//! A form's handler gets what was [`Posted`], which exists only with the token of the
//! visitor's own session, so no route can forget to look at it.

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use axum::routing::{get, post};
use serde::de::DeserializeOwned;

use super::error::PortalError;
use super::form::Posted;
use super::visitor::Visitor;
use crate::state::AppState;

/// What a page or a form answers.
pub(super) type Answer = Result<Response, PortalError>;

/// Routes of the portal.
#[derive(Default)]
pub(super) struct Pages {
    router: Router<AppState>,
    /// The paths of pages, for tests that walk all of them.
    #[cfg(test)]
    pub(super) shown: Vec<&'static str>,
    /// The paths of forms, for tests that walk all of them.
    #[cfg(test)]
    pub(super) forms: Vec<&'static str>,
}

impl Pages {
    /// Adds a page. `P` is what the path holds; a path that holds something else is that
    /// of no page.
    pub(super) fn page<P, F, A>(mut self, path: &'static str, show: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(Visitor, P) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send,
    {
        let handler = async move |visitor: Visitor, path: Result<Path<P>, PathRejection>| {
            let context = visitor.context;
            let answer = match path {
                Ok(Path(path)) => show(visitor, path).await,
                Err(_) => Err(PortalError::NotFound),
            };
            answer.unwrap_or_else(|error| error.respond(&context))
        };
        self.router = self.router.route(path, get(handler));
        #[cfg(test)]
        self.shown.push(path);
        self
    }

    /// Adds what a form is sent to.
    pub(super) fn form<P, F, A>(mut self, path: &'static str, take: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(Posted, P) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send,
    {
        let handler = async move |path: Result<Path<P>, PathRejection>, posted: Posted| {
            let context = posted.visitor.context;
            let answer = match path {
                Ok(Path(path)) => take(posted, path).await,
                Err(_) => Err(PortalError::NotFound),
            };
            answer.unwrap_or_else(|error| error.respond(&context))
        };
        self.router = self.router.route(path, post(handler));
        #[cfg(test)]
        self.forms.push(path);
        self
    }

    /// The routes.
    pub(super) fn into_router(self) -> Router<AppState> {
        self.router
    }
}
