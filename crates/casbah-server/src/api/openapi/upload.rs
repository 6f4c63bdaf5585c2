//! The link that a log is uploaded to, which no token opens.

use serde_json::{Value, json};

pub(super) const PATH: &str = "/upload/{tenant}/{id}";

/// It takes an Azure block blob (Microsoft's "Put Blob", "Put Block", "Put Block List").
pub(super) fn link() -> Value {
    let in_path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let in_query = |name: &str, about: &str, schema: Value| json!({"name": name, "in": "query", "description": about, "schema": schema});
    let refused = |about: &str| {
        json!({
            "description": about,
            "headers": {"x-ms-error-code": {"schema": {"type": "string"}}},
            "content": {"application/xml": {"schema": {"$ref": "#/components/schemas/BlobError"}}},
        })
    };
    json!({"put": {
        "operationId": "uploadLog",
        "summary": "Upload a log",
        "description": "Whoever has the link needs no token: it is signed, takes one file and \
            ends after some hours. Files are sent whole, or in blocks and then the list of them.",
        "tags": ["Log upload"],
        "security": [],
        "parameters": [
            in_path("tenant"),
            in_path("id"),
            in_query("sig", "The signature, part of the link", json!({"type": "string"})),
            in_query("comp", "A block, or the list of blocks; the whole file without it",
                json!({"type": "string", "enum": ["block", "blocklist"]})),
            in_query("blockid", "The id of a block, base64", json!({"type": "string"})),
        ],
        "requestBody": {"required": true, "content": {"application/octet-stream": {}}},
        "responses": {
            "201": {"description": "It is here"},
            "400": refused("The request is not understood"),
            "403": refused("The link is not good, or has ended"),
            "409": refused("A file was put here before"),
            "413": refused("The file is too large"),
            "500": refused("The server cannot keep the file"),
            "503": refused("Too much that is not done is here already"),
        },
    }})
}

pub(super) fn schema() -> Value {
    json!({
        "description": "Why an upload was refused",
        "type": "object",
        "xml": {"name": "Error"},
        "properties": {"Code": {"type": "string"}, "Message": {"type": "string"}},
        "required": ["Code", "Message"],
    })
}
