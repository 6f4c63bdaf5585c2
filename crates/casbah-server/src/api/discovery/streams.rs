//! `/api/discovery/streams/`: the reports there are.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_model::activity::tenant_number;
use casbah_model::discovery::DiscoveryStream;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::GLOBAL_VIEW;
use serde_json::{Value, json};

use crate::api::error::ApiError;
use crate::api::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// `streamType`: a data source, a view over all, a preview of a snapshot.
const INPUT: i32 = 1;
const VIEW: i32 = 3;
const SNAPSHOT: i32 = 5;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.list(
        "/api/discovery/streams",
        Need::Action(Action::DiscoveryRead),
        "List reports",
        list,
    )
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
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
    let mut answer = vec![record(&global, VIEW, number, &json!(ids))];
    answer.extend(streams.iter().map(|stream| {
        let kind = if stream.snapshot { SNAPSHOT } else { INPUT };
        record(stream, kind, number, &json!([]))
    }));
    Ok(Json(json!({"streams": answer})))
}

fn record(stream: &DiscoveryStream, kind: i32, tenant: i32, sources: &Value) -> Value {
    let snapshot = kind == SNAPSHOT;
    let frames = if snapshot {
        json!([])
    } else {
        json!([7, 30, 90])
    };
    json!({
        "_id": stream.id,
        "_tid": tenant,
        "displayName": stream.name,
        "logType": stream.log_type,
        "streamType": kind,
        "receiverType": null,
        "protocol": null,
        "isManual": true,
        "anonymizeUsers": false,
        "anonymizeMachines": false,
        "builtInStreamType": null,
        "comment": "",
        "created": stream.created.to_iso(),
        "lastModified": stream.modified.to_iso(),
        "lastDataReceived": stream.last_data.map(Timestamp::to_iso),
        "logFilesHistoryCount": stream.logs,
        "logFilesFailsCount": stream.failed_logs,
        "globalAggregated": kind == INPUT,
        "snapshotData": snapshot.then(|| json!({"name": stream.name})),
        "currentServicesCollectionName": "discovery_services",
        "readTimeFramesFromSecond": false,
        "timeWithoutLogs": 0,
        "validTimeFrames": frames,
        "validTimeFrames2": frames,
        "timeFrames": {},
        "timeFrames2": {},
        "enableActivityGeneration": false,
        "enableTrafficLog": false,
        "default": kind == VIEW,
        // User names and IP addresses; total, downloaded and uploaded traffic.
        "supportedEntityTypes": [1, 2],
        "supportedTrafficTypes": [1, 2, 3],
        "userTags": [],
        "sourceStreams": sources,
    })
}
