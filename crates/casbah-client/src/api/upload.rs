//! Uploading a log for discovery: an address, the content, the word that it is done.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use url::Url;

use crate::api::file::{UploadProgress, pieces};
use crate::api::{Client, refusal};
use crate::error::Error;
use crate::transport::{Repeat, Transport};

/// Above this size an upload goes in blocks.
const SINGLE_PUT_LIMIT: u64 = 64 * 1024 * 1024;
/// The size of a block.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;

/// A log to upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The file.
    pub path: PathBuf,
    /// The data source: a name of the documentation's list, such as `SQUID`.
    pub source: String,
    /// The name of the data source or, for a snapshot, of the report.
    pub stream_name: String,
    /// Whether it becomes a report of its own (snapshot) or flows into the
    /// continuous reports.
    pub snapshot: bool,
    /// Above so many bytes the upload goes in blocks.
    pub single_put_limit: u64,
    /// The size of a block.
    pub block_bytes: usize,
}

impl Upload {
    /// The upload of a file.
    pub fn new(
        path: impl Into<PathBuf>,
        source: impl Into<String>,
        stream_name: impl Into<String>,
        snapshot: bool,
    ) -> Self {
        Self {
            path: path.into(),
            source: source.into(),
            stream_name: stream_name.into(),
            snapshot,
            single_put_limit: SINGLE_PUT_LIMIT,
            block_bytes: BLOCK_BYTES,
        }
    }

    fn file_error(&self) -> impl Fn(std::io::Error) -> Error {
        let path = self.path.display().to_string();
        move |source| Error::File {
            path: path.clone(),
            source,
        }
    }
}

#[derive(Deserialize)]
struct UploadUrl {
    url: String,
}

/// What was made of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DoneUpload {
    /// Whether processing has begun.
    #[serde(default)]
    pub success: bool,
    /// The report that it flows into.
    pub input_stream_id: Option<String>,
    /// The upload itself; Casbah only.
    pub upload_id: Option<String>,
}

impl Client {
    /// Uploads a log in the three steps of the API.
    ///
    /// # Errors
    /// [`Error::EmptyUpload`], [`Error::File`], [`Error::Api`].
    pub async fn upload(
        &self,
        upload: &Upload,
        progress: UploadProgress,
    ) -> Result<DoneUpload, Error> {
        let metadata = tokio::fs::metadata(&upload.path)
            .await
            .map_err(upload.file_error())?;
        if metadata.len() == 0 {
            return Err(Error::EmptyUpload);
        }
        let url = self.upload_url(upload).await?;
        let transport = self.transport();
        if metadata.len() <= upload.single_put_limit {
            put_whole(transport, &url, upload, metadata.len(), progress).await?;
        } else {
            put_blocks(transport, &url, upload, &progress).await?;
        }
        self.done_upload(upload, &url).await
    }

    /// Step one: the address to send the content to. It is a secret while it is
    /// good.
    ///
    /// # Errors
    /// [`Error::Api`] when the data source is not known.
    pub async fn upload_url(&self, upload: &Upload) -> Result<String, Error> {
        let filename = upload
            .path
            .file_name()
            .map_or_else(|| "log".into(), |name| name.to_string_lossy());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("filename", &filename)
            .append_pair("source", &upload.source)
            .finish();
        let path = format!("/api/v1/discovery/upload_url/?{query}");
        let answer: UploadUrl = self.get(&path).await?;
        Ok(answer.url)
    }

    /// Step three: the word that the content is complete.
    async fn done_upload(&self, upload: &Upload, url: &str) -> Result<DoneUpload, Error> {
        let mut body = json!({ "uploadUrl": url, "inputStreamName": upload.stream_name });
        if upload.snapshot {
            body["uploadAsSnapshot"] = true.into();
        }
        self.post("/api/v1/discovery/done_upload/", Repeat::Unsafe, &body)
            .await
    }
}

async fn put_whole(
    transport: &Transport,
    url: &str,
    upload: &Upload,
    length: u64,
    progress: UploadProgress,
) -> Result<(), Error> {
    let response = transport
        .send_long(Repeat::Unsafe, |http| {
            http.put(url)
                .header("x-ms-blob-type", "BlockBlob")
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, length)
                .body(pieces(upload.path.clone(), Arc::clone(&progress)))
        })
        .await?;
    accepted(response).await
}

/// Blocks, then their list: Azure's Put Block and Put Block List.
async fn put_blocks(
    transport: &Transport,
    url: &str,
    upload: &Upload,
    progress: &UploadProgress,
) -> Result<(), Error> {
    let mut file = File::open(&upload.path)
        .await
        .map_err(upload.file_error())?;
    let mut list = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
    for number in 0_u32.. {
        let block = read_block(&mut file, upload.block_bytes)
            .await
            .map_err(upload.file_error())?;
        if block.is_empty() {
            break;
        }
        // All ids of a blob have the same length.
        let id = STANDARD.encode(format!("block-{number:010}"));
        let address = with_query(url, &[("comp", "block"), ("blockid", &id)])?;
        let response = transport
            .send_long(Repeat::Safe, |http| {
                http.put(address.clone()).body(block.clone())
            })
            .await?;
        accepted(response).await?;
        progress(u64::try_from(block.len()).unwrap_or_default());
        list.push_str("<Latest>");
        list.push_str(&id);
        list.push_str("</Latest>");
    }
    list.push_str("</BlockList>");
    let address = with_query(url, &[("comp", "blocklist")])?;
    let response = transport
        .send_long(Repeat::Unsafe, |http| {
            http.put(address.clone())
                .header(CONTENT_TYPE, "application/xml")
                .body(list.clone())
        })
        .await?;
    accepted(response).await
}

async fn read_block(file: &mut File, size: usize) -> Result<Bytes, std::io::Error> {
    let mut block = Vec::with_capacity(size);
    let limit = u64::try_from(size).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut block).await?;
    Ok(block.into())
}

fn with_query(url: &str, pairs: &[(&str, &str)]) -> Result<Url, Error> {
    let mut url =
        Url::parse(url).map_err(|_| Error::answer("the upload's address is no address"))?;
    url.query_pairs_mut().extend_pairs(pairs);
    Ok(url)
}

async fn accepted(response: Response) -> Result<(), Error> {
    if response.status().is_success() {
        return Ok(());
    }
    Err(Error::Api(Box::new(refusal(response).await?)))
}
