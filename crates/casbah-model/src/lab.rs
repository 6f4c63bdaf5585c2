//! For laboratories: the clock and the record ids of this process, set from outside, so
//! that programs can be tested against them.
//!
//! Both belong to the whole process. A server touches them only where its operator
//! started it as a laboratory; in every other program they stay as they are.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use crate::time::Timestamp;

/// What stands in place of a time where the clock is not frozen.
const RUNNING: i64 = i64::MIN;

static AHEAD_MS: AtomicI64 = AtomicI64::new(0);
static FROZEN_AT: AtomicI64 = AtomicI64::new(RUNNING);

static IS_SEEDED: AtomicBool = AtomicBool::new(false);
static SEED: AtomicU64 = AtomicU64::new(0);
static IDS: AtomicU64 = AtomicU64::new(0);

/// How this process reads the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// So many milliseconds ahead of the system's clock; behind, if negative.
    Ahead(i64),
    /// It stands still.
    Frozen(Timestamp),
}

impl Clock {
    /// The system's own.
    pub const SYSTEM: Self = Self::Ahead(0);

    /// The clock of now.
    pub fn of_process() -> Self {
        match FROZEN_AT.load(Ordering::Relaxed) {
            RUNNING => Self::Ahead(AHEAD_MS.load(Ordering::Relaxed)),
            millis => Self::Frozen(Timestamp(millis)),
        }
    }

    /// Reads the time by this clock from now on.
    pub fn set(self) {
        match self {
            Self::Frozen(at) => FROZEN_AT.store(at.millis(), Ordering::Relaxed),
            Self::Ahead(millis) => {
                AHEAD_MS.store(millis, Ordering::Relaxed);
                FROZEN_AT.store(RUNNING, Ordering::Relaxed);
            }
        }
    }

    /// The time by this clock, where the system's says `system`.
    pub const fn read(self, system: Timestamp) -> Timestamp {
        match self {
            Self::Ahead(millis) => system.plus_millis(millis),
            Self::Frozen(at) => at,
        }
    }
}

/// From now on, record ids follow from this seed and from how many were made since.
pub fn seed_record_ids(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
    IDS.store(0, Ordering::Relaxed);
    IS_SEEDED.store(true, Ordering::Relaxed);
}

/// The bits of the next record id; none where they are random.
pub(crate) fn next_record_bits() -> Option<u64> {
    IS_SEEDED.load(Ordering::Relaxed).then(|| {
        let count = IDS.fetch_add(1, Ordering::Relaxed);
        mixed(SEED.load(Ordering::Relaxed), count)
    })
}

/// The number at this place of the sequence of a seed (`SplitMix64`, Steele, Lea and
/// Flood 2014): for tests, not for secrets.
pub const fn mixed(seed: u64, place: u64) -> u64 {
    let step = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bits = seed.wrapping_add(step);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The process's own clock and ids are not touched here: other tests read them.

    #[test]
    fn clocks_read_the_time() {
        let system = Timestamp(1_000);
        assert_eq!(Clock::SYSTEM.read(system), system);
        assert_eq!(Clock::Ahead(-400).read(system), Timestamp(600));
        assert_eq!(Clock::Frozen(Timestamp(7)).read(system), Timestamp(7));
        assert_eq!(Clock::of_process(), Clock::SYSTEM);
    }

    #[test]
    fn a_sequence_is_that_of_its_seed() {
        // The first numbers of the published generator for the seed 0.
        assert_eq!(mixed(0, 0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mixed(0, 1), 0x6e78_9e6a_a1b9_65f4);
        assert_ne!(mixed(1, 0), mixed(0, 0));
        assert_eq!(next_record_bits(), None, "nobody has seeded them");
    }
}
