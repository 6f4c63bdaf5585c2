//! The API, as the portal asks it for a signed-in person.
//!
//! A question is a request to the API's own routes that does not leave the process, so
//! the guard of each route decides by the person's roles, as it does for a token.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;

use super::error::PortalError;
use super::visitor::Visitor;
use crate::auth::{Need, SignedInPerson};

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
        self.call(Method::GET, path, Body::empty()).await
    }

    /// Takes an action; answers what came back.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, PortalError> {
        let body = Body::from(body.to_string());
        self.call(Method::POST, path, body).await
    }

    /// Deletes what is at a path.
    pub(super) async fn delete(&self, path: &str) -> Result<(), PortalError> {
        self.send(Method::DELETE, path, Body::empty()).await?;
        Ok(())
    }

    /// Whether a route with this need would let the person in.
    pub(super) fn lets_in(&self, need: Need) -> bool {
        self.person().authorize(need).is_ok()
    }

    fn person(&self) -> SignedInPerson {
        SignedInPerson::new(&self.visitor.user, self.visitor.context.origin())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<T, PortalError> {
        let answer = self.send(method, path, body).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Sends a request; what is not a refusal comes back.
    async fn send(&self, method: Method, path: &str, body: Body) -> Result<Bytes, PortalError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| PortalError::NotFound)?;
        request.extensions_mut().insert(self.person());
        let Ok(answer) = self.routes.0.clone().oneshot(request).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), LARGEST).await;
        let body = body.map_err(|_| PortalError::Api {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            text: "the answer is too long".to_owned(),
        })?;
        if status.is_success() {
            return Ok(body);
        }
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        let reason = refusal.errors.into_iter().next().map(|one| one.error);
        Err(PortalError::Api {
            status,
            text: reason.unwrap_or(refusal.detail),
        })
    }
}
