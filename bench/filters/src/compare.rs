//! Asks the store and the hand-written SQL for the first page of a filter in turn.

use std::time::Duration;

use casbah_model::ids::TenantId;
use casbah_store::Store;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::cases::{Case, List, Parameter};
use crate::cost::{Cost, Meter, quantile};
use crate::error::BenchError;
use crate::peer::{Answer, Peer};

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

/// Both sides, on one file.
pub struct Bench {
    /// Runs the store.
    pub runtime: Runtime,
    /// One side.
    pub store: Store,
    /// The other.
    pub connection: Connection,
    /// Whose records these are.
    pub tenant: TenantId,
}

impl Bench {
    /// Measures one filter and prints its line; tells whether the goal is met.
    pub fn compare(&self, case: &Case) -> Result<bool, BenchError> {
        if case.scans {
            return self.scan(case);
        }
        let connection = &self.connection;
        let (peer, way) = self.best(case)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut records, mut broken_off) = (0, 0);
        // At least twice, so that each side was the first and the second with each parameter.
        let rounds = ASKED.div_ceil(case.parameters.len().max(1)).max(2);
        let all = (0..rounds).flat_map(|round| (round..).zip(&case.parameters));
        for (number, parameter) in all {
            // Whoever is second finds the pages in memory: each is it as often.
            let (answer, took, (other, peer_took)) = if number % 2 == 0 {
                let (answer, took) = self.ask(case.list, parameter)?;
                (answer, took, peer.ask(connection, parameter)?)
            } else {
                let peer = peer.ask(connection, parameter)?;
                let (answer, took) = self.ask(case.list, parameter)?;
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
    fn best(&self, case: &Case) -> Result<(Peer, &'static str), BenchError> {
        let connection = &self.connection;
        let mut best: Option<(Duration, Peer, &'static str)> = None;
        for way in case.ways {
            let peer = Peer::new(self.tenant, case, way);
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
    fn scan(&self, case: &Case) -> Result<bool, BenchError> {
        let mut longest = Duration::ZERO;
        let (mut records, mut more) = (0, 0);
        for parameter in &case.parameters {
            let (answer, took) = self.ask(case.list, parameter)?;
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

    fn ask(&self, list: List, parameter: &Parameter) -> Result<(Answer, Cost), BenchError> {
        let query = parameter.query(list)?;
        let (store, tenant) = (&self.store, self.tenant);
        let meter = Meter::start();
        let (records, total, took) = match list {
            List::Activities => {
                let page = self
                    .runtime
                    .block_on(store.list_activities(tenant, query))?;
                let took = meter.cost();
                let records = page.data.iter().map(|record| record.get().to_owned());
                (records.collect(), page.total, took)
            }
            List::Alerts => {
                let page = self.runtime.block_on(store.list_alerts(tenant, query))?;
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
}
