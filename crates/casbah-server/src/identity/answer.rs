//! Answers of the identity service and the headers that all of them have.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use casbah_identity::error::ErrorReport;
use casbah_identity::{AadError, Authority};
use serde::Serialize;

use super::context::{CLIENT_REQUEST_ID, RequestContext, id_value};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Headers that stand on every answer of the identity service.
pub(crate) fn common_headers(context: &RequestContext) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(id) = id_value(context.trace_id) {
        headers.insert(HeaderName::from_static("x-ms-request-id"), id);
    }
    if let Some(id) = context.client_request_id.and_then(id_value) {
        headers.insert(HeaderName::from_static(CLIENT_REQUEST_ID), id);
    }
    headers
}

/// Headers that keep an answer out of every cache.
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(EXPIRES, HeaderValue::from_static("-1"));
}

/// An answer of the token endpoint that must not be kept.
pub(crate) fn secret_json(
    context: &RequestContext,
    status: StatusCode,
    body: &impl Serialize,
) -> Response {
    let mut headers = common_headers(context);
    no_store(&mut headers);
    json(status, headers, body)
}

/// A document that anyone may read and keep for a day.
pub(crate) fn public_json(context: &RequestContext, body: &impl Serialize) -> Response {
    let mut headers = common_headers(context);
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("max-age=86400, private"),
    );
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    json(StatusCode::OK, headers, body)
}

/// The token endpoint's form of an error.
pub(crate) fn token_error(
    report: &ErrorReport,
    context: &RequestContext,
    at: &Authority,
) -> Response {
    let mut answer = secret_json(context, status_of(&report.error), &report.body(at));
    if let AadError::Throttled { retry_after } = report.error {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(retry_after));
    }
    answer
}

/// The form of an error where a document was asked for.
pub(crate) fn metadata_error(
    report: &ErrorReport,
    context: &RequestContext,
    at: &Authority,
) -> Response {
    let mut answer = secret_json(context, status_of(&report.error), &report.metadata_body(at));
    answer
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

pub(crate) fn status_of(error: &AadError) -> StatusCode {
    StatusCode::from_u16(error.wire().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json(status: StatusCode, mut headers: HeaderMap, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            headers.insert(CONTENT_TYPE, JSON);
            (status, headers, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, headers).into_response()
        }
    }
}
