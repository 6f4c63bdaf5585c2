//! What an upload link reads and answers is an Azure block blob's (Microsoft's "Put
//! Block List", "Status and error codes").

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use casbah_model::time::Timestamp;

use crate::blobs::BlobError;

/// Errors of the upload link have Azure's form: its clients read the code from a
/// header.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    #[error("the link is not good, or has expired")]
    Authentication,
    #[error("a link takes a file by PUT alone")]
    UnsupportedHttpVerb,
    #[error("a file was put here before")]
    BlobAlreadyExists,
    #[error("the query parameter {0} is not understood")]
    InvalidQueryParameterValue(&'static str),
    #[error("the block list is not understood, or names a block twice or one that was not put")]
    InvalidBlockList,
    #[error("the file is larger than {0} bytes")]
    RequestBodyTooLarge(u64),
    #[error("this tenant's uploads that are not done hold {0} bytes already")]
    ServerBusy(u64),
    #[error("the body ended before its end")]
    IncompleteBody,
    #[error("the server cannot keep the file")]
    InternalError,
}

impl IntoResponse for UploadError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::Authentication => (StatusCode::FORBIDDEN, "AuthenticationFailed"),
            Self::UnsupportedHttpVerb => (StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHttpVerb"),
            Self::BlobAlreadyExists => (StatusCode::CONFLICT, "BlobAlreadyExists"),
            Self::InvalidQueryParameterValue(_) => {
                (StatusCode::BAD_REQUEST, "InvalidQueryParameterValue")
            }
            Self::InvalidBlockList => (StatusCode::BAD_REQUEST, "InvalidBlockList"),
            Self::RequestBodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge"),
            // What Azure says of an account that takes no more at present.
            Self::ServerBusy(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServerBusy"),
            Self::IncompleteBody => (StatusCode::BAD_REQUEST, "IncompleteBody"),
            Self::InternalError => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        };
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{self}</Message></Error>"
        );
        let headers = [
            (header::CONTENT_TYPE.as_str(), "application/xml"),
            ("x-ms-error-code", code),
        ];
        (status, headers, xml).into_response()
    }
}

impl From<casbah_store::StoreError> for UploadError {
    fn from(error: casbah_store::StoreError) -> Self {
        tracing::error!(%error, "an upload cannot be recorded");
        Self::InternalError
    }
}

impl From<BlobError> for UploadError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { limit } => Self::RequestBodyTooLarge(limit),
            BlobError::Body(_) => Self::IncompleteBody,
            BlobError::NoRoom { most } => Self::ServerBusy(most),
            BlobError::Exists => Self::BlobAlreadyExists,
            BlobError::UnknownBlock { .. }
            | BlobError::RepeatedBlock { .. }
            | BlobError::TooManyBlocks { .. } => Self::InvalidBlockList,
            BlobError::Io(error) => {
                tracing::error!(%error, "an upload cannot be kept");
                Self::InternalError
            }
        }
    }
}

pub(super) fn created() -> Response {
    let request = uuid::Uuid::new_v4();
    let headers = [
        (
            header::ETAG.as_str(),
            format!("\"0x{:X}\"", request.as_u64_pair().0),
        ),
        (
            header::LAST_MODIFIED.as_str(),
            Timestamp::now().to_http_date(),
        ),
        ("x-ms-request-id", request.to_string()),
        ("x-ms-version", "2021-12-02".to_owned()),
        ("x-ms-request-server-encrypted", "false".to_owned()),
    ];
    (StatusCode::CREATED, headers).into_response()
}

/// The ids of `<BlockList><Latest>id</Latest>…</BlockList>`; the three element names
/// all mean a block that was put just now.
pub(super) fn block_ids(xml: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(xml).ok()?;
    let (_, list) = text.split_once("<BlockList>")?;
    let (list, _) = list.rsplit_once("</BlockList>")?;
    let mut ids = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        if !["Latest", "Uncommitted", "Committed"].contains(&name) {
            return None;
        }
        let (id, after) = after.split_once("</")?;
        let after = after.strip_prefix(name)?.strip_prefix('>')?;
        ids.push(id.trim().to_owned());
        rest = after.trim_start();
    }
    Some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lists_are_read_as_azure_writes_them() {
        let xml = "<?xml version='1.0' encoding='utf-8'?>\n<BlockList><Latest>QQ==</Latest>\n \
            <Uncommitted>Qg==</Uncommitted></BlockList>";
        assert_eq!(
            block_ids(xml.as_bytes()),
            Some(vec!["QQ==".to_owned(), "Qg==".to_owned()])
        );
        assert_eq!(block_ids(b"<BlockList></BlockList>"), Some(Vec::new()));
        for bad in [
            "",
            "<BlockList>",
            "<BlockList><X>a</X></BlockList>",
            "<BlockList><Latest>a</BlockList>",
        ] {
            assert_eq!(block_ids(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn errors_have_azures_codes() {
        for (error, status, code) in [
            (BlobError::Exists, 409, "BlobAlreadyExists"),
            (BlobError::NoRoom { most: 9 }, 503, "ServerBusy"),
            (BlobError::TooLarge { limit: 9 }, 413, "RequestBodyTooLarge"),
            (
                BlobError::RepeatedBlock { id: String::new() },
                400,
                "InvalidBlockList",
            ),
        ] {
            let answer = UploadError::from(error).into_response();
            assert_eq!(answer.status().as_u16(), status, "{code}");
            assert_eq!(answer.headers()["x-ms-error-code"], code);
        }
    }
}
