//! Compares the lists of the store with the best SQL written by hand, in one process and
//! on one SQLite file, and prints the ratios.

mod cases;
mod cost;
mod error;
mod fill;
mod peer;
mod random;
mod records;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use casbah_store::{DatabaseAddress, Store};
use clap::Parser;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use cases::{Case, List, Parameter, cases};
use cost::{Cost, Meter, quantile};
use error::BenchError;
use peer::{Answer, Peer};

/// What the first page of a filter may cost in CPU time, as a multiple of the hand-written
/// SQL.
const GOAL: f64 = 1.5;

/// The longest that a list may take that has to read on, the two seconds of the store and
/// some for the answer.
const LONGEST: Duration = Duration::from_millis(2_300);

/// How often each side is asked at least.
const ASKED: usize = 48;

/// How many parameters choose the best way of writing the SQL.
const TRIED: usize = 12;

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
    /// The file; made and filled if it is not there
    #[arg(long)]
    file: PathBuf,
    /// Only filters whose name holds this
    #[arg(long, default_value = "")]
    only: String,
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
    let runtime = Runtime::new()?;
    let is_new = !options.file.exists();
    let store = runtime.block_on(Store::open(&DatabaseAddress::Sqlite(options.file.clone())))?;
    if is_new {
        runtime.block_on(fill::fill(&store, options.activities, options.alerts))?;
    }
    let connection = peer::connect(&options.file)?;
    let bytes = std::fs::metadata(&options.file)?.len();
    let count: i64 = connection.query_row("SELECT COUNT(*) FROM activity", [], |row| row.get(0))?;
    println!("{count} activities, {:.1} GB\n", bytes as f64 / 1e9);
    println!(
        "| filter | asked | records | store CPU p50 ms | SQL CPU p50 ms | ratio | store p50 ms \
         | SQL p50 ms | store p99 ms | SQL p99 ms | way |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
    let mut is_good = true;
    for case in cases(&connection, options.parameters)? {
        if case.name.contains(&options.only) {
            is_good &= compare(&runtime, &store, &connection, &case)?;
        }
    }
    Ok(is_good)
}

/// Measures one filter and prints its line; tells whether the goal is met.
fn compare(
    runtime: &Runtime,
    store: &Store,
    connection: &Connection,
    case: &Case,
) -> Result<bool, BenchError> {
    if case.scans {
        return scan(runtime, store, case);
    }
    let (peer, way) = best(connection, case)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut records, mut broken_off) = (0, 0);
    // At least twice, so that each side was the first and the second with each parameter.
    let rounds = ASKED.div_ceil(case.parameters.len().max(1)).max(2);
    let all = (0..rounds).flat_map(|round| (round..).zip(&case.parameters));
    for (number, parameter) in all {
        // Whoever is second finds the pages in memory: each is it as often.
        let (answer, took, (other, peer_took)) = if number % 2 == 0 {
            let (answer, took) = ask(runtime, store, case.list, parameter)?;
            (answer, took, peer.ask(connection, parameter)?)
        } else {
            let peer = peer.ask(connection, parameter)?;
            let (answer, took) = ask(runtime, store, case.list, parameter)?;
            (answer, took, peer)
        };
        if !answer.agrees_with(&other) {
            return Err(BenchError::Differs {
                case: case.name,
                parameter: parameter.filters.to_string(),
            });
        }
        broken_off += usize::from(answer != other);
        records += answer.records.len();
        ours.push(took);
        theirs.push(peer_took);
    }
    let wall = |costs: &[Cost], part| quantile(costs.iter().map(|cost| cost.wall), part);
    let cpu = |costs: &[Cost]| quantile(costs.iter().map(|cost| cost.cpu), 0.5);
    let ratio = cpu(&ours) / cpu(&theirs);
    let after = match broken_off {
        0 => String::new(),
        times => format!("; {times} times broken off after two seconds"),
    };
    println!(
        "| {} | {} | {:.0} | {:.2} | {:.2} | {ratio:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {way}{after} |",
        case.name,
        ours.len(),
        records as f64 / ours.len().max(1) as f64,
        cpu(&ours),
        cpu(&theirs),
        wall(&ours, 0.5),
        wall(&theirs, 0.5),
        wall(&ours, 0.99),
        wall(&theirs, 0.99),
    );
    Ok(ratio <= GOAL)
}

/// The fastest way of writing the SQL.
fn best(connection: &Connection, case: &Case) -> Result<(Peer, &'static str), BenchError> {
    let mut best: Option<(Duration, Peer, &'static str)> = None;
    for way in case.ways {
        let peer = Peer::new(case, way);
        if !peer.is_possible(connection) {
            continue;
        }
        let mut took = Duration::ZERO;
        for parameter in case.parameters.iter().take(TRIED) {
            peer.ask(connection, parameter)?;
            took += peer.ask(connection, parameter)?.1.cpu;
        }
        let shown = if way.is_empty() {
            "SQLite's own choice"
        } else {
            way
        };
        if best.as_ref().is_none_or(|(best, ..)| took < *best) {
            best = Some((took, peer, shown));
        }
    }
    best.map(|(_, peer, way)| (peer, way))
        .ok_or(BenchError::Empty)
}

/// What has to read on: how long it takes, and what it says.
fn scan(runtime: &Runtime, store: &Store, case: &Case) -> Result<bool, BenchError> {
    let mut longest = Duration::ZERO;
    let (mut records, mut more) = (0, 0);
    for parameter in &case.parameters {
        let (answer, took) = ask(runtime, store, case.list, parameter)?;
        longest = longest.max(took.wall);
        records += answer.records.len();
        more += usize::from(answer.more);
    }
    println!(
        "| {} | {} | {:.0} | | | | longest {:.0} | | | | more than the total: {more} times |",
        case.name,
        case.parameters.len(),
        records as f64 / case.parameters.len().max(1) as f64,
        longest.as_secs_f64() * 1e3,
    );
    Ok(longest <= LONGEST)
}

fn ask(
    runtime: &Runtime,
    store: &Store,
    list: List,
    parameter: &Parameter,
) -> Result<(Answer, Cost), BenchError> {
    let query = parameter.query(list)?;
    let tenant = fill::tenant();
    let meter = Meter::start();
    let (records, total, took) = match list {
        List::Activities => {
            let page = runtime.block_on(store.list_activities(tenant, query))?;
            let took = meter.cost();
            let records = page.data.iter().map(|record| record.get().to_owned());
            (records.collect(), page.total, took)
        }
        List::Alerts => {
            let page = runtime.block_on(store.list_alerts(tenant, query))?;
            let took = meter.cost();
            let records = page.data.iter().map(serde_json::to_string);
            (records.collect::<Result<_, _>>()?, page.total, took)
        }
    };
    let answer = Answer {
        records,
        total: total.number(),
        more: total.is_exceeded(),
    };
    Ok((answer, took))
}
