//! `/api/v1/governance/`: what Casbah did by itself.
//!
//! That is reading uploaded logs into their reports; it acts on no app. The original's
//! log has these tasks under the same name, with a `status.isSuccess` (Get-MCASGovernanceAction
//! of github.com/microsoft/MCAS). Its other fields are not documented.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_model::discovery::{DiscoveryUpload, UploadState};
use casbah_model::filter::{Condition, GOVERNANCE, parse_query};
use casbah_model::ids::RecordId;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::Page;
use schemars::JsonSchema;
use serde::Serialize;

use super::discovery::{number_matches, text_matches};
use super::envelope::Envelope;
use super::error::ApiError;
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// How many tasks are listed, the latest.
const LISTED: u32 = 1_000;

const PARSE_LOG: &str = "DiscoveryParseLogTask";

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    routes
        .list("/api/governance", need, "List what Casbah did", list)
        .pages::<TaskRecord>(&GOVERNANCE)
        .list("/api/governance/{id}", need, "Fetch what Casbah did", fetch)
        .answers::<TaskRecord>()
}

/// A task as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TaskRecord {
    #[serde(rename = "_id")]
    id: RecordId,
    task_name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    status: TaskStatus,
    /// When it was asked for.
    timestamp: Timestamp,
    /// When it ended.
    finished: Option<Timestamp>,
    target: String,
    input_stream_id: Option<RecordId>,
    message: Option<String>,
}

/// How far a task is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TaskStatus {
    /// Whether it succeeded; null while it is pending.
    is_success: Option<bool>,
}

impl TaskRecord {
    /// None for a log that nobody has handed over to be read yet.
    fn of(upload: DiscoveryUpload) -> Option<Self> {
        Some(Self {
            id: upload.id,
            task_name: PARSE_LOG,
            kind: "discovery",
            status: TaskStatus {
                is_success: match upload.state {
                    UploadState::Open | UploadState::Stored => return None,
                    UploadState::Waiting | UploadState::Processing => None,
                    UploadState::Done => Some(true),
                    UploadState::Failed => Some(false),
                },
            },
            timestamp: upload.created,
            finished: upload.finished,
            target: upload.filename,
            input_stream_id: upload.stream_id,
            message: upload.error,
        })
    }

    fn fulfils(&self, Condition { field, test }: &Condition) -> bool {
        match field.name {
            "status" => number_matches(test, self.status.is_success.map(i64::from)),
            "type" => text_matches(test, &[self.kind.to_owned(), self.task_name.to_owned()]),
            // No task is of an app.
            _ => number_matches(test, None),
        }
    }
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Envelope<TaskRecord>>, ApiError> {
    let query = parse_query(&GOVERNANCE, &parameters.0, Timestamp::now())?;
    let uploads = app.store.uploads(caller.tenant, LISTED).await?;
    let mut tasks: Vec<_> = uploads.into_iter().filter_map(TaskRecord::of).collect();
    tasks.retain(|task| {
        let mut conditions = query.filter.conditions.iter();
        conditions.all(|condition| task.fulfils(condition))
    });
    if !query.sort.descending {
        tasks.reverse();
    }
    Ok(Json(Page::of(tasks, &query).into()))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<TaskRecord>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let upload = app.store.upload(caller.tenant, id).await?;
    let task = upload.and_then(TaskRecord::of);
    task.map(Json).ok_or(ApiError::NotFound)
}
