//! Files of the pages, part of the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::state::AppState;

const KEEP: &str = "public, max-age=3600";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The files' routes.
pub(super) fn router() -> Router<AppState> {
    let style = include_str!("../../assets/casbah.css");
    let portal = include_str!("../../assets/portal.js");
    let icon = include_str!("../../assets/icon.svg");
    let form_post = include_str!("../../assets/form_post.js");
    let token_tools = include_str!("../../assets/token_tools.js");
    let passkey = include_str!("../../assets/passkey.js");
    Router::new()
        .route("/casbah/assets/casbah.css", get(async || file(CSS, style)))
        .route("/casbah/assets/icon.svg", get(async || file(SVG, icon)))
        .route(
            "/casbah/assets/passkey.js",
            get(async || file(JAVASCRIPT, passkey)),
        )
        .route(
            "/casbah/assets/portal.js",
            get(async || file(JAVASCRIPT, portal)),
        )
        .route(
            "/casbah/assets/token_tools.js",
            get(async || file(JAVASCRIPT, token_tools)),
        )
        .route(
            "/casbah/assets/form_post.js",
            get(async || file(JAVASCRIPT, form_post)),
        )
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, KEEP)], text)
}
