//! Holds every answer that any test gets to the description: what it has in it must be
//! described, and what is described must be there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::document;
use crate::api::operation::{JSON, Operation};

/// The description, and what was made of it.
struct Described {
    document: Value,
    /// The documented path of each.
    paths: HashMap<String, String>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static DESCRIBED: OnceLock<Described> = OnceLock::new();

/// Describes the operations; those of every server are the same.
pub(in crate::api) fn remember(operations: &[Operation]) {
    DESCRIBED.get_or_init(|| {
        let mut document = document(operations);
        close(&mut document);
        let path = |one: &Operation| (one.path.clone(), one.documented_path());
        Described {
            document,
            paths: operations.iter().map(path).collect(),
            validators: Mutex::default(),
        }
    });
}

/// Lets objects have only the members that are described.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let is_object = members.get("properties").is_some_and(Value::is_object);
            if is_object && !members.contains_key("additionalProperties") {
                // Also those that alternatives beside them describe.
                members.insert("unevaluatedProperties".to_owned(), json!(false));
                let alternatives = ["oneOf", "anyOf", "allOf"];
                let others = members.iter_mut();
                let others = others.filter(|(name, _)| !alternatives.contains(&name.as_str()));
                others.for_each(|(_, member)| close(member));
            } else {
                members.values_mut().for_each(close);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// Answers 500 in place of what the description does not know.
pub(in crate::api) async fn check(
    State(path): State<Arc<str>>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().as_str().to_ascii_lowercase();
    let response = next.run(request).await;
    let Some(described) = DESCRIBED.get() else {
        return response;
    };
    let (parts, body) = response.into_parts();
    let media_type = parts.headers.get(header::CONTENT_TYPE);
    let media_type = media_type.map(|media_type| media_type.to_str().unwrap().to_owned());
    let is_read = media_type.as_deref() == Some(JSON) && body.size_hint().exact().is_some();
    let (body, text) = if is_read {
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (Body::from(bytes.clone()), Some(bytes))
    } else {
        (body, None)
    };
    let found = described.find(&path, &method, parts.status, media_type.as_deref());
    let verdict = found.and_then(|pointer| match (pointer, text) {
        (Some(pointer), Some(text)) => described.validate(&pointer, &text),
        _ => Ok(()),
    });
    match verdict {
        Ok(()) => Response::from_parts(parts, body),
        Err(error) => {
            let status = parts.status;
            let text = format!("not as described: {method} {path} {status}: {error}");
            eprintln!("{text}");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

impl Described {
    /// Where the schema of an answer is; none where there is no content.
    fn find(
        &self,
        path: &str,
        method: &str,
        status: StatusCode,
        media_type: Option<&str>,
    ) -> Result<Option<String>, String> {
        let path = self.paths.get(path).ok_or("no such path")?;
        let item = &self.document["paths"][path];
        let Some(operation) = item.get(method) else {
            // The router answers methods that are none of the operation's.
            let is_refused = status == StatusCode::METHOD_NOT_ALLOWED || method == "head";
            return if is_refused {
                Ok(None)
            } else {
                Err("no such method".to_owned())
            };
        };
        let mut pointer = format!(
            "/paths/{}/{method}/responses/{}",
            path.replace('/', "~1"),
            status.as_str()
        );
        let response = &operation["responses"][status.as_str()];
        if response.is_null() {
            return Err("this status is not described".to_owned());
        }
        if let Some(reference) = response["$ref"].as_str() {
            pointer = reference.trim_start_matches('#').to_owned();
        }
        let response = self.document.pointer(&pointer).ok_or("no such component")?;
        let contents = response["content"].as_object();
        match (media_type, contents) {
            (None, None) => Ok(None),
            (Some(media_type), Some(contents)) => {
                let bare = media_type.split(';').next().unwrap_or_default();
                if contents.contains_key(bare) {
                    let bare = bare.replace('/', "~1");
                    Ok(Some(format!("{pointer}/content/{bare}/schema")))
                } else {
                    Err(format!("{media_type} is not described"))
                }
            }
            (media_type, _) => Err(format!("content of {media_type:?}")),
        }
    }

    fn validate(&self, pointer: &str, text: &[u8]) -> Result<(), String> {
        let answer: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let validator = self.validator(pointer);
        let errors: Vec<_> = validator
            .iter_errors(&answer)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(format!("{}: {answer}", errors.join("; ")))
        }
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let make = || {
            let mut schema = Map::new();
            schema.insert("components".to_owned(), self.document["components"].clone());
            let own = self.document.pointer(pointer).unwrap().clone();
            schema.insert("allOf".to_owned(), json!([own]));
            let validator = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(true)
                .build(&Value::Object(schema));
            Arc::new(validator.unwrap())
        };
        let known = validators.entry(pointer.to_owned());
        Arc::clone(known.or_insert_with(make))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_not_described_is_found() {
        let server = TestServer::start().await;
        let described = DESCRIBED.get().unwrap();
        let find = |path: &str, method: &str, status, media_type| {
            described.find(path, method, status, media_type)
        };
        let (ok, json) = (StatusCode::OK, Some(JSON));
        for (path, method, status, media_type, is_described) in [
            ("/api/alerts", "get", ok, json, true),
            ("/api/alerts", "get", ok, Some("application/x-ndjson"), true),
            ("/api/alerts", "get", ok, Some("text/html"), false),
            ("/api/alerts", "get", ok, None, false),
            ("/api/alerts", "put", ok, json, false),
            (
                "/api/alerts",
                "put",
                StatusCode::METHOD_NOT_ALLOWED,
                json,
                true,
            ),
            ("/api/alerts", "get", StatusCode::BAD_GATEWAY, json, false),
            ("/api/none", "get", ok, json, false),
            ("/api/subnet/{id}", "delete", ok, None, true),
            ("/api/subnet/{id}", "delete", ok, json, false),
        ] {
            let found = find(path, method, status, media_type);
            assert_eq!(
                found.is_ok(),
                is_described,
                "{method} {path} {status} {media_type:?}"
            );
        }
        let pointer = find("/casbah/v1/detector", "get", ok, json)
            .unwrap()
            .unwrap();
        for (answer, is_described) in [
            (json!({"position": null, "pending": 0}), true),
            (json!({"position": 5, "pending": 7}), true),
            (json!({"pending": 0}), false),
            (json!({"position": null, "pending": "0"}), false),
            (json!({"position": null, "pending": 0, "more": 1}), false),
        ] {
            let verdict = described.validate(&pointer, answer.to_string().as_bytes());
            assert_eq!(verdict.is_ok(), is_described, "{answer}");
        }
        drop(server);
    }
}
