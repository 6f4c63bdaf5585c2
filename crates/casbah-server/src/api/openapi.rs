//! `/openapi.json`: the API's description (`OpenAPI` 3.1.1,
//! spec.openapis.org), written from its routes. Who may call what is no secret, so no token is needed.

#[cfg(test)]
pub(super) mod check;
mod document;
mod errors;
mod parameters;
mod upload;
mod words;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;

use super::operation::{JSON, Operation};
use crate::state::App;

pub(super) use document::document;

/// The description of these operations.
pub(super) fn router(operations: Vec<Operation>) -> Router<Arc<App>> {
    let text = LazyLock::new(move || Bytes::from(document(&operations).to_string()));
    let text = Arc::new(text);
    let show = move || {
        let text: Bytes = (**text).clone();
        async move { ([(header::CONTENT_TYPE, JSON)], text).into_response() }
    };
    Router::new().route("/openapi.json", get(show))
}
