//! Moving an installation to another database.

use std::path::PathBuf;
use std::sync::Mutex;

use casbah_server::{
    Beside, DatabaseAddress, MigrateFailure, Migrated, MigrationPhase, MigrationStep,
};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::progress::row_bar;
use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{MIGRATION, Output};
use crate::serve::serve_error;

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Where the installation is: sqlite:PATH or postgres://…
    #[arg(
        long,
        env = "CASBAH_MIGRATE_FROM",
        hide_env_values = true,
        value_name = "URL"
    )]
    from: String,
    /// Where it goes: a database that is empty, or a file that is not there yet
    #[arg(
        long,
        env = "CASBAH_MIGRATE_TO",
        hide_env_values = true,
        value_name = "URL"
    )]
    to: String,
    /// Go on with a migration that was cut off
    #[arg(long)]
    resume: bool,
    /// The installation's data directory, which holds its master key
    #[arg(
        long,
        env = "CASBAH_DATA_DIR",
        default_value = "casbah-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
}

pub(crate) async fn run(global: &Global, args: MigrateArgs) -> Result<(), CliError> {
    let context = Context::new(global)?;
    let address = |text: &str| text.parse::<DatabaseAddress>().map_err(serve_error);
    let (from, to) = (address(&args.from)?, address(&args.to)?);
    let bars = Bars::default();
    let shown = bars.clone();
    let done = casbah_server::migrate(&args.data_dir, &from, &to, args.resume, move |step| {
        shown.show(&step);
    })
    .await;
    bars.end();
    let done = done.map_err(|failure| failed(&failure))?;
    context.out.records(MIGRATION, records(&done))?;
    if !done.is_same {
        return Err(CliError::Incomplete {
            what: "the target does not hold the same; no server starts with it".to_owned(),
            next: "empty the target and migrate again; did something change the source meanwhile?"
                .to_owned(),
        });
    }
    tell(&done.beside, &args);
    Ok(())
}

fn failed(failure: &MigrateFailure) -> CliError {
    CliError::Incomplete {
        next: failure.next_step().to_owned(),
        what: failure.to_string(),
    }
}

fn records(done: &Migrated) -> Vec<Value> {
    let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
    let records = done.tables.iter().map(|table| {
        json!({
            "table": table.table,
            "same": table.is_same(),
            "source": {"rows": table.source.rows, "sha256": hex(table.source.sha256)},
            "target": {"rows": table.target.rows, "sha256": hex(table.target.sha256)},
        })
    });
    records.collect()
}

/// What is not in the database, and what to do now.
fn tell(beside: &Beside, args: &MigrateArgs) {
    Output::note("The target holds the same as the source, which stays as it is.");
    if beside.is_key_in_environment {
        Output::note("CASBAH_MASTER_KEY opens its data keys: start the server with it.");
    } else {
        Output::note("The master key of the data directory opens its data keys.");
    }
    let files = beside.files.iter().map(|file| file.display().to_string());
    let files: Vec<_> = files.collect();
    Output::note(&format!(
        "Not in the database, and needed wherever the server runs: {}.",
        files.join(", ")
    ));
    match (beside.waiting_uploads, beside.lost_uploads) {
        (0, _) => {}
        (waiting, 0) => Output::note(&format!(
            "{waiting} logs wait in the directory of uploads to be read."
        )),
        (waiting, lost) => Output::note(&format!(
            "{waiting} logs wait to be read, and the files of {lost} are not in the directory of \
             uploads: look on the other nodes."
        )),
    }
    Output::note(&format!(
        "Start it: casbah serve --data-dir {} --database {}",
        args.data_dir.display(),
        // Not the address itself, which may hold a password.
        if args.to.starts_with("sqlite:") {
            &args.to
        } else {
            "postgres://…"
        }
    ));
}

/// A bar over the rows of each phase.
#[derive(Clone, Default)]
struct Bars(std::sync::Arc<Mutex<Option<(MigrationPhase, ProgressBar)>>>);

impl Bars {
    fn show(&self, step: &MigrationStep<'_>) {
        let mut shown = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if shown.as_ref().is_none_or(|(phase, _)| *phase != step.phase) {
            if let Some((_, bar)) = shown.take() {
                bar.finish();
            }
            *shown = Some((step.phase, row_bar(step.of)));
        }
        if let Some((phase, bar)) = shown.as_ref() {
            let verb = match phase {
                MigrationPhase::Copy => "copy",
                MigrationPhase::Check => "check",
            };
            bar.set_message(format!("{verb} {}", step.table));
            bar.inc(step.rows);
        }
    }

    fn end(&self) {
        let mut shown = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, bar)) = shown.take() {
            bar.finish_and_clear();
        }
    }
}
