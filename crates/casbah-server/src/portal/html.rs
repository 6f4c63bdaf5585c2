//! Answers that are pages, and the headers that guard them.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::identity::answer::{common_headers, no_store};
use crate::identity::context::RequestContext;

/// A page under these rules of its own (CSP level 3), beside those that all pages have.
pub(super) fn page(
    text: String,
    status: StatusCode,
    rules: &str,
    context: &RequestContext,
) -> Response {
    let mut headers = headers(context, rules);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    (status, headers, text).into_response()
}

/// The headers of a page: it is kept in no cache, shown in no frame, and loads nothing
/// but what its rules and our own style allow.
pub(super) fn headers(context: &RequestContext, rules: &str) -> HeaderMap {
    let mut headers = common_headers(context);
    no_store(&mut headers);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; {rules}"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers
}
