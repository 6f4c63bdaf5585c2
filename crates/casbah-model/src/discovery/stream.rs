//! Reports of cloud discovery and the logs they are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RecordId;
use crate::time::Timestamp;

/// The data of one report: a continuous report that grows with every log of its
/// data source, or the snapshot report of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryStream {
    /// The stream's id.
    pub id: RecordId,
    /// The data source's or report's name.
    pub name: String,
    /// Whether it is the report of one log.
    pub snapshot: bool,
    /// The number of the log's type (`logType`).
    pub log_type: u16,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// When the last log was worked in.
    pub last_data: Option<Timestamp>,
    /// How many logs were worked in.
    pub logs: u32,
    /// How many logs could not be.
    pub failed_logs: u32,
}

/// How far an upload has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UploadState {
    /// A link was given out; the file may be coming in.
    Open,
    /// The file is here, the sender has not said that it is done.
    Stored,
    /// The sender is done; nobody has begun to read the log.
    Waiting,
    /// The log is being read.
    Processing,
    /// The log is in its report.
    Done,
    /// The log could not be read.
    Failed,
}

impl UploadState {
    /// The word in the table and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Stored => "stored",
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A line of a log that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BadLineSample {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
    /// Its beginning.
    pub text: String,
}

/// One log on its way into a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryUpload {
    /// The upload's id.
    pub id: RecordId,
    /// The report that it goes into, once that is known.
    pub stream_id: Option<RecordId>,
    /// That report's name.
    pub stream_name: Option<String>,
    /// The file's name, as the sender gave it.
    pub filename: String,
    /// What the sender says the log is: the name of an
    /// [`UploadSource`](super::UploadSource).
    pub source: String,
    /// What the log was found to be.
    pub format: Option<String>,
    /// How far it has come.
    pub state: UploadState,
    /// The file's size in bytes.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines understood.
    pub parsed: u64,
    /// Lines not understood.
    pub bad: u64,
    /// Transactions with apps that the catalog does not know.
    pub uncatalogued_transactions: u64,
    /// Why it failed, or what is missing.
    pub error: Option<String>,
    /// The first lines that were not understood.
    pub samples: Vec<BadLineSample>,
    /// When the link was given out.
    pub created: Timestamp,
    /// When the link ends.
    pub expires: Timestamp,
    /// When the log was in its report, or had failed.
    pub finished: Option<Timestamp>,
}

/// What a report says of one app over some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUsage {
    /// The app.
    pub app: super::DiscoveredAppId,
    /// Its traffic.
    pub totals: super::Totals,
    /// How many users it has, each counted once.
    pub users: u64,
    /// How many source addresses it has, each counted once.
    pub addresses: u64,
    /// The tenant's tags on it.
    pub tags: Vec<String>,
}
