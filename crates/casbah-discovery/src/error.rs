//! Why a log gives no result at all.

use crate::formats::Format;
use crate::input::ReadError;

/// Why an analysis has no result.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// There is nothing in the input.
    #[error("input is empty")]
    Empty,
    /// The beginning is in no known format.
    #[error("no known format")]
    UnknownFormat,
    /// Not one line could be read in the format that was declared.
    #[error("no line is in the format {}", declared.name())]
    WrongFormat {
        /// The format that was declared.
        declared: Format,
        /// The format that the beginning is in, where it is known.
        looks_like: Option<Format>,
        /// Lines that could not be read.
        bad: u64,
    },
    /// Reading failed before anything was read.
    #[error("nothing could be read")]
    Unreadable(#[source] ReadError),
}
