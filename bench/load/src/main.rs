//! Sends one HTTPS request over and over on kept connections and prints what came of it as JSON.

mod connection;
mod cpu;
mod error;
mod options;
mod report;
mod target;

use clap::Parser;
use connection::{Connection, connector};
use cpu::CpuTime;
use error::LoadError;
use options::Options;
use report::{Report, Tally};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use target::Target;
use tokio::task::JoinSet;

/// How long a connection goes on.
#[derive(Clone)]
enum Length {
    Requests(Arc<AtomicU64>),
    Until(Instant),
}

impl Length {
    fn new(options: &Options, start: Instant) -> Self {
        match options.duration {
            Some(seconds) => Self::Until(start + Duration::from_secs_f64(seconds)),
            None => Self::Requests(Arc::new(AtomicU64::new(options.requests.unwrap_or(0)))),
        }
    }

    /// Takes one request of what is left.
    fn take(&self) -> bool {
        match self {
            Self::Requests(left) => left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok(),
            Self::Until(end) => Instant::now() < *end,
        }
    }
}

/// When requests are due.
#[derive(Clone)]
struct Pace {
    start: Instant,
    gap: Duration,
    sent: Arc<AtomicU64>,
}

impl Pace {
    fn new(options: &Options, start: Instant) -> Option<Self> {
        let rate = options.rate.filter(|rate| *rate > 0.0)?;
        Some(Self {
            start,
            gap: Duration::from_secs_f64(1.0 / rate),
            sent: Arc::default(),
        })
    }

    /// Waits for the next request's time. A request that is late because every connection was
    /// busy counts from when it was due.
    async fn wait(&self) -> Instant {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let due = self.start + self.gap.mul_f64(number as f64);
        if due <= Instant::now() {
            return due;
        }
        tokio::time::sleep_until(due.into()).await;
        Instant::now()
    }
}

async fn warm_up(mut connection: Connection, options: Options) -> Result<Connection, LoadError> {
    for _ in 0..options.warm_up.max(1) {
        let answer = connection.exchange().await?;
        if answer.status != options.expect {
            let body: String = String::from_utf8_lossy(&answer.body)
                .chars()
                .take(300)
                .collect();
            return Err(LoadError::Status {
                expected: options.expect,
                got: answer.status,
                body,
            });
        }
    }
    Ok(connection)
}

async fn drive(
    mut connection: Connection,
    expect: u16,
    length: Length,
    pace: Option<Pace>,
) -> Tally {
    let mut tally = Tally::default();
    let opened_before = connection.opened;
    while length.take() {
        let sent = match &pace {
            Some(pace) => pace.wait().await,
            None => Instant::now(),
        };
        match connection.exchange().await {
            Ok(answer) if answer.status == expect => {
                tally.latencies.push(sent.elapsed());
                tally.bytes += answer.body.len() as u64;
            }
            Ok(answer) => *tally.unexpected.entry(answer.status).or_default() += 1,
            Err(_) => {
                tally.broken += 1;
                // A server that is gone must not be called in a tight loop.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    tally.reopened = connection.opened - opened_before;
    tally
}

async fn measure(options: &Options) -> Result<Report, LoadError> {
    let target = Target::new(options)?;
    let connector = connector(&options.ca)?;
    let mut warming = JoinSet::new();
    for _ in 0..options.connections.max(1) {
        let connection = Connection::new(target.clone(), connector.clone());
        warming.spawn(warm_up(connection, options.clone()));
    }
    let mut connections = Vec::new();
    while let Some(connection) = warming.join_next().await {
        connections.push(connection??);
    }

    let before = options.watch_pid.map(CpuTime::of).transpose()?;
    let start = Instant::now();
    let length = Length::new(options, start);
    let pace = Pace::new(options, start);
    let mut driving = JoinSet::new();
    for connection in connections {
        let pace = pace.clone();
        driving.spawn(drive(connection, options.expect, length.clone(), pace));
    }
    let mut tallies = Vec::new();
    while let Some(tally) = driving.join_next().await {
        tallies.push(tally?);
    }
    let wall = start.elapsed();
    let after = options.watch_pid.map(CpuTime::of).transpose()?;
    Ok(Report::new(tallies, wall, before.zip(after)))
}

fn describe(error: &LoadError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// 0 when every request was answered as expected, 1 otherwise.
#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = measure(&options).await.and_then(|report| {
        println!("{}", serde_json::to_string(&report)?);
        Ok(report.is_clean())
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {}", describe(&error));
            ExitCode::FAILURE
        }
    }
}
