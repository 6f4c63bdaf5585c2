//! The directory, as the portal asks it for a signed-in person.
//!
//! Every question is a call of the Graph-shaped directory that does not leave the
//! process. So the portal can do what the person may do by any client, no more, and
//! each change is checked and kept in the audit in one place.

use axum::http::Method;
use casbah_store::ApplicationCounts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::PortalError;
use super::visitor::Visitor;
use crate::identity::graph::{self, Right};
use crate::state::App;

/// The directory's calls of one person.
pub(super) struct Directory<'a> {
    app: &'a App,
    visitor: &'a Visitor,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

impl<'a> Directory<'a> {
    /// The directory for the visitor.
    pub(super) const fn new(app: &'a App, visitor: &'a Visitor) -> Self {
        Self { app, visitor }
    }

    /// Whether the directory would let the person do what needs this right.
    pub(super) fn lets_do(&self, right: Right) -> bool {
        self.caller().may(right)
    }

    /// Reads an object. The path begins behind `/v1.0`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PortalError> {
        let answer = self.call(&Method::GET, path, None).await?;
        Ok(serde_json::from_value(answer)?)
    }

    /// Reads a whole list, page by page.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Vec<T>, PortalError> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page: Page<T> = self.get(&path).await?;
            all.extend(page.value);
            let root = format!("{}/v1.0", self.app.authority.origin());
            let rest = |link: String| link.strip_prefix(&root).map(str::to_owned);
            next = page.next.and_then(rest);
        }
        Ok(all)
    }

    /// Creates an object, or takes an action; answers what came back.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, PortalError> {
        self.call(&Method::POST, path, Some(body)).await
    }

    /// Changes an object.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<(), PortalError> {
        self.call(&Method::PATCH, path, Some(body)).await.map(drop)
    }

    /// Deletes an object.
    pub(super) async fn delete(&self, path: &str) -> Result<(), PortalError> {
        self.call(&Method::DELETE, path, None).await.map(drop)
    }

    /// How many applications the tenant has to do with.
    pub(super) async fn count_applications(&self) -> Result<ApplicationCounts, PortalError> {
        Ok(graph::count_applications(self.app, &self.caller()).await?)
    }

    fn caller(&self) -> graph::Caller {
        let (user, tenant) = (&self.visitor.user, &self.visitor.tenant);
        graph::Caller::signed_in(tenant.clone(), user.clone())
    }

    async fn call(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, PortalError> {
        let context = self.visitor.context;
        let target = format!("/v1.0{path}");
        let answer = graph::ask(self.app, self.caller(), context, method, &target, body).await?;
        Ok(answer.unwrap_or_default())
    }
}
