//! What is answered where an operation does not do what it is asked to.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::api::operation::{JSON, Operation, Takes};

/// The forms of errors; the last two are of nothing but 400.
const DETAIL: &str = "Error";
const FORM: &str = "FormError";
const PROBLEM: &str = "FormProblem";

/// The errors that an operation may answer.
pub(super) fn of(operation: &Operation, method: &str) -> Vec<StatusCode> {
    let mut statuses = vec![
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::INTERNAL_SERVER_ERROR,
    ];
    let is_of_laboratory = operation.path.starts_with("/casbah/v1/lab/");
    if operation.path.contains('{') || is_of_laboratory || operation.answers.is_empty() {
        statuses.push(StatusCode::NOT_FOUND);
    }
    let takes_body = !matches!(operation.takes, Takes::Nothing);
    if takes_body || method != "get" {
        statuses.push(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if operation.path.ends_with("/changes") {
        statuses.push(StatusCode::GONE);
    }
    if operation.path.starts_with("/api/") {
        statuses.push(StatusCode::TOO_MANY_REQUESTS);
    }
    statuses
}

/// The name of an error among the document's components.
pub(super) fn name(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "BadRequest",
        StatusCode::UNAUTHORIZED => "Unauthorized",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::GONE => "Gone",
        StatusCode::PAYLOAD_TOO_LARGE => "TooLarge",
        StatusCode::TOO_MANY_REQUESTS => "Throttled",
        _ => "Failed",
    }
}

pub(super) fn responses() -> Value {
    let all = [
        (
            StatusCode::BAD_REQUEST,
            "What was asked for cannot be understood, or cannot be done",
        ),
        (
            StatusCode::UNAUTHORIZED,
            "No token, or one that is not good here",
        ),
        (StatusCode::FORBIDDEN, "A good token without the permission"),
        (StatusCode::NOT_FOUND, "There is no such record"),
        (StatusCode::GONE, "Changes are not kept as long"),
        (StatusCode::PAYLOAD_TOO_LARGE, "The body is too long"),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests within a minute, where the operator limits them",
        ),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed; its log tells more",
        ),
    ];
    let mut responses = Map::new();
    for (status, about) in all {
        let schema = match status {
            StatusCode::BAD_REQUEST => json!({"oneOf": [reference(DETAIL), reference(FORM)]}),
            _ => reference(DETAIL),
        };
        let mut response = json!({"description": about, "content": {JSON: {"schema": schema}}});
        if let Some(headers) = headers(status) {
            response["headers"] = headers;
        }
        responses.insert(name(status).to_owned(), response);
    }
    Value::Object(responses)
}

fn headers(status: StatusCode) -> Option<Value> {
    match status {
        StatusCode::UNAUTHORIZED => Some(json!({"WWW-Authenticate": {
            "description": "How to prove oneself (RFC 6750)",
            "schema": {"type": "string"},
        }})),
        StatusCode::TOO_MANY_REQUESTS => Some(json!({"Retry-After": {
            "description": "How many seconds to wait",
            "schema": {"type": "integer", "minimum": 0},
        }})),
        _ => None,
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn schemas() -> Map<String, Value> {
    let texts = json!({
        "description": "The same text again, which some clients read",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"error": {"type": "string"}},
            "required": ["error"],
        },
    });
    let detail = json!({
        "description": "Why a request was refused",
        "type": "object",
        "properties": {
            "detail": {"type": "string"},
            "errors": texts.clone(),
            "error": {
                "description": "The same text once more, of a throttled request",
                "type": "object",
                "properties": {"message": {"type": "string"}},
                "required": ["message"],
            },
            "correlation_id": {
                "description": "Under which the server's log tells more",
                "type": "string",
                "format": "uuid",
            },
        },
        "required": ["detail"],
    });
    let form = json!({
        "description": "Why a parameter was refused: its name stands beside `error`",
        "type": "object",
        "properties": {"error": {"const": true}, "errors": texts},
        "required": ["error", "errors"],
        "additionalProperties": {"type": "array", "items": reference(PROBLEM)},
    });
    let problem = json!({
        "type": "object",
        "properties": {
            "error": {"type": "string"},
            "errorMessageCode": {"type": "string"},
            "errorMessageParams": {
                "type": "object",
                "properties": {"value": {"type": "string"}},
            },
        },
        "required": ["error", "errorMessageCode"],
    });
    let all = [(DETAIL, detail), (FORM, form), (PROBLEM, problem)];
    all.into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}
