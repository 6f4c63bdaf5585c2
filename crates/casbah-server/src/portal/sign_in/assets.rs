//! Files of the pages, part of the program.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const KEEP: &str = "public, max-age=3600";

/// The style sheet.
pub(super) async fn style() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, KEEP),
    ];
    (headers, include_str!("../../../assets/sign_in.css"))
}

/// The script that sends a form on.
pub(super) async fn form_post() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, KEEP),
    ];
    (headers, include_str!("../../../assets/form_post.js"))
}
