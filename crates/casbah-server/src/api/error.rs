//! Errors of the API, in the original service's own forms.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use casbah_model::filter::FilterError;
use casbah_store::StoreError;
use serde_json::{Value, json};

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No token, or one that is not good here.
    #[error("invalid token")]
    Unauthorized,
    /// A good token without the permission.
    #[error("insufficient permissions")]
    Forbidden,
    /// A legacy API token whose issuer may have none any more.
    #[error("the issuer of the token may not have tokens")]
    InvalidUser,
    /// No such record.
    #[error("not found")]
    NotFound,
    /// The resource has no such method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A parameter that must be there is not.
    #[error("{0} is missing")]
    Required(&'static str),
    /// A parameter's value is not good.
    #[error("{parameter}: {value} is not valid")]
    BadValue {
        /// The parameter.
        parameter: &'static str,
        /// Its value, shortened.
        value: String,
    },
    /// A list's parameters are not good.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A feed does not reach back to the place that was asked for.
    #[error("the feed does not reach back to this place")]
    FeedGone,
    /// What was asked for collides with what is there.
    #[error("{0}")]
    Conflict(String),
    /// The body is not what it should be.
    #[error("{0}")]
    Malformed(&'static str),
    /// The body is longer than allowed.
    #[error("the body is longer than {0} bytes")]
    TooLarge(u64),
    /// Too many requests within the last minute.
    #[error("request was throttled")]
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// Something else here failed.
    #[error("{0}")]
    Internal(&'static str),
}

impl ApiError {
    /// A document that cannot be written as JSON.
    pub(crate) fn document(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }

    /// A value that is not good, quoted in at most a hundred characters.
    pub(crate) fn bad_value(parameter: &'static str, value: impl AsRef<str>) -> Self {
        Self::BadValue {
            parameter,
            value: value.as_ref().chars().take(100).collect(),
        }
    }

    /// The same of a value that came as JSON: a text is quoted as it is.
    pub(crate) fn bad_json(parameter: &'static str, value: &Value) -> Self {
        match value {
            Value::String(text) => Self::bad_value(parameter, text),
            other => Self::bad_value(parameter, other.to_string()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::Conflict(conflict.to_string()),
            other => Self::Store(other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, body) = match &self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, json!({"detail": "Invalid token"})),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                json!({
                    "detail": "Insufficient role based permissions",
                    "correlation_id": uuid::Uuid::new_v4(),
                }),
            ),
            Self::InvalidUser => (
                StatusCode::FORBIDDEN,
                json!({
                    "detail": "Invalid user - the owner of this token is not permitted to use tokens",
                }),
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, json!({"detail": "Not found."})),
            Self::FeedGone => (
                StatusCode::GONE,
                detail(
                    "Changes are kept for 7 days and this place is older. Read the list again, \
                     then follow without 'after'.",
                ),
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                detail("Method not allowed."),
            ),
            Self::Required(parameter) => (
                StatusCode::BAD_REQUEST,
                form_error(
                    parameter,
                    "This field is required",
                    "CONSOLE_FORMS_FIELD_REQUIRED",
                    None,
                ),
            ),
            Self::BadValue { parameter, value } => {
                (StatusCode::BAD_REQUEST, bad_value(parameter, value))
            }
            Self::Filter(FilterError::Value { field, value }) => {
                // The service names the list `filters`, whatever filter it was.
                let parameter = match field.as_str() {
                    "skip" | "limit" | "sortField" | "sortDirection" => field.as_str(),
                    _ => "filters",
                };
                (StatusCode::BAD_REQUEST, bad_value(parameter, value))
            }
            Self::Filter(error) => (StatusCode::BAD_REQUEST, detail(&error.to_string())),
            Self::Conflict(text) => (StatusCode::BAD_REQUEST, detail(text)),
            Self::Malformed(text) => (StatusCode::BAD_REQUEST, detail(text)),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, detail(&self.to_string())),
            Self::Throttled { seconds } => (StatusCode::TOO_MANY_REQUESTS, throttled(*seconds)),
            Self::Store(_) | Self::Internal(_) => {
                let correlation = uuid::Uuid::new_v4();
                tracing::error!(error = %self, %correlation, "a request failed");
                let detail = "the server failed; its log tells more under the correlation id";
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    json!({"detail": detail, "correlation_id": correlation}),
                )
            }
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 3: a refused Bearer token says so.
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Self::Throttled { seconds } = self {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Gives the router's own answer to a method that a resource does not have the form of
/// an error.
pub(crate) async fn in_form(response: Response) -> Response {
    let is_bare = response.status() == StatusCode::METHOD_NOT_ALLOWED
        && !response.headers().contains_key(header::CONTENT_TYPE);
    if !is_bare {
        return response;
    }
    let mut answer = ApiError::MethodNotAllowed.into_response();
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    answer
}

/// Clients read the second last word as a number, or look for `throttled`.
fn throttled(seconds: u64) -> Value {
    let text = format!("Request was throttled. Expected available in {seconds} seconds.");
    json!({"detail": text, "error": {"message": text}})
}

fn detail(text: &str) -> Value {
    json!({"detail": text, "errors": [{"error": text}]})
}

fn bad_value(parameter: &str, value: &str) -> Value {
    let text = format!("{value} is not valid");
    form_error(
        parameter,
        &text,
        "CONSOLE_FORMS_NOT_VALID_VALUE",
        Some(json!({"value": value})),
    )
}

fn form_error(parameter: &str, text: &str, code: &str, parameters: Option<Value>) -> Value {
    let mut error = json!({"error": text, "errorMessageCode": code});
    if let Some(parameters) = parameters {
        error["errorMessageParams"] = parameters;
    }
    json!({"error": true, parameter: [error], "errors": [{"error": text}]})
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body_of(error: ApiError) -> (u16, Value) {
        let response = error.into_response();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn forms_are_those_of_the_service() {
        let value = FilterError::Value {
            field: "id".to_owned(),
            value: "<alert_id>".to_owned(),
        };
        for (error, status, expected) in [
            (
                ApiError::Unauthorized,
                401,
                json!({"detail": "Invalid token"}),
            ),
            (ApiError::NotFound, 404, json!({"detail": "Not found."})),
            (
                ApiError::Throttled { seconds: 7 },
                429,
                json!({"detail": "Request was throttled. Expected available in 7 seconds.",
                    "error": {"message":
                        "Request was throttled. Expected available in 7 seconds."}}),
            ),
            (
                ApiError::MethodNotAllowed,
                405,
                json!({"detail": "Method not allowed.",
                    "errors": [{"error": "Method not allowed."}]}),
            ),
            (
                ApiError::Required("filters"),
                400,
                json!({"error": true, "filters": [{"error": "This field is required",
                    "errorMessageCode": "CONSOLE_FORMS_FIELD_REQUIRED"}],
                    "errors": [{"error": "This field is required"}]}),
            ),
            (
                ApiError::Filter(value),
                400,
                json!({"error": true, "filters": [{"error": "<alert_id> is not valid",
                    "errorMessageCode": "CONSOLE_FORMS_NOT_VALID_VALUE",
                    "errorMessageParams": {"value": "<alert_id>"}}],
                    "errors": [{"error": "<alert_id> is not valid"}]}),
            ),
        ] {
            assert_eq!(body_of(error).await, (status, expected));
        }
    }
}
