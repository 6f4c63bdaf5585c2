//! A laboratory: a server on which makers of integrations have requests fail by rule, move
//! the clock, and begin anew.
//!
//! There is none unless the operator starts the server with it. The rules are a tenant's
//! own and hold for its requests to the API; they are in memory.

pub(crate) mod faults;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use casbah_model::ids::TenantId;
use casbah_model::lab::seed_record_ids;
use futures_util::stream;
use serde_json::json;

use crate::api::ApiError;
use faults::{Decision, Fault, Faults};

/// Stands on every answer of a laboratory.
pub(crate) const HEADER: (HeaderName, HeaderValue) = (
    HeaderName::from_static("casbah-lab"),
    HeaderValue::from_static("on; not for real data"),
);

/// The largest answer that is kept, to be given again.
const LARGEST_PAGE: usize = 8 << 20;

/// How a laboratory is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabConfig {
    /// What record ids follow from.
    pub seed: u64,
}

/// A laboratory.
#[derive(Debug)]
pub(crate) struct Lab {
    seed: u64,
    faults: Mutex<Faults>,
}

impl Lab {
    pub(crate) fn new(config: LabConfig) -> Self {
        Self {
            seed: config.seed,
            faults: Mutex::default(),
        }
    }

    /// Lets record ids follow from the seed, anew from its first.
    pub(crate) fn restart_ids(&self, seed: Option<u64>) {
        seed_record_ids(seed.unwrap_or(self.seed));
    }

    /// The rules of all tenants.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request, or fails it as a rule of the tenant says.
    pub(crate) async fn answer(&self, tenant: TenantId, request: Request, next: Next) -> Response {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let decision = self.faults().decide(tenant, method.as_str(), &path);
        match decision {
            Decision::Pass => next.run(request).await,
            Decision::Keep(rule) => {
                let answer = next.run(request).await;
                self.keep(tenant, &rule, &path, answer).await
            }
            Decision::Again(page) => ([(CONTENT_TYPE, "application/json")], page).into_response(),
            Decision::Fail(fault) => match fault {
                Fault::Throttled { seconds } => ApiError::Throttled { seconds }.into_response(),
                Fault::Status { status } => failed(status),
                Fault::Slow { milliseconds } => {
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    next.run(request).await
                }
                Fault::Cut => cut(),
                Fault::LostAnswer => {
                    next.run(request).await;
                    cut()
                }
                Fault::ExpiredToken => ApiError::Unauthorized.into_response(),
                // Kept and given again above.
                Fault::DuplicatedPage => next.run(request).await,
            },
        }
    }

    /// Keeps an answer to be given again in the next one's place.
    async fn keep(&self, tenant: TenantId, rule: &str, path: &str, answer: Response) -> Response {
        if answer.status() != StatusCode::OK {
            return answer;
        }
        let (parts, body) = answer.into_parts();
        let Ok(page) = axum::body::to_bytes(body, LARGEST_PAGE).await else {
            return ApiError::TooLarge(LARGEST_PAGE as u64).into_response();
        };
        self.faults().keep(tenant, rule, path, page.clone());
        Response::from_parts(parts, Body::from(page))
    }
}

fn failed(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = "a rule of the laboratory failed this request";
    let body = json!({"detail": text, "errors": [{"error": text}]});
    (status, Json(body)).into_response()
}

/// An answer whose connection ends before it does.
fn cut() -> Response {
    let broken = stream::once(async {
        // The head goes out first: clients see an answer that breaks off.
        tokio::task::yield_now().await;
        Err::<Bytes, _>(std::io::Error::other("cut by a rule of the laboratory"))
    });
    let mut answer = Body::from_stream(broken).into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1000"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
