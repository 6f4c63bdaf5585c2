//! Compares the lists of the store with the best SQL written by hand, in one process and
//! on one SQLite file, and prints the ratios.

mod cases;
mod compare;
mod cost;
mod error;
mod fill;
mod peer;
mod random;
mod records;
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;

use casbah_model::ids::TenantId;
use casbah_store::{DatabaseAddress, Store};
use clap::{Parser, Subcommand};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use cases::cases;
use compare::Bench;
use error::BenchError;
use fill::Wanted;

/// Fills an SQLite file through the store's own ingest, then asks for the first page
/// (100, the newest first, with the total) of typical filters, the store and the best
/// hand-written SQL in turn.
#[derive(Debug, Parser)]
struct Options {
    /// How many activities
    #[arg(long, default_value_t = 10_000_000)]
    activities: u64,
    /// How many alerts
    #[arg(long, default_value_t = 100_000)]
    alerts: u64,
    /// How many different parameters of each filter at most
    #[arg(long, default_value_t = 200)]
    parameters: usize,
    /// The file; made if it is not there, and filled, or filled on where that was cut off
    #[arg(long)]
    file: PathBuf,
    /// The tenant; a server's own if it is to serve the file
    #[arg(long, default_value = "00000000-0000-0000-0000-000000007e57")]
    tenant: TenantId,
    /// Only filters whose name holds this
    #[arg(long, default_value = "")]
    only: String,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What is done other than comparing the lists.
#[derive(Debug, Subcommand)]
enum Command {
    /// Fill the file, and no more
    Fill,
    /// Read all activities as the best SQL does, the newest first, and print the CPU time:
    /// the peer of a walk through the API (conformance/bench_walk.py)
    Walk {
        /// So many at most
        #[arg(long)]
        records: Option<u32>,
        /// Print the lines instead
        #[arg(long)]
        lines: bool,
    },
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure(options: &Options) -> Result<bool, BenchError> {
    let tenant = options.tenant;
    if let Some(Command::Walk { records, lines }) = options.command {
        // A server has the file.
        let connection = peer::connect(&options.file)?;
        return walk::walk(&connection, tenant, records, lines).map(|()| true);
    }
    let runtime = Runtime::new()?;
    let store = runtime.block_on(Store::open(&DatabaseAddress::Sqlite(options.file.clone())))?;
    let connection = peer::connect(&options.file)?;
    if let Some(there) = unfinished(&connection, tenant)? {
        let wanted = Wanted {
            activities: options.activities,
            alerts: options.alerts,
        };
        runtime.block_on(fill::fill(&store, tenant, wanted, there))?;
    }
    if let Some(Command::Fill) = options.command {
        return Ok(true);
    }
    let bytes = std::fs::metadata(&options.file)?.len();
    let count: i64 = connection.query_row("SELECT COUNT(*) FROM activity", [], |row| row.get(0))?;
    println!("{count} activities, {:.1} GB\n", bytes as f64 / 1e9);
    println!(
        "| filter | asked | records | store CPU p50 ms | SQL CPU p50 ms | ratio | store p50 ms \
         | SQL p50 ms | store p99 ms | SQL p99 ms | way |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
    let mut is_good = true;
    let bench = Bench {
        runtime,
        store,
        connection,
        tenant,
    };
    for case in cases(&bench.connection, tenant, options.parameters)? {
        if case.name.contains(&options.only) {
            is_good &= bench.compare(&case)?;
        }
    }
    Ok(is_good)
}

/// How many activities are there before the tenant is filled; none once it is. The alerts
/// come last.
fn unfinished(connection: &Connection, tenant: TenantId) -> Result<Option<u64>, BenchError> {
    let tenant = tenant.uuid();
    let mut alerts = connection.prepare("SELECT 1 FROM alert WHERE tenant_id = ?1 LIMIT 1")?;
    if alerts.exists([tenant.as_bytes()])? {
        return Ok(None);
    }
    let mut activities =
        connection.prepare("SELECT COUNT(*) FROM activity WHERE tenant_id = ?1")?;
    let count: i64 = activities.query_row([tenant.as_bytes()], |row| row.get(0))?;
    Ok(Some(u64::try_from(count).unwrap_or(0)))
}
