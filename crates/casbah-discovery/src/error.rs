//! Why a log gives no result at all.

use crate::formats::{Format, SAMPLE_BYTES};
use crate::input::ReadError;
use crate::pipeline::BadLine;
use crate::record::LineError;

/// Why an analysis has no result.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// There is nothing in the input.
    #[error("input is empty")]
    Empty,
    /// The beginning is in no known format.
    #[error("no known format")]
    UnknownFormat,
    /// The beginning shows no format, for it holds no line end.
    #[error("no known format: the first line is longer than {SAMPLE_BYTES} bytes")]
    EndlessLine,
    /// Not one line could be read in the format that was declared.
    #[error("no line is in the format {}, most often because: {}", declared.name(), rejected.commonest)]
    WrongFormat {
        /// The format that was declared.
        declared: Format,
        /// The format that the beginning is in, where it is known.
        looks_like: Option<Format>,
        /// What was seen of it.
        rejected: Rejected,
    },
    /// Reading failed before anything was read.
    #[error("nothing could be read")]
    Unreadable(#[source] ReadError),
}

/// What was seen of a log of which no line could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Lines of the log.
    pub lines: u64,
    /// Lines that could not be read. `lines - bad` were blank or comments.
    pub bad: u64,
    /// What is wrong with most of them.
    pub commonest: LineError,
    /// The first of them.
    pub samples: Vec<BadLine>,
}
