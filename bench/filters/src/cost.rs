//! What a call costs: how long it takes, and the CPU time of all threads of the process,
//! which others on the machine do not lengthen.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// How long it took.
    pub wall: Duration,
    /// How long processors worked for it.
    pub cpu: Duration,
}

/// A call whose cost is taken.
pub struct Meter(Instant, Duration);

impl Meter {
    /// Begins now.
    pub fn start() -> Self {
        Self(Instant::now(), cpu())
    }

    /// The cost until now.
    pub fn cost(&self) -> Cost {
        Cost {
            wall: self.0.elapsed(),
            cpu: cpu().saturating_sub(self.1),
        }
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanos)
}

/// Milliseconds below which this part of the times lies.
pub fn quantile(times: impl Iterator<Item = Duration>, part: f64) -> f64 {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in the list"
    )]
    let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
    times.get(place).map_or(0.0, Duration::as_secs_f64) * 1e3
}
