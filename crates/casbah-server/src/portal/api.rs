//! The API, as the portal asks it for a signed-in person.
//!
//! A question is a request to the API's own routes that does not leave the process, so
//! the guard of each route decides by the person's roles, as it does for a token.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::error::PortalError;
use super::visitor::Visitor;
use crate::auth::SignedInPerson;

/// The largest answer that a page is made of, bytes.
const LARGEST: usize = 16 << 20;

/// The API's routes, which every request to the portal finds as an extension.
#[derive(Clone)]
pub(super) struct Routes(Router);

impl Routes {
    /// The portal's way to these routes.
    pub(super) const fn new(api: Router) -> Self {
        Self(api)
    }
}

/// The API's calls of one person.
pub(super) struct Api<'a> {
    routes: &'a Routes,
    visitor: &'a Visitor,
}

/// A list of the API.
#[derive(Deserialize)]
pub(super) struct Data<T> {
    /// Its members.
    pub(super) data: Vec<T>,
}

/// A refusal of the API.
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    error: String,
}

impl<'a> Api<'a> {
    /// The API for the visitor.
    pub(super) const fn new(routes: &'a Routes, visitor: &'a Visitor) -> Self {
        Self { routes, visitor }
    }

    /// Reads what is at a path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PortalError> {
        let Visitor { user, context, .. } = self.visitor;
        let mut request = Request::get(path)
            .body(Body::empty())
            .map_err(|_| PortalError::NotFound)?;
        let person = SignedInPerson::new(user, context.origin());
        request.extensions_mut().insert(person);
        let Ok(answer) = self.routes.0.clone().oneshot(request).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), LARGEST).await;
        let body = body.map_err(|_| PortalError::Api {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            text: "the answer is too long".to_owned(),
        })?;
        if status.is_success() {
            return Ok(serde_json::from_slice(&body)?);
        }
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        let reason = refusal.errors.into_iter().next().map(|one| one.error);
        Err(PortalError::Api {
            status,
            text: reason.unwrap_or(refusal.detail),
        })
    }
}
