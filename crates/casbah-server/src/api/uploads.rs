//! Uploads of logs: a link is given out, the file put there, the end said.
//!
//! The link is a capability: what it allows is sealed in it, it expires, and it
//! takes one file. It is put as an Azure block blob, whole or in blocks, the way
//! azure-storage-blob does it (Microsoft's "Put Blob", "Put Block", "Put Block
//! List").

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Extension, Json};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use casbah_identity::crypto::SealContext;
use casbah_model::discovery::{DiscoveryUpload, UploadSource, UploadState};
use casbah_model::identity::Sealed;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::DoneUpload;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::parameters::Parameters;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// How long a link takes a file.
const LINK_LIFE_MS: i64 = 4 * 3_600_000;

/// The longest block list: 50,000 ids of at most 88 characters, and their tags.
const LARGEST_BLOCK_LIST: usize = 8 << 20;

pub(super) fn routes(routes: Routes) -> Routes {
    let manage = Need::Action(Action::DiscoveryManage);
    routes
        .route("/api/discovery/upload_url", manage, get(upload_url))
        .route("/api/discovery/done_upload", manage, post(done_upload))
}

/// The links themselves: whoever has one needs no token.
pub(super) fn router() -> Router<Arc<App>> {
    let body = DefaultBodyLimit::disable();
    Router::new().route("/upload/{tenant}/{id}", put(receive).layer(body))
}

async fn upload_url(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let filename = parameters.required_text("filename")?;
    let name = parameters.required_text("source")?;
    let source =
        UploadSource::from_name(&name).ok_or_else(|| ApiError::bad_value("source", &name))?;
    let now = Timestamp::now();
    let upload = DiscoveryUpload {
        id: RecordId::generate(now.seconds()),
        stream_id: None,
        stream_name: None,
        filename: filename.chars().take(255).collect(),
        source: source.name().to_owned(),
        format: None,
        state: UploadState::Open,
        bytes: 0,
        lines: 0,
        parsed: 0,
        bad: 0,
        uncatalogued_transactions: 0,
        error: None,
        samples: Vec::new(),
        created: now,
        expires: now.plus_millis(LINK_LIFE_MS),
        finished: None,
    };
    let url = link(&app, caller.tenant, &upload)?;
    let id = upload.id;
    app.store.create_upload(caller.tenant, upload).await?;
    caller.audit(&app, "discovery_upload.create", id).await?;
    Ok(Json(json!({"url": url, "provider": "azure"})))
}

async fn done_upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let url = parameters.required_text("uploadUrl")?;
    let stream_name = parameters.required_text("inputStreamName")?;
    let snapshot = parameters.flag("uploadAsSnapshot")?;
    let refused = || ApiError::bad_value("uploadUrl", &url);
    let (tenant, id) = read_link(&app, &url).ok_or_else(refused)?;
    if tenant != caller.tenant {
        return Err(refused());
    }
    let upload = app.store.upload(tenant, id).await?.ok_or_else(refused)?;
    match upload.state {
        UploadState::Open => {
            return Err(ApiError::Conflict(
                "nothing was uploaded to this uploadUrl".to_owned(),
            ));
        }
        UploadState::Stored => {}
        _ => return Err(ApiError::Conflict("this upload was done before".to_owned())),
    }
    let log_type = match UploadSource::from_name(&upload.source) {
        Some(UploadSource::Typed(log_type)) => log_type.number(),
        _ => 1,
    };
    let done = DoneUpload {
        stream_name,
        snapshot,
        log_type,
    };
    let stream = app
        .store
        .upload_done(tenant, id, done, Timestamp::now())
        .await?;
    // Another call may have been first between the look and the step.
    let stream =
        stream.ok_or_else(|| ApiError::Conflict("this upload was done before".to_owned()))?;
    app.discovery_worker.submit(tenant, id).await;
    caller.audit(&app, "discovery_upload.done", id).await?;
    Ok(Json(
        json!({"success": true, "inputStreamId": stream.id, "uploadId": id}),
    ))
}

fn place(tenant: TenantId, id: RecordId) -> SealContext {
    SealContext::tenant(tenant, "discovery_upload", id.to_string())
}

/// The signature is the link's end, sealed for this tenant and upload alone.
fn link(app: &App, tenant: TenantId, upload: &DiscoveryUpload) -> Result<String, ApiError> {
    let sealed = app
        .vault
        .seal(
            &place(tenant, upload.id),
            &upload.expires.millis().to_be_bytes(),
        )
        .map_err(|_| ApiError::Internal("an upload link cannot be sealed"))?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sealed.as_bytes());
    let (origin, id) = (app.authority.origin(), upload.id);
    Ok(format!("{origin}/upload/{tenant}/{id}?sig={signature}"))
}

/// The upload that a link is for, if the link is good.
fn read_link(app: &App, url: &str) -> Option<(TenantId, RecordId)> {
    let (path, query) = url.split_once('?')?;
    let mut segments = path.rsplit('/');
    let id: RecordId = segments.next()?.parse().ok()?;
    let tenant: TenantId = segments.next()?.parse().ok()?;
    let signature = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "sig")?
        .1;
    is_good(app, tenant, id, &signature, Timestamp(0)).then_some((tenant, id))
}

/// Whether a signature is ours and ends after `now`.
fn is_good(app: &App, tenant: TenantId, id: RecordId, signature: &str, now: Timestamp) -> bool {
    let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let Ok(end) = app.vault.open(&place(tenant, id), &Sealed::new(bytes)) else {
        return false;
    };
    let end: Result<[u8; 8], _> = end.as_slice().try_into();
    end.is_ok_and(|end| i64::from_be_bytes(end) > now.millis())
}

#[derive(Debug, Deserialize)]
struct Put {
    sig: Option<String>,
    comp: Option<String>,
    blockid: Option<String>,
}

/// Errors of the upload link have Azure's form: its clients read the code from a
/// header.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error("the link is not good, or has expired")]
    Authentication,
    #[error("a file was put here before")]
    BlobAlreadyExists,
    #[error("the query parameter {0} is not understood")]
    InvalidQueryParameterValue(&'static str),
    #[error("the block list is not understood, or names a block that was not put")]
    InvalidBlockList,
    #[error("the file is larger than {0} bytes")]
    RequestBodyTooLarge(u64),
    #[error("the body ended before its end")]
    IncompleteBody,
    #[error("the server cannot keep the file")]
    InternalError,
}

impl IntoResponse for UploadError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::Authentication => (StatusCode::FORBIDDEN, "AuthenticationFailed"),
            Self::BlobAlreadyExists => (StatusCode::CONFLICT, "BlobAlreadyExists"),
            Self::InvalidQueryParameterValue(_) => {
                (StatusCode::BAD_REQUEST, "InvalidQueryParameterValue")
            }
            Self::InvalidBlockList => (StatusCode::BAD_REQUEST, "InvalidBlockList"),
            Self::RequestBodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge"),
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

impl From<crate::blobs::BlobError> for UploadError {
    fn from(error: crate::blobs::BlobError) -> Self {
        use crate::blobs::BlobError;
        match error {
            BlobError::TooLarge { limit } => Self::RequestBodyTooLarge(limit),
            BlobError::Body(_) => Self::IncompleteBody,
            BlobError::UnknownBlock { .. } | BlobError::TooManyBlocks { .. } => {
                Self::InvalidBlockList
            }
            BlobError::Io(error) => {
                tracing::error!(%error, "an upload cannot be kept");
                Self::InternalError
            }
        }
    }
}

async fn receive(
    State(app): State<Arc<App>>,
    Path((tenant, id)): Path<(String, String)>,
    Query(put): Query<Put>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, UploadError> {
    let (Ok(tenant), Ok(id)) = (tenant.parse::<TenantId>(), id.parse::<RecordId>()) else {
        return Err(UploadError::Authentication);
    };
    let signature = put.sig.unwrap_or_default();
    if !is_good(&app, tenant, id, &signature, Timestamp::now()) {
        return Err(UploadError::Authentication);
    }
    let upload = app
        .store
        .upload(tenant, id)
        .await?
        .ok_or(UploadError::Authentication)?;
    if upload.state != UploadState::Open {
        return Err(UploadError::BlobAlreadyExists);
    }
    let limit = app.config.largest_upload;
    match put.comp.as_deref() {
        None => {
            let body = unwrapped(&headers, body)?;
            let bytes = app.blobs.put(tenant, id, body, limit).await?;
            stored(&app, tenant, id, bytes).await?;
        }
        Some("block") => {
            let block = put
                .blockid
                .ok_or(UploadError::InvalidQueryParameterValue("blockid"))?;
            app.blobs
                .put_block(tenant, id, &block, body.into_data_stream(), limit)
                .await?;
        }
        Some("blocklist") => {
            let list = axum::body::to_bytes(body, LARGEST_BLOCK_LIST)
                .await
                .map_err(|_| UploadError::InvalidBlockList)?;
            let blocks = block_ids(&list).ok_or(UploadError::InvalidBlockList)?;
            let bytes = app.blobs.commit_blocks(tenant, id, &blocks).await?;
            stored(&app, tenant, id, bytes).await?;
        }
        Some(_) => return Err(UploadError::InvalidQueryParameterValue("comp")),
    }
    Ok(created())
}

async fn stored(app: &App, tenant: TenantId, id: RecordId, bytes: u64) -> Result<(), UploadError> {
    if app.store.upload_stored(tenant, id, bytes).await? {
        Ok(())
    } else {
        Err(UploadError::BlobAlreadyExists)
    }
}

fn created() -> Response {
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

type BodyStream = std::pin::Pin<
    Box<dyn futures_util::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Send>,
>;

/// The file of a body: the body itself, or the first part of a multipart one, as
/// one client sends it.
fn unwrapped(headers: &HeaderMap, body: Body) -> Result<BodyStream, UploadError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let Some(content_type) = content_type.filter(|text| text.starts_with("multipart/form-data"))
    else {
        return Ok(Box::pin(body.into_data_stream()));
    };
    let boundary = multer::parse_boundary(content_type).map_err(|_| UploadError::IncompleteBody)?;
    let mut multipart = multer::Multipart::new(body.into_data_stream(), boundary);
    let parts = async_stream::stream! {
        match multipart.next_field().await {
            Ok(Some(mut field)) => loop {
                match field.chunk().await {
                    Ok(Some(chunk)) => yield Ok(chunk),
                    Ok(None) => break,
                    Err(error) => {
                        yield Err(axum::Error::new(error));
                        break;
                    }
                }
            },
            Ok(None) => {}
            Err(error) => yield Err(axum::Error::new(error)),
        }
    };
    Ok(Box::pin(parts))
}

/// The ids of `<BlockList><Latest>id</Latest>…</BlockList>`; the three element names
/// all mean a block that was put just now.
fn block_ids(xml: &[u8]) -> Option<Vec<String>> {
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
}
