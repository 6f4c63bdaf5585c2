use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use casbah_client::{Error, Upload};
use serde_json::{Value, json};

use crate::support::{client, serve};

#[derive(Default)]
struct Blob {
    whole: Option<Bytes>,
    blocks: HashMap<String, Bytes>,
    list: String,
    done: Value,
}

type Shared = Arc<Mutex<Blob>>;

async fn receive(
    State(blob): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    assert!(headers.get("Authorization").is_none());
    assert_eq!(query["sig"], "s+g/=");
    let mut blob = blob.lock().unwrap();
    match query.get("comp").map(String::as_str) {
        Some("block") => {
            blob.blocks.insert(query["blockid"].clone(), body);
        }
        Some("blocklist") => blob.list = String::from_utf8(body.to_vec()).unwrap(),
        _ => {
            assert_eq!(headers["x-ms-blob-type"], "BlockBlob");
            assert_eq!(headers["Content-Length"], body.len().to_string());
            blob.whole = Some(body);
        }
    }
    StatusCode::CREATED
}

async fn blob_server() -> (String, Shared) {
    let blob = Shared::default();
    let router = Router::new()
        .route(
            "/api/v1/discovery/upload_url/",
            get(
                |Query(query): Query<HashMap<String, String>>, headers: HeaderMap| async move {
                    assert_eq!(query["source"], "SQUID");
                    let host = headers["Host"].to_str().unwrap();
                    Json(json!({
                        "url": format!("http://{host}/blob/{}?sig=s%2Bg%2F%3D", query["filename"]),
                        "provider": "azure",
                    }))
                },
            ),
        )
        .route("/blob/{name}", put(receive))
        .route(
            "/api/v1/discovery/done_upload/",
            post(
                |State(blob): State<Shared>, Json(body): Json<Value>| async move {
                    blob.lock().unwrap().done = body;
                    Json(json!({"success": true, "inputStreamId": "5f06d71dba4289d0602ba5ac"}))
                },
            ),
        )
        .with_state(Arc::clone(&blob));
    (serve(router).await, blob)
}

async fn upload(limit: u64) -> (Vec<u8>, Shared) {
    let (url, blob) = blob_server().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.log");
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(&path, &content).unwrap();
    let request = Upload {
        single_put_limit: limit,
        block_bytes: 500_000,
        ..Upload::new(&path, "SQUID", "Proxy of Berlin", true)
    };
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let progress = Arc::new(move |count| {
        counter.fetch_add(count, Ordering::SeqCst);
    });
    let done = client(&url).upload(&request, progress).await.unwrap();
    assert_eq!(
        done.input_stream_id.as_deref(),
        Some("5f06d71dba4289d0602ba5ac")
    );
    assert_eq!(sent.load(Ordering::SeqCst), 1_200_000);
    let told = blob.lock().unwrap().done.clone();
    assert_eq!(told["inputStreamName"], "Proxy of Berlin");
    assert_eq!(told["uploadAsSnapshot"], true);
    assert!(told["uploadUrl"].as_str().unwrap().contains("sig="));
    (content, blob)
}

#[tokio::test]
async fn a_small_file_goes_at_once() {
    let (content, blob) = upload(2_000_000).await;
    let blob = blob.lock().unwrap();
    assert_eq!(blob.whole.as_deref(), Some(content.as_slice()));
    assert!(blob.blocks.is_empty());
}

#[tokio::test]
async fn a_large_file_goes_in_blocks_that_the_list_puts_in_order() {
    let (content, blob) = upload(1_000_000).await;
    let blob = blob.lock().unwrap();
    assert!(blob.whole.is_none());
    let joined: Vec<u8> = blob
        .list
        .split("<Latest>")
        .skip(1)
        .map(|rest| rest.split("</Latest>").next().unwrap())
        .flat_map(|id| blob.blocks[id].to_vec())
        .collect();
    assert_eq!(blob.blocks.len(), 3);
    assert!(joined == content, "the blocks make another file");
}

#[tokio::test]
async fn an_empty_file_is_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("empty.log");
    std::fs::write(&path, "").unwrap();
    let request = Upload::new(path, "SQUID", "x", true);
    let outcome = client("http://127.0.0.1:9")
        .upload(&request, Arc::new(|_| {}))
        .await;
    assert!(matches!(outcome, Err(Error::EmptyUpload)));
}
