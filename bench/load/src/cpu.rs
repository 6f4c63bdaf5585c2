//! CPU time of another process, from Linux' `/proc/<pid>/stat` (proc(5)).

use crate::error::LoadError;
use std::path::PathBuf;

/// User and system time spent so far, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuTime {
    /// In the program.
    pub user: f64,
    /// In the kernel for it.
    pub system: f64,
}

impl CpuTime {
    /// Reads the time of all threads of `pid`, those that have ended too.
    pub fn of(pid: u32) -> Result<Self, LoadError> {
        let path = PathBuf::from(format!("/proc/{pid}/stat"));
        let line = std::fs::read_to_string(&path).map_err(|source| LoadError::Read {
            path: path.clone(),
            source,
        })?;
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        parse(&line, ticks).ok_or(LoadError::Accounting(path))
    }
}

/// Fields 14 and 15 in clock ticks. The second field is the program's name in parentheses and may
/// hold blanks and parentheses itself, so counting starts behind the last one.
fn parse(line: &str, ticks: f64) -> Option<CpuTime> {
    let (_, behind_name) = line.rsplit_once(')')?;
    let mut times = behind_name.split_ascii_whitespace().skip(11);
    let mut seconds = || Some(times.next()?.parse::<u64>().ok()? as f64 / ticks);
    Some(CpuTime {
        user: seconds()?,
        system: seconds()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let line = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 31 0 0 20 0 4 0 99";
        assert_eq!(
            parse(line, 100.0),
            Some(CpuTime {
                user: 2.5,
                system: 0.31
            })
        );
        for bad in [
            "",
            "42 (a",
            "42 (a) S 1 2 3",
            "42 (a) S 1 2 3 4 5 6 7 8 9 10 x y",
        ] {
            assert_eq!(parse(bad, 100.0), None, "{bad}");
        }
    }

    #[test]
    fn own_time_can_be_read() {
        let spent = CpuTime::of(std::process::id()).unwrap();
        assert!(spent.user >= 0.0 && spent.user < 3600.0);
        assert!(CpuTime::of(u32::MAX).is_err());
    }
}
