//! What came of it.

use crate::cpu::CpuTime;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What one connection saw.
#[derive(Default)]
pub struct Tally {
    /// Latency of every answer with the expected status.
    pub latencies: Vec<Duration>,
    /// Answers with another status.
    pub unexpected: BTreeMap<u16, u64>,
    /// Exchanges that broke.
    pub broken: u64,
    /// Body bytes of the expected answers.
    pub bytes: u64,
    /// Handshakes while the clocks ran.
    pub reopened: u64,
}

/// The printed result.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Answers with the expected status.
    pub answers: u64,
    /// Answers by other statuses.
    pub unexpected: BTreeMap<u16, u64>,
    /// Exchanges that broke.
    pub broken: u64,
    /// Connections that had to be opened again; their handshakes are in the CPU time.
    pub reopened: u64,
    /// Wall time.
    pub seconds: f64,
    /// Expected answers a second.
    pub rate_per_s: f64,
    /// Half of the answers came within this time.
    pub p50_ms: f64,
    /// 99 of 100 came within this time.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
    /// Mean body size.
    pub body_bytes: f64,
    /// CPU time of the watched process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

/// CPU time of the watched process while the clocks ran.
#[derive(Debug, Serialize)]
pub struct Watched {
    /// In the program.
    pub user_s: f64,
    /// In the kernel for it.
    pub system_s: f64,
    /// Both, by answer, in microseconds.
    pub cpu_us_per_answer: f64,
}

impl Report {
    /// Adds up what the connections saw within `wall`, while the watched process spent `watched`
    /// (before, after).
    pub fn new(tallies: Vec<Tally>, wall: Duration, watched: Option<(CpuTime, CpuTime)>) -> Self {
        let mut total = Tally::default();
        for tally in tallies {
            total.latencies.extend(tally.latencies);
            for (status, count) in tally.unexpected {
                *total.unexpected.entry(status).or_default() += count;
            }
            total.broken += tally.broken;
            total.bytes += tally.bytes;
            total.reopened += tally.reopened;
        }
        total.latencies.sort_unstable();
        let answers = total.latencies.len() as u64;
        let each = 1.0 / (answers.max(1) as f64);
        Self {
            answers,
            unexpected: total.unexpected,
            broken: total.broken,
            reopened: total.reopened,
            seconds: wall.as_secs_f64(),
            rate_per_s: answers as f64 / wall.as_secs_f64(),
            p50_ms: percentile(&total.latencies, 50),
            p99_ms: percentile(&total.latencies, 99),
            max_ms: percentile(&total.latencies, 100),
            body_bytes: total.bytes as f64 * each,
            watched: watched.map(|(before, after)| {
                let (user_s, system_s) = (after.user - before.user, after.system - before.system);
                Watched {
                    user_s,
                    system_s,
                    cpu_us_per_answer: (user_s + system_s) * 1e6 * each,
                }
            }),
        }
    }

    /// True when every request was answered as expected, and there was one.
    pub fn is_clean(&self) -> bool {
        self.answers > 0 && self.unexpected.is_empty() && self.broken == 0
    }
}

/// Nearest rank in milliseconds; 0 for an empty list.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    rank.checked_sub(1)
        .and_then(|index| sorted.get(index))
        .map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(range: std::ops::RangeInclusive<u64>) -> Vec<Duration> {
        range.map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let cases = [
            (0..=0, 50, 0.0),
            (1..=1, 99, 1.0),
            (1..=2, 50, 1.0),
            (1..=100, 50, 50.0),
            (1..=100, 99, 99.0),
            (1..=101, 99, 100.0),
            (1..=101, 100, 101.0),
        ];
        for (range, percent, expected) in cases {
            let got = percentile(&milliseconds(range.clone()), percent);
            assert!((got - expected).abs() < 1e-9, "{range:?} {percent}: {got}");
        }
        assert!(percentile(&[], 50).abs() < 1e-9);
    }

    #[test]
    fn tallies_add_up() {
        let one = Tally {
            latencies: milliseconds(1..=3),
            bytes: 30,
            ..Tally::default()
        };
        let two = Tally {
            latencies: milliseconds(4..=4),
            unexpected: BTreeMap::from([(503, 2)]),
            bytes: 10,
            ..Tally::default()
        };
        let spent = (
            CpuTime {
                user: 1.0,
                system: 0.5,
            },
            CpuTime {
                user: 1.003,
                system: 0.501,
            },
        );
        let report = Report::new(vec![one, two], Duration::from_secs(2), Some(spent));
        assert_eq!((report.answers, report.unexpected[&503]), (4, 2));
        assert!((report.rate_per_s - 2.0).abs() < 1e-9);
        assert!((report.body_bytes - 10.0).abs() < 1e-9);
        assert!((report.watched.as_ref().unwrap().cpu_us_per_answer - 1000.0).abs() < 1e-6);
        assert!(!report.is_clean());
    }
}
