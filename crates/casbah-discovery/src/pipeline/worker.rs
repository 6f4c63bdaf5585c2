//! One thread's part of reading a log.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use super::{BadLine, Sink};
use crate::formats::{Format, Parser, trim_line};
use crate::input::{Buffer, Chunk, MAX_LINE};
use crate::record::LineError;

const SAMPLE_TEXT: usize = 200;

/// Reads lines into one sink.
pub(super) struct Worker<S> {
    format: Format,
    pub(super) sink: S,
    pub(super) parsed: u64,
    /// Bad lines by what is wrong with them.
    pub(super) bad: BTreeMap<LineError, u64>,
    pub(super) samples: Vec<BadLine>,
    most_samples: usize,
}

impl<S: Sink> Worker<S> {
    pub(super) fn new(format: Format, sink: S, most_samples: usize) -> Self {
        Self {
            format,
            sink,
            parsed: 0,
            bad: BTreeMap::new(),
            samples: Vec::new(),
            most_samples,
        }
    }

    pub(super) fn run(mut self, chunks: &Mutex<Receiver<Chunk>>, spent: &Sender<Buffer>) -> Self {
        let mut parser = self.format.parser();
        loop {
            let received = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(chunk) = received else {
                return self;
            };
            self.read(&chunk, &mut parser);
            // The reader may have ended; then nobody wants the buffer.
            let _ = spent.send(chunk.into_buffer());
        }
    }

    fn read(&mut self, chunk: &Chunk, parser: &mut Parser) {
        let mut start = 0;
        let bytes = chunk.lines();
        let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
        for (number, end) in (chunk.first_line..).zip(ends) {
            let raw = &bytes[start..end];
            start = end + 1;
            if raw.len() > MAX_LINE {
                self.reject(number, LineError::TooLong, raw);
                continue;
            }
            let line = trim_line(raw);
            match parser.parse(line) {
                Ok(Some(record)) => {
                    self.parsed += 1;
                    self.sink.record(&record);
                }
                Ok(None) => {}
                Err(reason) => self.reject(number, reason, line),
            }
        }
    }

    pub(super) fn reject(&mut self, line: u64, reason: LineError, text: &[u8]) {
        *self.bad.entry(reason).or_default() += 1;
        // Each worker takes chunks in ascending order, so its first samples are its lowest.
        if self.samples.len() < self.most_samples {
            self.samples.push(bad_line(line, reason, text));
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.parsed += other.parsed;
        for (reason, count) in other.bad {
            *self.bad.entry(reason).or_default() += count;
        }
        self.samples.extend(other.samples);
        self.samples.sort_by_key(|sample| sample.line);
        self.samples.truncate(self.most_samples);
        self.sink.merge(other.sink);
    }
}

pub(super) fn bad_line(line: u64, reason: LineError, text: &[u8]) -> BadLine {
    let shown = String::from_utf8_lossy(&text[..text.len().min(SAMPLE_TEXT)]).into_owned();
    BadLine {
        line,
        reason,
        text: shown,
    }
}
