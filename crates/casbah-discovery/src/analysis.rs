//! From a log to its usage.

use std::io::Read;

use crate::catalog::Catalog;
use crate::error::AnalysisError;
use crate::formats::Format;
use crate::input::ReadError;
use crate::pipeline::{BadLine, LogReader, Progress};
use crate::usage::{Counter, Usage};

/// What a log says.
#[derive(Debug)]
pub struct Outcome {
    /// The format, declared or detected.
    pub format: Format,
    /// Lines of the log.
    pub lines: u64,
    /// Lines that were counted.
    pub parsed: u64,
    /// Lines that could not be read. `lines - parsed - bad` were blank or comments.
    pub bad: u64,
    /// The first bad lines.
    pub samples: Vec<BadLine>,
    /// Who used what.
    pub usage: Usage,
    /// Bytes taken from the input, compressed as it is.
    pub bytes_read: u64,
    /// Why reading ended early, if it did; the rest of this is what was read until then.
    pub error: Option<ReadError>,
}

/// Analyses logs against a catalog of apps.
#[derive(Clone, Debug)]
pub struct Analysis<'c> {
    catalog: &'c Catalog,
    reader: LogReader,
}

impl<'c> Analysis<'c> {
    /// Detects the format and uses every core.
    pub fn new(catalog: &'c Catalog) -> Self {
        Self {
            catalog,
            reader: LogReader::new(),
        }
    }

    /// Sets how logs are read.
    #[must_use]
    pub fn reader(mut self, reader: LogReader) -> Self {
        self.reader = reader;
        self
    }

    /// Reads a log to its end, in constant memory but for what is counted.
    ///
    /// # Errors
    /// When there is nothing to give; see [`LogReader::fold`]. An input that breaks off is not
    /// such an error: it gives its beginning, and [`Outcome::error`].
    pub fn run(
        &self,
        input: impl Read,
        progress: impl FnMut(Progress),
    ) -> Result<Outcome, AnalysisError> {
        let reading = self
            .reader
            .fold(input, || Counter::new(self.catalog), progress)?;
        Ok(Outcome {
            format: reading.format,
            lines: reading.lines,
            parsed: reading.parsed,
            bad: reading.bad,
            samples: reading.samples,
            usage: Usage::from(reading.sink),
            bytes_read: reading.bytes_read,
            error: reading.error,
        })
    }
}
