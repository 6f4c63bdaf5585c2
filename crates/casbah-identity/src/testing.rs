//! Tokens of others for this crate's tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A token with these claims that nobody signed.
pub(crate) fn unsigned(claims: &Value) -> String {
    let header = json!({"alg": "RS256", "kid": "k"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AA", part(&header), part(claims))
}
