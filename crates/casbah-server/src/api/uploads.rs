//! Uploads of logs: a link is given out, the file put there, the end said.
//!
//! The link is a capability: what it allows is sealed in it, it expires, and it
//! takes one file. It is put as an Azure block blob, whole or in blocks, the way
//! azure-storage-blob does it (Microsoft's "Put Blob", "Put Block", "Put Block
//! List").

mod azure;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::put;
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
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::azure::{UploadError, block_ids, created};
use super::error::ApiError;
use super::operation::{Kind, Parameter};
use super::parameters::{MULTIPART, Parameters, is_media_type};
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
        .of("Log upload")
        .get(
            "/api/discovery/upload_url",
            manage,
            "Get a link to upload a log to",
            upload_url,
        )
        .takes(
            const {
                &[
                    Parameter::new("filename", Kind::Text, "The file's name").required(),
                    Parameter::new("source", Kind::WordOf(sources), "What wrote the log")
                        .required(),
                ]
            },
        )
        .answers::<UploadLink>()
        .post(
            "/api/discovery/done_upload",
            manage,
            "Have an uploaded log read",
            done_upload,
        )
        .takes(
            const {
                &[
                    Parameter::new("uploadUrl", Kind::Text, "The link").required(),
                    Parameter::new(
                        "inputStreamName",
                        Kind::Text,
                        "The data source, made if it is new, or the name of the snapshot report",
                    )
                    .required(),
                    Parameter::new(
                        "uploadAsSnapshot",
                        Kind::Flag,
                        "Whether it is a report of its own",
                    ),
                ]
            },
        )
        .answers::<UploadDone>()
}

fn sources() -> Vec<&'static str> {
    UploadSource::all().map(UploadSource::name).collect()
}

/// A link to upload a log to.
#[derive(Debug, Serialize, JsonSchema)]
struct UploadLink {
    /// The link, which is a capability: to be told to nobody.
    url: String,
    /// How it is put there: always `azure`, as a block blob.
    provider: &'static str,
}

/// A log that will be read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UploadDone {
    /// Always true.
    success: bool,
    /// The report that it goes into.
    input_stream_id: RecordId,
    /// What Casbah knows it by.
    upload_id: RecordId,
}

/// The links themselves: whoever has one needs no token.
pub(super) fn router() -> Router<Arc<App>> {
    let link = put(receive)
        .fallback(|| async { UploadError::UnsupportedHttpVerb })
        .layer(DefaultBodyLimit::disable());
    Router::new().route("/upload/{tenant}/{id}", link)
}

async fn upload_url(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<UploadLink>, ApiError> {
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
    let audit = caller.record("discovery_upload.create", &upload.id);
    app.store
        .create_upload(caller.tenant, upload, audit)
        .await?;
    Ok(Json(UploadLink {
        url,
        provider: "azure",
    }))
}

async fn done_upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<UploadDone>, ApiError> {
    let url = parameters.required_text("uploadUrl")?;
    let stream_name = parameters.required_name("inputStreamName")?;
    let snapshot = parameters.flag("uploadAsSnapshot")?;
    let refused = || ApiError::bad_value("uploadUrl", &url);
    let (tenant, id) = read_link(&app, &url).ok_or_else(refused)?;
    if tenant != caller.tenant {
        return Err(refused());
    }
    let upload = app.store.upload(tenant, id).await?.ok_or_else(refused)?;
    match upload.state {
        UploadState::Open => {
            let nothing = || "nothing was uploaded to this uploadUrl".to_owned();
            // A file may be here whose coming could not be recorded.
            let bytes = app.blobs.size(tenant, id).await;
            let bytes = bytes.ok_or_else(|| ApiError::Conflict(nothing()))?;
            app.store.upload_stored(tenant, id, bytes).await?;
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
    let audit = caller.record("discovery_upload.done", &id);
    let stream = app.store.upload_done(tenant, id, done, audit).await?;
    // Another call may have been first between the look and the step.
    let stream =
        stream.ok_or_else(|| ApiError::Conflict("this upload was done before".to_owned()))?;
    app.blobs.given(tenant, id);
    app.discovery_worker.submit(tenant, id).await;
    Ok(Json(UploadDone {
        success: true,
        input_stream_id: stream.id,
        upload_id: id,
    }))
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

async fn receive(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<Put>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, UploadError> {
    let Path((tenant, id)) = path.map_err(|_| UploadError::Authentication)?;
    let Query(put) = query.map_err(|_| UploadError::InvalidQueryParameterValue("sig"))?;
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
    // Whoever lost the answer to a list of blocks says it again.
    let is_list = put.comp.as_deref() == Some("blocklist");
    let is_open =
        upload.state == UploadState::Open || is_list && upload.state == UploadState::Stored;
    if !is_open {
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
            let bytes = app.blobs.commit_blocks(tenant, id, &blocks, limit).await?;
            if upload.state == UploadState::Open {
                stored(&app, tenant, id, bytes).await?;
            }
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

type BodyStream = std::pin::Pin<
    Box<dyn futures_util::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Send>,
>;

/// The file of a body: the body itself, or the first part of a multipart one, as
/// one client sends it.
fn unwrapped(headers: &HeaderMap, body: Body) -> Result<BodyStream, UploadError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let Some(content_type) = content_type.filter(|text| is_media_type(text, MULTIPART)) else {
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
