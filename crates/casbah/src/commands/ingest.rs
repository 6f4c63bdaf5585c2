//! Sending audit events.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::PathBuf;

use bytes::Bytes;
use casbah_client::{Client, IngestAnswer, IngestError};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::value::RawValue;

use super::progress::byte_bar;
use super::record;
use crate::context::Context;
use crate::error::CliError;

/// A request carries so much at most, before compression.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The server lists so many errors a request; we keep so many in all.
const KEPT_ERRORS: usize = 20;

/// What to send.
///
/// For example: casbah ingest audit.jsonl --source microsoft365
#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Events as JSON lines or one JSON array; - for standard input
    file: PathBuf,
    /// The service that wrote them, such as microsoft365
    #[arg(long)]
    source: String,
}

pub(crate) async fn run(context: &Context, arguments: IngestArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let unreadable = |source| CliError::Read {
        path: arguments.file.display().to_string(),
        source,
    };
    let (input, size): (Box<dyn Read + Send>, u64) = if arguments.file.as_os_str() == "-" {
        (Box::new(std::io::stdin()), 0)
    } else {
        let file = File::open(&arguments.file).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        (Box::new(file), size)
    };
    let bar = byte_bar(size);
    let mut batches = Batches::new(BufReader::new(input));
    let mut sum = IngestAnswer::default();
    while let Some(batch) = batches.next_batch().map_err(unreadable)? {
        let size = u64::try_from(batch.len()).unwrap_or_default();
        let answer = send(&client, &arguments.source, &batch).await?;
        add(&mut sum, answer);
        bar.inc(size);
    }
    bar.finish_and_clear();
    context.out.document(&record(&sum)?)?;
    if sum.rejected == 0 {
        return Ok(());
    }
    Err(CliError::Incomplete {
        what: format!("{} of {} records were rejected", sum.rejected, sum.received),
        next: "see `errors` for the first of them, and check --source".to_owned(),
    })
}

/// Sends one batch, compressed.
pub(crate) async fn send(
    client: &Client,
    source: &str,
    batch: &[u8],
) -> Result<IngestAnswer, CliError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(batch)?;
    let body = Bytes::from(encoder.finish()?);
    Ok(client.ingest(source, body, true).await?)
}

/// Adds a batch's answer to the sum; its records' numbers become those of the file.
fn add(sum: &mut IngestAnswer, answer: IngestAnswer) {
    for error in answer.errors {
        if sum.errors.len() < KEPT_ERRORS {
            sum.errors.push(IngestError {
                record: error.record.saturating_add(sum.received),
                error: error.error,
            });
        }
    }
    sum.received += answer.received;
    sum.accepted += answer.accepted;
    sum.duplicates += answer.duplicates;
    sum.rejected += answer.rejected;
}

/// Cuts events into batches at the ends of lines.
pub(crate) struct Batches<R> {
    input: R,
    array: Option<Vec<u8>>,
    started: bool,
    size: usize,
}

impl<R: BufRead> Batches<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            array: None,
            started: false,
            size: BATCH_BYTES,
        }
    }

    /// The next batch of lines; none at the end. A JSON array is turned into
    /// lines first.
    pub(crate) fn next_batch(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        if !self.started {
            self.started = true;
            self.skip_space()?;
            if self.input.fill_buf()?.first() == Some(&b'[') {
                self.array = Some(lines_of_array(&mut self.input)?);
            }
        }
        let batch = match &mut self.array {
            Some(rest) => {
                let lines = std::mem::take(rest);
                let mut reader = lines.as_slice();
                let batch = read_lines(&mut reader, self.size)?;
                *rest = reader.to_vec();
                batch
            }
            None => read_lines(&mut self.input, self.size)?,
        };
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn skip_space(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let space = buffer
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            let rest = buffer.len() > space || buffer.is_empty();
            self.input.consume(space);
            if rest {
                return Ok(());
            }
        }
    }
}

fn read_lines(input: &mut impl BufRead, size: usize) -> std::io::Result<Vec<u8>> {
    let mut batch = Vec::new();
    while batch.len() < size {
        if input.read_until(b'\n', &mut batch)? == 0 {
            break;
        }
    }
    Ok(batch)
}

fn lines_of_array(input: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let records: Vec<&RawValue> = serde_json::from_slice(&text)?;
    let mut lines = Vec::with_capacity(text.len());
    for record in records {
        // Line breaks stand only between tokens: within texts they are escaped.
        let flat = record
            .get()
            .bytes()
            .filter(|byte| !matches!(byte, b'\r' | b'\n'));
        lines.extend(flat);
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(text: &str, size: usize) -> std::io::Result<Vec<String>> {
        let mut batches = Batches {
            size,
            ..Batches::new(text.as_bytes())
        };
        let mut all = Vec::new();
        while let Some(batch) = batches.next_batch()? {
            all.push(String::from_utf8(batch).unwrap());
        }
        Ok(all)
    }

    #[test]
    fn batches_end_with_lines_and_lose_nothing() {
        for (text, size, expected) in [
            ("", 10, vec![]),
            ("\n \n", 10, vec![]),
            ("{}\n{}\n{}", 4, vec!["{}\n{}\n", "{}"]),
            ("  [{\"a\":\n1},\n{}]", 100, vec!["{\"a\":1}\n{}\n"]),
            ("[{\"a\":1},{},{}]", 8, vec!["{\"a\":1}\n", "{}\n{}\n"]),
            ("[]", 10, vec![]),
        ] {
            assert_eq!(batches(text, size).unwrap(), expected, "{text}");
        }
        assert!(batches("[{}", 10).is_err());
    }

    #[test]
    fn errors_count_records_of_the_whole_file() {
        let answer = |record| IngestAnswer {
            received: 10,
            rejected: 1,
            errors: vec![IngestError {
                record,
                error: "no time".to_owned(),
            }],
            ..IngestAnswer::default()
        };
        let mut sum = IngestAnswer::default();
        add(&mut sum, answer(3));
        add(&mut sum, answer(4));
        let records: Vec<u64> = sum.errors.iter().map(|error| error.record).collect();
        assert_eq!(records, [3, 14]);
    }
}
