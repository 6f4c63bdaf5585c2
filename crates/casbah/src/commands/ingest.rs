//! Sending audit events.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tempfile::NamedTempFile;

use super::progress::byte_bar;
use super::record;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{INGEST, Output};

/// What to send.
///
/// For example: casbah ingest audit.jsonl --source microsoft365
#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Events as JSON lines or JSON arrays, packed with gzip or not; - for standard input
    file: PathBuf,
    /// The service that wrote them, such as microsoft365
    #[arg(long)]
    source: String,
}

pub(crate) async fn run(context: &Context, arguments: IngestArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let spooled;
    let file = if arguments.file.as_os_str() == "-" {
        spooled = spool()?;
        spooled.path()
    } else {
        &arguments.file
    };
    let bar = byte_bar(size_of(file)?);
    let sent = bar.clone();
    let progress = Arc::new(move |count| sent.inc(count));
    let answer = client.ingest(&arguments.source, file, progress).await?;
    bar.finish_and_clear();
    context.out.record(INGEST, &record(&answer)?)?;
    if answer.late > 0 {
        Output::note(&format!(
            "{} records are older than what the detections have seen: they are kept, but raise no \
             alerts. Send a history before what follows it.",
            answer.late
        ));
    }
    if answer.received == 0 {
        return Err(CliError::Incomplete {
            what: "there was no record to send".to_owned(),
            next: "check the file".to_owned(),
        });
    }
    if answer.rejected == 0 {
        return Ok(());
    }
    Err(CliError::Incomplete {
        what: format!(
            "{} of {} records were rejected",
            answer.rejected, answer.received
        ),
        next: "check --source; --output json shows why, for the first of them".to_owned(),
    })
}

/// A file's size; the error names it.
pub(crate) fn size_of(file: &Path) -> Result<u64, CliError> {
    let unreadable = |source| CliError::Read {
        path: file.display().to_string(),
        source,
    };
    let metadata = std::fs::metadata(file).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(metadata.len())
}

/// Standard input as a file, so that it can be sent again when the server says so.
fn spool() -> Result<NamedTempFile, CliError> {
    let mut file = NamedTempFile::new()?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
    Ok(file)
}
