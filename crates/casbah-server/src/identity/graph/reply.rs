//! Answers in Graph's form.

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::HeaderName;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::identity::answer::{common_headers, secret_json};
use crate::identity::context::{RequestContext, id_value};

/// What an operation answers.
pub(super) enum Reply {
    /// 200 with an object or a list.
    Ok(Value),
    /// 201 with the new object.
    Created(Value),
    /// 202, of what was asked for and is done already.
    Accepted(Value),
    /// 204
    Done,
}

impl Reply {
    /// The answer.
    pub(super) fn respond(self, context: &RequestContext) -> Response {
        match self {
            Self::Ok(value) => json(context, StatusCode::OK, &value),
            Self::Created(value) => json(context, StatusCode::CREATED, &value),
            Self::Accepted(value) => json(context, StatusCode::ACCEPTED, &value),
            Self::Done => {
                let headers = common_headers(context);
                with_id((StatusCode::NO_CONTENT, headers).into_response(), context)
            }
        }
    }
}

pub(super) fn json(context: &RequestContext, status: StatusCode, value: &Value) -> Response {
    let mut answer = with_id(secret_json(context, status, value), context);
    answer.headers_mut().insert(
        HeaderName::from_static("odata-version"),
        HeaderValue::from_static("4.0"),
    );
    answer
}

fn with_id(mut answer: Response, context: &RequestContext) -> Response {
    if let Some(id) = id_value(context.trace_id) {
        answer
            .headers_mut()
            .insert(HeaderName::from_static("request-id"), id);
    }
    answer
}
