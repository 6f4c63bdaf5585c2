//! Event sources: each reads a service's own audit records.

mod apps;
mod event;
mod json_records;
pub mod microsoft365;

use std::fmt;
use std::io::Read;
use std::str::FromStr;

pub use apps::App;
pub use event::{Actor, ActorKind, EntityObservation, Outcome, SourceEvent, Target, parse_address};
pub use json_records::{JsonRecords, Limits, RecordText};

/// A service whose audit records can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Microsoft 365 unified audit log.
    Microsoft365,
}

/// A text names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown event source {0:?}")]
pub struct UnknownSource(String);

/// Why a record was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Its text is longer than [`Limits::bytes`].
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// It nests deeper than [`Limits::depth`].
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// It is not JSON.
    #[error("not valid JSON")]
    Json(#[from] serde_json::Error),
    /// It is JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// The input ends within it.
    #[error("the input ends within the record")]
    Truncated,
    /// A field without which there is no activity is missing.
    #[error("no field {0}")]
    Missing(&'static str),
    /// The time of the event cannot be read.
    #[error("field {field} is no time: {value:?}")]
    Time {
        /// The field.
        field: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// The input could not be read; nothing follows.
    #[error("the input could not be read")]
    Read(#[from] std::io::Error),
}

/// A record was refused; those after it are not affected.
#[derive(Debug, thiserror::Error)]
#[error("record {number}: {refusal}")]
pub struct RecordError {
    /// Which record, counted from 1.
    pub number: u64,
    /// Why.
    #[source]
    pub refusal: Refusal,
}

impl Source {
    /// All sources.
    pub const ALL: &'static [Self] = &[Self::Microsoft365];

    /// The name by which it is chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Microsoft365 => "microsoft365",
        }
    }

    /// Reads one record.
    ///
    /// # Errors
    /// [`Refusal`] says what the record lacks.
    pub fn parse(self, text: &str) -> Result<SourceEvent, Refusal> {
        match self {
            Self::Microsoft365 => microsoft365::parse(text),
        }
    }

    /// Reads all records of an input: JSON lines, or one or several JSON arrays.
    ///
    /// Memory is bounded by the largest record that `limits` allow. Input that
    /// cannot be read further ends the iteration after its error.
    pub fn read<R: Read>(self, input: R, limits: Limits) -> impl Iterator<Item = ReadRecord> {
        JsonRecords::new(input, limits).map(move |record| {
            let RecordText { number, text } = record?;
            self.parse(&text)
                .map_err(|refusal| RecordError { number, refusal })
        })
    }
}

/// A record as an event, or why it is none.
pub type ReadRecord = Result<SourceEvent, RecordError>;

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        Self::ALL
            .iter()
            .copied()
            .find(|source| source.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownSource(text.to_owned()))
    }
}
