//! Forms that the portal's pages send.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;

use super::error::PortalError;
use super::visitor::Visitor;
use crate::state::AppState;

/// A form of the visitor's own session.
pub(super) struct Posted {
    /// Who sends it.
    pub(super) visitor: Visitor,
    fields: Fields,
}

/// What a form holds.
#[derive(Default)]
struct Fields {
    texts: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Fields {
    /// Reads a form as browsers send it: multipart where it may hold files.
    async fn read(request: Request, app: &AppState) -> Result<Self, PortalError> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            let form = Multipart::from_request(request, app).await;
            return Self::read_parts(form.map_err(|_| PortalError::Form)?).await;
        }
        let body = Bytes::from_request(request, app).await;
        let body = body.map_err(|_| PortalError::Form)?;
        Ok(Self {
            texts: form_urlencoded::parse(&body).into_owned().collect(),
            files: Vec::new(),
        })
    }

    async fn read_parts(mut form: Multipart) -> Result<Self, PortalError> {
        let mut fields = Self::default();
        while let Some(part) = form.next_field().await.map_err(|_| PortalError::Form)? {
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.map_err(|_| PortalError::Form)?;
            if is_file {
                fields.files.push((name, bytes));
            } else {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| PortalError::Form)?;
                fields.texts.push((name, text));
            }
        }
        Ok(fields)
    }
}

impl Posted {
    /// A field's text without the space around it; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field's text as it was typed; empty if it is not there.
    pub(super) fn raw(&self, name: &str) -> &str {
        let mut texts = self.fields.texts.iter();
        texts
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }

    /// All values of a field, as boxes of one name send them.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let texts = self.fields.texts.iter();
        let texts = texts.filter(|(found, _)| found == name);
        texts.map(|(_, value)| value.as_str()).collect()
    }

    /// A file; none if none was chosen.
    pub(super) fn file(&self, name: &str) -> Option<&[u8]> {
        let mut files = self.fields.files.iter();
        let file = files.find(|(found, bytes)| found == name && !bytes.is_empty());
        file.map(|(_, bytes)| &**bytes)
    }
}

impl FromRequest<AppState> for Posted {
    type Rejection = Response;

    async fn from_request(mut request: Request, app: &AppState) -> Result<Self, Response> {
        let visitor: Visitor = request.extract_parts_with_state(app).await?;
        let context = visitor.context;
        let read = async {
            let fields = Fields::read(request, app).await?;
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
