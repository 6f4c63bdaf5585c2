//! Calls of the API, one file a resource.

mod alerts;
mod api_tokens;
mod audit;
mod base;
mod casbah;
mod changes;
mod discovery;
mod exports;
mod file;
mod graph;
mod ip_ranges;
mod lab;
mod list;
mod records;
mod subnets;
mod upload;

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use alerts::{ClosedAlerts, Closing};
pub use api_tokens::{ApiToken, NewApiToken};
pub use audit::{AuditPage, AuditVerification};
pub use base::ApiBase;
pub use casbah::{DetectorState, IngestAnswer, IngestError, NewAdministrator, NewTenant, Tenant};
pub use changes::{Changes, Feed, FeedStart};
pub use discovery::{BlockScriptFormat, ReportQuery};
pub use exports::{Export, ExportTarget, ExportTest, ExportedFeed, NewExport};
pub use file::UploadProgress;
pub use graph::{
    AppRole, AppRoleAssignment, Application, AuthenticationMethod, ClaimsMapping,
    FederatedCredential, GraphClient, IdentityProvider, IdentityProviderChanges,
    IdentityProviderLink, Invitation, NewFederatedCredential, NewPerson, PasswordCredential,
    Person, RequiredResource, ResourceAccess, RoleAssignment, RoleDefinition, ServicePrincipal,
};
pub use ip_ranges::{BuiltInImport, EnrichmentState};
pub use lab::{ClockChange, FaultRule};
pub use list::{ListQuery, Page, Pages};
pub use subnets::SubnetRule;
pub use upload::{DoneUpload, Upload};

use crate::auth::TokenSource;
use crate::error::{ApiError, Error};
use crate::transport::{CALL_TIME, Repeat, Transport, retry_after};
use crate::well_known::CLOUD_APP_SECURITY;

/// Calls the Cloud App Security API, and what Casbah adds to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    base: ApiBase,
    tokens: TokenSource,
}

impl Client {
    /// A client of the API at `base` with tokens of `tokens`.
    pub fn new(base: ApiBase, tokens: TokenSource) -> Self {
        Self { base, tokens }
    }

    /// Where the API is.
    pub fn base(&self) -> &ApiBase {
        &self.base
    }

    /// Where its tokens come from.
    pub fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    fn transport(&self) -> &Transport {
        self.tokens.transport()
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, Repeat::Safe, |request| request)
            .await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        repeat: Repeat,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.call(Method::POST, path, repeat, |request| request.json(body))
            .await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        repeat: Repeat,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, Error> {
        let response = self
            .send(CLOUD_APP_SECURITY, method, path, repeat, complete)
            .await?;
        Ok(response.json().await?)
    }

    /// Sends with a token for `resource`, with a new one if that is refused; an answer
    /// that is no success becomes an error.
    async fn send(
        &self,
        resource: &str,
        method: Method,
        path: &str,
        repeat: Repeat,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Error> {
        self.send_within(CALL_TIME, resource, method, path, repeat, complete)
            .await
    }

    async fn send_within(
        &self,
        time: Duration,
        resource: &str,
        method: Method,
        path: &str,
        repeat: Repeat,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let address = self.base.join(path);
        let ask = async |authorization: HeaderValue| {
            let send = self.transport().send_within(time, repeat, |http| {
                let request = http.request(method.clone(), &address);
                complete(request.header("Authorization", authorization.clone()))
            });
            send.await
        };
        let mut response = ask(self.tokens.authorization(resource).await?).await?;
        // A token may end before its time. Nothing was done, so it may be asked again, once.
        if response.status() == StatusCode::UNAUTHORIZED && self.tokens.forget(resource).await {
            response = ask(self.tokens.authorization(resource).await?).await?;
        }
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Error::Api(Box::new(refusal(response).await?)))
    }
}

async fn refusal(response: Response) -> Result<ApiError, Error> {
    let status = response.status();
    let retry_after = retry_after(&response);
    let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let detail = text("/detail")
        .or_else(|| text("/errors/0/error"))
        .or_else(|| text("/filters/0/error"))
        .or_else(|| text("/error/message"))
        .or_else(|| status.canonical_reason().map(str::to_owned))
        .unwrap_or_else(|| "refused without a reason".to_owned());
    Ok(ApiError {
        status,
        detail,
        correlation_id: text("/correlation_id"),
        retry_after,
    })
}

/// Percent-encodes one segment of a path.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
