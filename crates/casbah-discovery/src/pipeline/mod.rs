//! Reading a log with several threads: chunks of whole lines go to workers, each of which keeps
//! a sink of its own; the sinks are merged at the end.

mod worker;

use std::cell::Cell;
use std::io::{Cursor, Read};
use std::num::NonZeroUsize;
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex};

use crate::error::{AnalysisError, Rejected};
use crate::formats::{self, Format, SAMPLE_BYTES, Splitting};
use crate::input::{
    Buffer, Chunk, Chunks, Counted, Failed, Limited, ReadError, as_io, decode, from_io,
};
use crate::record::{LineError, Record};
use worker::{Worker, bad_line};

const CHUNK_BYTES: usize = 512 * 1024;
const SAMPLES: usize = 10;

/// What takes the records of a log.
///
/// Records come in no order, and to several sinks: merging them must be associative and
/// commutative.
pub trait Sink: Send {
    /// Takes a record.
    fn record(&mut self, record: &Record<'_>);
    /// Takes what another sink has taken.
    fn merge(&mut self, other: Self);
}

/// How far reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the input, compressed as it is.
    pub bytes_read: u64,
    /// Lines handed to the parsers.
    pub lines: u64,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: LineError,
    /// Its beginning, with U+FFFD for what is no UTF-8.
    pub text: String,
}

/// What was read, and what was made of it.
#[derive(Debug)]
pub struct Reading<S> {
    /// The format, declared or detected.
    pub format: Format,
    /// The merged sink.
    pub sink: S,
    /// Lines of the log.
    pub lines: u64,
    /// Lines that were records.
    pub parsed: u64,
    /// Lines that could not be read. `lines - parsed - bad` were blank or comments.
    pub bad: u64,
    /// The first bad lines.
    pub samples: Vec<BadLine>,
    /// Bytes taken from the input, compressed as it is.
    pub bytes_read: u64,
    /// Why reading ended before the end of the log, if it did. The rest of this is what was read
    /// until then.
    pub error: Option<ReadError>,
}

/// Reads logs.
#[derive(Clone, Debug)]
pub struct LogReader {
    format: Option<Format>,
    workers: NonZeroUsize,
    chunk_bytes: usize,
    samples: usize,
    max_decoded_bytes: Option<u64>,
}

impl Default for LogReader {
    fn default() -> Self {
        Self {
            format: None,
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            chunk_bytes: CHUNK_BYTES,
            samples: SAMPLES,
            max_decoded_bytes: None,
        }
    }
}

impl LogReader {
    /// Reads with one worker per core, in the format that the beginning shows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares the format; `None` detects it.
    #[must_use]
    pub fn format(mut self, format: Option<Format>) -> Self {
        self.format = format;
        self
    }

    /// Number of threads that parse, beside the calling one that reads and decompresses.
    #[must_use]
    pub fn workers(mut self, workers: NonZeroUsize) -> Self {
        self.workers = workers;
        self
    }

    /// Bytes a chunk aims at. The result does not depend on it.
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: NonZeroUsize) -> Self {
        self.chunk_bytes = bytes.get();
        self
    }

    /// How many bad lines are kept as samples.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// Most bytes to read after decompression; beyond it [`ReadError::TooLarge`].
    #[must_use]
    pub fn max_decoded_bytes(mut self, limit: Option<u64>) -> Self {
        self.max_decoded_bytes = limit;
        self
    }

    /// Reads a log to its end in constant memory, and gives every record to a sink.
    ///
    /// gzip, zstd, bzip2, xz and zip are recognised by their magic numbers.
    ///
    /// # Errors
    /// When there is nothing to give: no input, no known format, not one readable line.
    pub fn fold<S: Sink>(
        &self,
        input: impl Read,
        make_sink: impl Fn() -> S + Sync,
        mut progress: impl FnMut(Progress),
    ) -> Result<Reading<S>, AnalysisError> {
        let bytes_read = Cell::new(0);
        let counted = Counted {
            inner: input,
            count: &bytes_read,
        };
        let mut decoded = Limited {
            inner: decode(counted).map_err(AnalysisError::Unreadable)?,
            limit: self.max_decoded_bytes,
            read: 0,
        };
        let (sample, early_error) = sample(&mut decoded);
        if sample.is_empty() {
            return Err(early_error.map_or(AnalysisError::Empty, AnalysisError::Unreadable));
        }
        let looks_like = formats::detect(&sample);
        let Some(format) = self.format.or(looks_like) else {
            let is_endless = sample.len() == SAMPLE_BYTES && !sample.contains(&b'\n');
            return Err(match early_error {
                Some(error) => AnalysisError::Unreadable(error),
                None if is_endless => AnalysisError::EndlessLine,
                None => AnalysisError::UnknownFormat,
            });
        };

        let failed = Failed(early_error.map(as_io));
        let stream = Cursor::new(sample).chain(failed).chain(decoded);
        let mut chunks = Chunks::new(stream, self.chunk_bytes, self.samples);
        let counters = (&bytes_read, &mut progress);
        let (mut done, error) = self.read_chunks(format, &mut chunks, &make_sink, counters);
        let lines = chunks.lines();
        let (too_long, too_long_count) = chunks.into_too_long();
        if too_long_count > 0 {
            *done.bad.entry(LineError::TooLong).or_default() += too_long_count;
        }
        for line in too_long {
            done.samples
                .push(bad_line(line.line, LineError::TooLong, &line.beginning));
        }
        done.samples.sort_by_key(|sample| sample.line);
        done.samples.truncate(self.samples);
        let bad = done.bad.values().sum();
        if done.parsed == 0 {
            let commonest = done.bad.into_iter().max_by_key(|(_, count)| *count);
            return Err(match (error, commonest) {
                (Some(error), _) => AnalysisError::Unreadable(error),
                (None, None) => AnalysisError::Empty,
                (None, Some((commonest, _))) => AnalysisError::WrongFormat {
                    declared: format,
                    looks_like,
                    rejected: Rejected {
                        lines,
                        bad,
                        commonest,
                        samples: done.samples,
                    },
                },
            });
        }
        Ok(Reading {
            format,
            sink: done.sink,
            lines,
            parsed: done.parsed,
            bad,
            samples: done.samples,
            bytes_read: bytes_read.get(),
            error,
        })
    }

    /// Hands every chunk to the workers and merges what they made of them.
    fn read_chunks<S: Sink>(
        &self,
        format: Format,
        chunks: &mut Chunks<impl Read>,
        make_sink: &(impl Fn() -> S + Sync),
        (bytes_read, progress): (&Cell<u64>, &mut impl FnMut(Progress)),
    ) -> (Worker<S>, Option<ReadError>) {
        // Lines that rule others are seen in order by a single worker.
        let workers = match format.splitting() {
            Splitting::Splittable => self.workers.get(),
            Splitting::HeaderContext | Splitting::Sequential => 1,
        };
        std::thread::scope(|scope| {
            let (chunk_sender, chunk_receiver) = sync_channel::<Chunk>(2 * workers);
            let (spent_sender, spent_receiver) = channel::<Buffer>();
            let chunk_receiver = Arc::new(Mutex::new(chunk_receiver));
            let handles: Vec<_> = (0..workers)
                .map(|_| {
                    let spent = spent_sender.clone();
                    let received = Arc::clone(&chunk_receiver);
                    let worker = Worker::new(format, make_sink(), self.samples);
                    scope.spawn(move || worker.run(&received, &spent))
                })
                .collect();
            // The channel must break when the last worker is gone, or sending would wait for ever.
            drop(chunk_receiver);
            let mut cut_off = None;
            let error = loop {
                let buffer = spent_receiver.try_recv().unwrap_or_default();
                let (chunk, error) = match chunks.next(buffer) {
                    Ok(Some(chunk)) => (Some(chunk), None),
                    Ok(None) => break None,
                    Err(error) => {
                        let whole = chunks.rest();
                        cut_off = chunks.cut_off();
                        (whole, Some(from_io(error, false)))
                    }
                };
                if let Some(chunk) = chunk
                    && chunk_sender.send(chunk).is_err()
                {
                    break error;
                }
                progress(Progress {
                    bytes_read: bytes_read.get(),
                    lines: chunks.lines(),
                });
                if error.is_some() {
                    break error;
                }
            };
            drop(chunk_sender);
            // Merging into the first part, not into an empty one, saves a merge.
            let parts = handles.into_iter().map(|handle| {
                handle
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            let mut done = parts
                .reduce(|mut done, part| {
                    done.merge(part);
                    done
                })
                .unwrap_or_else(|| Worker::new(format, make_sink(), self.samples));
            if let Some(rest) = cut_off {
                done.reject(chunks.lines(), LineError::CutOff, &rest);
            }
            (done, error)
        })
    }
}

/// The beginning of a stream, and the error that ended it early.
fn sample(input: &mut impl Read) -> (Vec<u8>, Option<ReadError>) {
    let mut sample = Vec::with_capacity(SAMPLE_BYTES);
    let error = input
        .take(SAMPLE_BYTES as u64)
        .read_to_end(&mut sample)
        .err();
    (sample, error.map(|error| from_io(error, false)))
}
