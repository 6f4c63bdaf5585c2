//! Forms that the portal's pages send.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::Response;

use super::error::PortalError;
use super::visitor::Visitor;
use crate::state::AppState;

/// A form of the visitor's own session.
pub(super) struct Posted {
    /// Who sends it.
    pub(super) visitor: Visitor,
    fields: Vec<(String, String)>,
}

impl Posted {
    /// A field's text without the space around it; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field's text as it was typed; empty if it is not there.
    pub(super) fn raw(&self, name: &str) -> &str {
        let mut fields = self.fields.iter();
        fields
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }

    /// All values of a field, as boxes of one name send them.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.fields.iter().filter(|(found, _)| found == name);
        fields.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a box is ticked.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(found, _)| found == name)
    }
}

impl FromRequest<AppState> for Posted {
    type Rejection = Response;

    async fn from_request(mut request: Request, app: &AppState) -> Result<Self, Response> {
        let visitor: Visitor = request.extract_parts_with_state(app).await?;
        let context = visitor.context;
        let read = async {
            let body = Bytes::from_request(request, app).await;
            let body = body.map_err(|_| PortalError::Form)?;
            let fields = form_urlencoded::parse(&body).into_owned().collect();
            let posted = Self { visitor, fields };
            if posted.visitor.has_shown(posted.raw("csrf")) {
                Ok(posted)
            } else {
                Err(PortalError::ForeignForm)
            }
        };
        read.await.map_err(|error| error.respond(&context))
    }
}
