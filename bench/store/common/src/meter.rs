//! CPU time of the whole process and wall time of one phase, printed as one JSON line.

use crate::{Checksum, Options, Phase};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use std::time::Instant;

/// A running measurement.
pub struct Meter {
    wall: Instant,
    usage: Usage,
}

impl Meter {
    /// Starts the clocks.
    pub fn start() -> nix::Result<Self> {
        Ok(Self {
            usage: getrusage(UsageWho::RUSAGE_SELF)?,
            wall: Instant::now(),
        })
    }

    /// Stops the clocks and prints the result; `library` is SQLite's own version, `count` the
    /// operations done, `checksum` shows that two programs did the same work.
    pub fn finish(
        self,
        options: &Options,
        phase: Phase,
        library: &str,
        count: u64,
        checksum: Checksum,
    ) -> nix::Result<()> {
        let wall = self.wall.elapsed().as_secs_f64();
        let after = getrusage(UsageWho::RUSAGE_SELF)?;
        let spent = |from: TimeVal, to: TimeVal| (to - from).num_microseconds() as f64 / 1e6;
        let line = serde_json::json!({
            "api": options.api,
            "phase": format!("{phase:?}"),
            "layout": format!("{:?}", options.layout),
            "indexes": options.indexes,
            "synchronous": options.synchronous,
            "rows_per_statement": options.rows_per_statement,
            "sqlite": library,
            "count": count,
            "user_s": spent(self.usage.user_time(), after.user_time()),
            "system_s": spent(self.usage.system_time(), after.system_time()),
            "wall_s": wall,
            "checksum": format!("{:016x}", checksum.value()),
        });
        println!("{line}");
        Ok(())
    }
}
