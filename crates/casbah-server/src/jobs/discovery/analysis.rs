//! One log, read into rows.

use std::error::Error;
use std::num::NonZeroUsize;

use casbah_discovery::{Analysis, AnalysisError, BadLine, Catalog, Format, LogReader, Outcome};
use casbah_model::discovery::{BadLineSample, DiscoveryUpload, UploadSource, UploadState};
use casbah_model::ids::TenantId;
use casbah_store::UsageRows;

use crate::blobs::Blobs;

/// The most bytes that are read of an unpacked log: what compresses better than this
/// was made to do harm.
const MOST_UNPACKED: u64 = 200_000_000_000;

/// Reads the file of an upload; what it says of the log, and the log's rows.
pub(super) fn analyse(
    blobs: &Blobs,
    tenant: TenantId,
    upload: DiscoveryUpload,
    threads: NonZeroUsize,
) -> (DiscoveryUpload, UsageRows) {
    let file = match blobs.read(tenant, upload.id) {
        Ok(file) => file,
        Err(error) => {
            let reason = format!("the uploaded file cannot be read: {error}");
            return (failed(upload, reason), UsageRows::default());
        }
    };
    let reader = LogReader::new()
        .format(declared(&upload.source))
        .workers(threads)
        .max_decoded_bytes(Some(MOST_UNPACKED));
    let analysis = Analysis::new(Catalog::built_in()).reader(reader);
    match analysis.run(file, |_| ()) {
        Ok(outcome) => done(upload, &outcome),
        Err(error) => {
            let reason = explain(&upload.source, &error);
            (refused(upload, reason, &error), UsageRows::default())
        }
    }
}

/// The format of an upload source; none is looked for in the log itself.
fn declared(source: &str) -> Option<Format> {
    match UploadSource::from_name(source)? {
        UploadSource::Typed(log_type) => Format::for_log_type(log_type),
        UploadSource::Named(_) => None,
    }
}

fn failed(upload: DiscoveryUpload, reason: String) -> DiscoveryUpload {
    DiscoveryUpload {
        state: UploadState::Failed,
        error: Some(reason),
        ..upload
    }
}

/// An upload of which nothing could be used, with what shows why.
fn refused(upload: DiscoveryUpload, reason: String, error: &AnalysisError) -> DiscoveryUpload {
    let upload = failed(upload, reason);
    let AnalysisError::WrongFormat { rejected, .. } = error else {
        return upload;
    };
    DiscoveryUpload {
        lines: rejected.lines,
        bad: rejected.bad,
        samples: samples(&rejected.samples),
        ..upload
    }
}

fn samples(lines: &[BadLine]) -> Vec<BadLineSample> {
    lines
        .iter()
        .map(|sample| BadLineSample {
            line: sample.line,
            reason: sample.reason.to_string(),
            text: sample.text.clone(),
        })
        .collect()
}

fn done(upload: DiscoveryUpload, outcome: &Outcome) -> (DiscoveryUpload, UsageRows) {
    let usage = &outcome.usage;
    let rows = UsageRows {
        apps: usage.app_days().cloned().collect(),
        users: usage.user_days().collect(),
        addresses: usage.address_days().collect(),
    };
    let unknown = usage.domain_days().map(|row| row.totals.transactions);
    let finished = DiscoveryUpload {
        state: UploadState::Done,
        format: Some(outcome.format.name().to_owned()),
        lines: outcome.lines,
        parsed: outcome.parsed,
        bad: outcome.bad,
        uncatalogued_transactions: unknown.sum(),
        error: outcome.error.as_ref().map(|error| {
            let lines = outcome.lines;
            format!(
                "only the first {lines} lines could be read: {}",
                chain(error)
            )
        }),
        samples: samples(&outcome.samples),
        ..upload
    };
    (finished, rows)
}

/// Why there is no result, and what would help.
fn explain(source: &str, error: &AnalysisError) -> String {
    let known = || {
        let names = Format::ALL.iter().map(|format| format.name());
        names.collect::<Vec<_>>().join(", ")
    };
    match error {
        AnalysisError::Empty => "the log is empty".to_owned(),
        AnalysisError::UnknownFormat => format!(
            "the log is in no known format (source {source}); known formats: {}",
            known()
        ),
        AnalysisError::WrongFormat {
            looks_like: Some(other),
            ..
        } => format!(
            "{error}; it looks like {}: choose that source",
            other.name()
        ),
        AnalysisError::EndlessLine
        | AnalysisError::WrongFormat { .. }
        | AnalysisError::Unreadable(_) => chain(error),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
