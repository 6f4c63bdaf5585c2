//! What can go wrong.

use casbah_detection::enrich::LoadError;
use casbah_detection::sources::Refusal;
use casbah_model::filter::FilterError;
use casbah_model::ip_range::ParseSubnetError;
use casbah_store::StoreError;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// The hand-written SQL failed.
    #[error("the peer failed: {0}")]
    Peer(#[from] rusqlite::Error),
    /// A record that was made up is refused by its source.
    #[error("a record is refused: {0}")]
    Record(#[from] Refusal),
    /// The data of countries and programs cannot be read.
    #[error(transparent)]
    Enrich(#[from] LoadError),
    /// A network is none.
    #[error(transparent)]
    Subnet(#[from] ParseSubnetError),
    /// A filter is not understood.
    #[error("a filter is refused: {0:?}")]
    Filter(FilterError),
    /// A stored record cannot be read.
    #[error("a stored record cannot be read: {0}")]
    Document(#[from] serde_json::Error),
    /// A file cannot be used, or a record not be decompressed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The two answers differ.
    #[error("{case}: the store and the peer answer differently for {parameter}")]
    Differs {
        /// The filter.
        case: &'static str,
        /// What it was asked for.
        parameter: String,
    },
    /// The file holds nothing to ask for.
    #[error("the file holds nothing to ask for")]
    Empty,
    /// The thread that makes records ended early.
    #[error("the generator ended early")]
    Generator,
    /// A batch was not written to its end.
    #[error("a batch was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    /// Somebody else has the tenant's detector.
    #[error("the tenant's detector belongs to another node")]
    Detector,
    /// A stored record is not what the store writes.
    #[error("a stored record has no length")]
    Length,
}
