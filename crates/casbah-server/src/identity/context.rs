//! What every request carries besides its meaning: ids for tracing, a time.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use casbah_identity::AadError;
use casbah_identity::error::ErrorReport;
use casbah_model::audit::Origin;
use casbah_model::time::Timestamp;
use uuid::Uuid;

use super::source::Source;

/// The client's name for its call, in a header or the query.
pub(crate) const CLIENT_REQUEST_ID: &str = "client-request-id";

/// The ids and the time of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestContext {
    /// The request's own id, `x-ms-request-id`.
    pub(crate) trace_id: Uuid,
    /// The client's id for its call, if it sent one.
    pub(crate) client_request_id: Option<Uuid>,
    /// Where the request comes from.
    pub(crate) source: Source,
    /// When the request came.
    pub(crate) now: Timestamp,
}

impl RequestContext {
    /// Where the request comes from, as the audit keeps it.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            source: self.source.known(),
            correlation_id: Some(self.client_request_id.unwrap_or(self.trace_id)),
            trace_id: Some(self.trace_id),
        }
    }

    /// A refusal of this request, ready to be answered.
    pub(crate) fn report(&self, error: AadError) -> ErrorReport {
        ErrorReport {
            error,
            trace_id: self.trace_id,
            correlation_id: self.client_request_id.unwrap_or(self.trace_id),
            at: self.now,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let header = parts
            .headers
            .get(CLIENT_REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| Uuid::try_parse(text).ok());
        Ok(Self {
            trace_id: Uuid::new_v4(),
            source: Source::from_request_parts(parts, state).await?,
            client_request_id: header.or_else(|| query_id(parts.uri.query()?)),
            now: Timestamp::now(),
        })
    }
}

fn query_id(query: &str) -> Option<Uuid> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == CLIENT_REQUEST_ID)
        .and_then(|(_, value)| Uuid::try_parse(&value).ok())
}

/// An id as a header's value.
pub(crate) fn id_value(id: Uuid) -> Option<HeaderValue> {
    HeaderValue::from_str(&id.to_string()).ok()
}
