//! `/api/discovery/streams/`: the reports there are.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_model::activity::tenant_number;
use casbah_model::discovery::DiscoveryStream;
use casbah_model::ids::RecordId;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::GLOBAL_VIEW;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::report::TIME_FRAMES;
use crate::api::error::ApiError;
use crate::api::iso::Iso;
use crate::api::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// `streamType`: a data source, a view over all, a preview of a snapshot.
const INPUT: i32 = 1;
const VIEW: i32 = 3;
const SNAPSHOT: i32 = 5;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .list(
            "/api/discovery/streams",
            Need::Action(Action::DiscoveryRead),
            "List reports",
            list,
        )
        .answers::<Streams>()
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Streams>, ApiError> {
    let streams = app.store.discovery_streams(caller.tenant).await?;
    let tenant = app
        .store
        .tenant(caller.tenant)
        .await?
        .ok_or(ApiError::NotFound)?;
    let sources: Vec<&DiscoveryStream> = streams.iter().filter(|stream| !stream.snapshot).collect();
    let global = DiscoveryStream {
        id: GLOBAL_VIEW,
        name: "Global View".to_owned(),
        snapshot: false,
        log_type: 0,
        created: tenant.created,
        modified: sources
            .iter()
            .map(|stream| stream.modified)
            .max()
            .unwrap_or(tenant.created),
        last_data: sources.iter().filter_map(|stream| stream.last_data).max(),
        logs: sources.iter().map(|stream| stream.logs).sum(),
        failed_logs: sources.iter().map(|stream| stream.failed_logs).sum(),
    };
    let ids: Vec<_> = sources.iter().map(|stream| stream.id).collect();
    let number = tenant_number(caller.tenant);
    let mut answer = vec![StreamRecord::new(&global, VIEW, number, ids)];
    answer.extend(streams.iter().map(|stream| {
        let kind = if stream.snapshot { SNAPSHOT } else { INPUT };
        StreamRecord::new(stream, kind, number, Vec::new())
    }));
    Ok(Json(Streams { streams: answer }))
}

/// All reports.
#[derive(Debug, Serialize, JsonSchema)]
struct Streams {
    streams: Vec<StreamRecord>,
}

/// A report as the wire has it. What is always null, false or empty are settings that
/// Casbah's reports do not have.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the wire has so many independent flags"
)]
struct StreamRecord {
    #[serde(rename = "_id")]
    id: RecordId,
    /// The tenant's number.
    #[serde(rename = "_tid")]
    tid: i32,
    display_name: String,
    /// The number of the logs' type.
    log_type: u16,
    /// 1 a data source, 3 a view over all, 5 a snapshot report.
    stream_type: i32,
    receiver_type: Option<String>,
    protocol: Option<String>,
    /// Whether logs are uploaded, and not collected.
    is_manual: bool,
    anonymize_users: bool,
    anonymize_machines: bool,
    built_in_stream_type: Option<i32>,
    comment: String,
    created: Iso,
    last_modified: Iso,
    last_data_received: Option<Iso>,
    /// When detections last looked at it.
    last_alert_processing_time: Option<Timestamp>,
    /// How many logs were worked in.
    log_files_history_count: u32,
    /// How many logs could not be.
    log_files_fails_count: u32,
    /// Whether it is part of the view over all.
    global_aggregated: bool,
    snapshot_data: Option<SnapshotData>,
    current_services_collection_name: &'static str,
    read_time_frames_from_second: bool,
    time_without_logs: i64,
    /// How many days it can look back.
    valid_time_frames: &'static [i64],
    valid_time_frames2: &'static [i64],
    time_frames: Map<String, Value>,
    time_frames2: Map<String, Value>,
    enable_activity_generation: bool,
    enable_traffic_log: bool,
    /// Whether it is the one that is meant where none is named.
    default: bool,
    /// 1 user name, 2 IP address.
    supported_entity_types: [i32; 2],
    /// 1 total, 2 downloaded, 3 uploaded.
    supported_traffic_types: [i32; 3],
    user_tags: Vec<String>,
    /// The data sources that a view is over.
    source_streams: Vec<RecordId>,
}

/// What a snapshot report is of.
#[derive(Debug, Serialize, JsonSchema)]
struct SnapshotData {
    name: String,
}

impl StreamRecord {
    fn new(stream: &DiscoveryStream, kind: i32, tid: i32, sources: Vec<RecordId>) -> Self {
        let is_snapshot = kind == SNAPSHOT;
        let frames: &[i64] = if is_snapshot { &[] } else { &TIME_FRAMES };
        Self {
            id: stream.id,
            tid,
            display_name: stream.name.clone(),
            log_type: stream.log_type,
            stream_type: kind,
            receiver_type: None,
            protocol: None,
            is_manual: true,
            anonymize_users: false,
            anonymize_machines: false,
            built_in_stream_type: None,
            comment: String::new(),
            created: stream.created.into(),
            last_modified: stream.modified.into(),
            last_data_received: stream.last_data.map(Iso),
            last_alert_processing_time: None,
            log_files_history_count: stream.logs,
            log_files_fails_count: stream.failed_logs,
            global_aggregated: kind == INPUT,
            snapshot_data: is_snapshot.then(|| SnapshotData {
                name: stream.name.clone(),
            }),
            current_services_collection_name: "discovery_services",
            read_time_frames_from_second: false,
            time_without_logs: 0,
            valid_time_frames: frames,
            valid_time_frames2: frames,
            time_frames: Map::new(),
            time_frames2: Map::new(),
            enable_activity_generation: false,
            enable_traffic_log: false,
            default: kind == VIEW,
            supported_entity_types: [1, 2],
            supported_traffic_types: [1, 2, 3],
            user_tags: Vec::new(),
            source_streams: sources,
        }
    }
}
