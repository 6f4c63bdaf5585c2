//! `GET /common/userrealm/{upn}`: how a person signs in.

use axum::response::Response;
use serde_json::json;

use super::answer::public_json;
use super::context::RequestContext;

/// Every person signs in here; the answer does not tell who exists.
pub(super) async fn show(context: RequestContext) -> Response {
    public_json(
        &context,
        &json!({ "ver": "1.0", "account_type": "Managed" }),
    )
}
