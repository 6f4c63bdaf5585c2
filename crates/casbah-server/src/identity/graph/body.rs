//! Bodies of requests.

use serde::de::DeserializeOwned;

use super::error::GraphError;

/// Reads a JSON body; members that are not known are ignored.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, GraphError> {
    let bytes = if bytes.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        bytes
    };
    serde_json::from_slice(bytes)
        .map_err(|error| GraphError::Invalid(format!("The body cannot be read: {error}.")))
}
