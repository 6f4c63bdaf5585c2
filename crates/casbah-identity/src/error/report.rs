//! The JSON body of an error.

use casbah_model::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{AadError, text};
use crate::authority::Authority;

/// An error of one request, ready to be answered.
#[derive(Debug, Clone)]
pub struct ErrorReport {
    /// What was wrong.
    pub error: AadError,
    /// The request's own id; also the header `x-ms-request-id`.
    pub trace_id: Uuid,
    /// The client's id of its call: `client-request-id`, or a fresh one.
    pub correlation_id: Uuid,
    /// When.
    pub at: Timestamp,
}

/// The body's members, in the order of the original.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorBody {
    error: &'static str,
    error_description: String,
    error_codes: Vec<u32>,
    timestamp: String,
    trace_id: Uuid,
    correlation_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suberror: Option<&'static str>,
}

impl ErrorReport {
    /// The body for the token endpoint. It needs no escape in JSON.
    pub fn body(&self, authority: &Authority) -> ErrorBody {
        let wire = self.error.wire();
        self.body_with(authority, wire.error)
    }

    /// The body for a metadata document, see [`AadError::metadata_error`].
    pub fn metadata_body(&self, authority: &Authority) -> ErrorBody {
        self.body_with(authority, self.error.metadata_error())
    }

    /// The description alone, for a redirect or a page.
    pub fn description(&self) -> String {
        let number = self
            .error
            .wire()
            .code
            .map_or_else(String::new, |code| format!("AADSTS{code}: "));
        format!(
            "{number}{} Trace ID: {} Correlation ID: {} Timestamp: {}",
            text::describe(&self.error),
            self.trace_id,
            self.correlation_id,
            self.timestamp()
        )
    }

    fn body_with(&self, authority: &Authority, error: &'static str) -> ErrorBody {
        let wire = self.error.wire();
        ErrorBody {
            error,
            error_description: self.description(),
            error_codes: wire.code.into_iter().collect(),
            timestamp: self.timestamp(),
            trace_id: self.trace_id,
            correlation_id: self.correlation_id,
            error_uri: wire
                .code
                .map(|code| format!("{}/error?code={code}", authority.origin())),
            suberror: wire.suberror,
        }
    }

    /// `2026-01-02 03:04:05Z`
    fn timestamp(&self) -> String {
        self.at.to_iso_seconds().replace('T', " ")
    }
}

#[cfg(test)]
mod tests;
