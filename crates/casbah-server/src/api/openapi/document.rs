//! The whole document.

use axum::http::StatusCode;
use casbah_model::identity::{CASBAH, CLOUD_APP_SECURITY};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use schemars::transform::ReplaceBoolSchemas;
use serde_json::{Map, Value, json};

use super::parameters::{Components, taken};
use super::words::plain;
use super::{errors, upload};
use crate::api::operation::{Answer, Content, JSON, Operation};
use crate::auth::Need;

/// The names of the ways to prove oneself.
const TOKEN: &str = "token";
const CASBAH_TOKEN: &str = "casbahToken";
const LEGACY_TOKEN: &str = "legacyToken";

const ABOUT: &str = "\
The API of Casbah, which clients of the Cloud App Security API speak unchanged, and what \
Casbah adds to it under `/casbah/v1/`.

Paths that begin with `/api/v1/` answer also under `/api/`, `/cas/api/` and `/cas/api/v1/`, \
and all with and without the last slash. Parameters are understood wherever they stand: in \
the query, in a JSON body (also of GET) or in a form, numbers and booleans also as text; of \
several with one name the last counts, and what is not named here is ignored. What GET \
answers has an entity tag, and all answers can be compressed (gzip, zstd).

The identity service describes itself at `/{tenant}/v2.0/.well-known/openid-configuration`.";

/// Describes these operations.
pub(in crate::api) fn document(operations: &[Operation]) -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    // Generators of clients do not know `true` as a schema.
    let mut transform = ReplaceBoolSchemas::default();
    transform.skip_additional_properties = true;
    settings.transforms.push(Box::new(transform));
    let mut generator = settings.into_generator();
    let mut components = Components {
        generator: &mut generator,
        filters: Map::new(),
    };
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations {
        if !tags.contains(&operation.resource) {
            tags.push(operation.resource);
        }
        let path = paths.entry(operation.documented_path());
        let path = path.or_insert_with(|| json!({}));
        for method in methods(operation) {
            path[method] = written(operation, method, &mut components);
        }
    }
    paths.insert(upload::PATH.to_owned(), upload::link());
    paths.insert("/openapi.json".to_owned(), itself());
    let mut schemas = components.filters;
    schemas.extend(generator.take_definitions(true));
    schemas.extend(errors::schemas());
    schemas.insert("BlobError".to_owned(), upload::schema());
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Casbah",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": errors::responses(),
            "securitySchemes": security_schemes(),
        },
    });
    plain(&mut document);
    document
}

/// The methods of an operation in lower case.
fn methods(operation: &Operation) -> Vec<&'static str> {
    match operation.methods {
        ["any method"] => vec!["get", "post", "put", "patch", "delete"],
        ["GET"] => vec!["get"],
        ["POST"] => vec!["post"],
        ["DELETE"] => vec!["delete"],
        _ => vec!["get", "post"],
    }
}

fn written(operation: &Operation, method: &str, components: &mut Components<'_>) -> Value {
    let has_body = method != "get";
    let taken = taken(operation.takes, has_body, components);
    let mut parameters: Vec<_> = operation
        .path_parameters()
        .map(|name| in_path(name, &operation.names))
        .collect();
    parameters.extend(taken.query);
    let mut written = json!({
        "operationId": id(operation, method),
        "summary": operation.summary,
        "description": operation.callers(),
        "tags": [operation.resource],
        "security": security(operation),
        "parameters": parameters,
        "responses": responses(operation, method, components.generator),
    });
    if operation.summary.contains("(deprecated") {
        written["deprecated"] = json!(true);
    }
    if let Some(body) = taken.body {
        written["requestBody"] = body;
    }
    written
}

/// The summary in camel case; where several methods do the same, those that are not the
/// first are named.
fn id(operation: &Operation, method: &str) -> String {
    let summary = operation.summary.split('(').next().unwrap_or_default();
    let words = summary
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !["", "a", "an", "the", "s"].contains(word));
    let mut id = String::new();
    for word in words {
        if id.is_empty() {
            id.push_str(&word.to_lowercase());
        } else {
            push_capital(&mut id, word);
        }
    }
    if methods(operation).first() != Some(&method) {
        id.push_str("By");
        push_capital(&mut id, method);
    }
    id
}

fn push_capital(id: &mut String, word: &str) {
    let mut signs = word.chars();
    id.extend(signs.next().map(|sign| sign.to_ascii_uppercase()));
    id.push_str(signs.as_str());
}

fn in_path(name: &str, names: &[&str]) -> Value {
    let mut schema = json!({"type": "string"});
    if !names.is_empty() {
        schema["enum"] = json!(names);
    }
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

/// One of the permissions is enough; a person's roles say the rest.
fn security(operation: &Operation) -> Value {
    let token = match operation.need {
        Need::Action(_) => TOKEN,
        Need::Casbah(_) => CASBAH_TOKEN,
    };
    let permissions = operation.permissions();
    let ways = permissions.iter().map(|one| json!({token: [one]}));
    let mut ways: Vec<_> = ways.collect();
    if ways.is_empty() {
        ways.push(json!({token: []}));
    }
    if token == TOKEN {
        ways.push(json!({LEGACY_TOKEN: []}));
    }
    Value::Array(ways)
}

fn security_schemes() -> Value {
    let bearer = |resource: &str| {
        json!({
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": format!(
                "A token of `/{{tenant}}/oauth2/v2.0/token` for the resource *{resource}*"
            ),
        })
    };
    json!({
        TOKEN: bearer(CLOUD_APP_SECURITY.display_name),
        CASBAH_TOKEN: bearer(CASBAH.display_name),
        LEGACY_TOKEN: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token` and a legacy API token, which has the rights of the person \
                who made it",
        },
    })
}

fn responses(operation: &Operation, method: &str, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        let status = answer.status.as_str();
        let response = responses
            .entry(status)
            .or_insert_with(|| json!({"description": reason(answer.status)}));
        if let Some(media_type) = answer.media_type() {
            put(response, media_type, content(answer, generator));
        }
    }
    let has_document = operation
        .answers
        .iter()
        .any(|answer| answer.status == StatusCode::OK);
    if method == "get" && has_document {
        let about = "What `If-None-Match` names is what is there";
        responses.insert("304".to_owned(), json!({"description": about}));
    }
    for status in errors::of(operation, method) {
        let reference = format!("#/components/responses/{}", errors::name(status));
        responses.insert(status.as_str().to_owned(), json!({"$ref": reference}));
    }
    Value::Object(responses)
}

/// Adds content of a media type; a second schema of one is another that it may be of.
fn put(response: &mut Value, media_type: &str, schema: Value) {
    let content = &mut response["content"][media_type]["schema"];
    match content {
        Value::Null => *content = schema,
        Value::Object(known) if known.contains_key("anyOf") => {
            if let Some(Value::Array(all)) = known.get_mut("anyOf") {
                all.push(schema);
            }
        }
        one => *one = json!({"anyOf": [one.clone(), schema]}),
    }
}

fn content(answer: &Answer, generator: &mut SchemaGenerator) -> Value {
    match answer.content {
        Content::Nothing => json!({}),
        Content::Json(schema) => schema(generator).to_value(),
        Content::Lines(schema) => {
            let record = schema(generator).to_value();
            let name = record["$ref"]
                .as_str()
                .and_then(|text| text.rsplit('/').next());
            let about = format!(
                "A line for each record: `{}` as JSON",
                name.unwrap_or("any")
            );
            json!({"type": "string", "description": about})
        }
        Content::Text(_, about) => json!({"type": "string", "description": about}),
    }
}

fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::CREATED => "It was made",
        StatusCode::NO_CONTENT => "It is gone",
        _ => "It was done",
    }
}

fn itself() -> Value {
    json!({"get": {
        "operationId": "describe",
        "summary": "Fetch this description",
        "security": [],
        "responses": {
            "200": {
                "description": reason(StatusCode::OK),
                "content": {JSON: {"schema": {"type": "object"}}},
            },
            "304": {"description": "What `If-None-Match` names is what is there"},
        },
    }})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api;
    use crate::testing::TestServer;

    fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path, method, operation))
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_operation_has_an_id_of_its_own_and_says_what_it_answers() {
        let server = TestServer::start().await;
        let answer = server.call("GET", "/openapi.json", None, "").await;
        assert_eq!(answer.status, 200);
        let document = answer.json();
        let mut ids = BTreeSet::new();
        for (path, method, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} stands twice: {method} {path}");
            assert!(id.len() > 4, "{id}");
            let responses = operation["responses"].as_object().unwrap();
            let is_of_none = operation["summary"].as_str().unwrap().contains("none");
            let answers = responses.keys().any(|status| status.starts_with('2'));
            assert!(answers || is_of_none, "{method} {path} answers nothing");
        }
        let described = api::operations(server.app.clone());
        let count: usize = described.iter().map(|one| methods(one).len()).sum();
        assert_eq!(
            ids.len(),
            count + 2,
            "the link of an upload and the document itself"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_reference_leads_somewhere() {
        fn walk(value: &Value, document: &Value, seen: &mut usize) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(reference)) = members.get("$ref") {
                        let pointer = reference.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{reference}");
                        *seen += 1;
                    }
                    members
                        .values()
                        .for_each(|member| walk(member, document, seen));
                }
                Value::Array(values) => values.iter().for_each(|one| walk(one, document, seen)),
                _ => {}
            }
        }
        let server = TestServer::start().await;
        let document = document(&api::operations(server.app.clone()));
        let mut seen = 0;
        walk(&document, &document, &mut seen);
        assert!(seen > 100, "{seen}");
        // Names that stood for two types would have got a number.
        for name in document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(!name.ends_with('2'), "two types are called {name}");
        }
    }
}
