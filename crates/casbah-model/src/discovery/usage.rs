//! Usage of discovered apps, as flat rows of one UTC day each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MS_PER_DAY: i64 = 86_400_000;

/// Id of an app of the catalog.
///
/// The published ids of the original are kept for the apps it names; ids of other catalog apps
/// begin at 1,000,000.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct DiscoveredAppId(pub i32);

/// A UTC day, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpochDay(pub i32);

impl EpochDay {
    /// The day that holds a time in Unix milliseconds. Times beyond `i32` days are clamped.
    pub fn of_millis(time: i64) -> Self {
        let day = time.div_euclid(MS_PER_DAY);
        Self(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// First millisecond of the day.
    pub fn start_millis(self) -> i64 {
        i64::from(self.0) * MS_PER_DAY
    }
}

/// What was counted for one key of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Log lines, blocked ones included.
    pub transactions: u64,
    /// Log lines that the proxy refused: attempts, whose bytes are in no sum.
    pub blocked: u64,
    /// Bytes sent to the app. Stays 0 where the log does not tell.
    pub bytes_up: u64,
    /// Bytes received from the app.
    pub bytes_down: u64,
    /// Time of the earliest line, Unix milliseconds.
    pub first_seen: i64,
    /// Time of the latest line, Unix milliseconds.
    pub last_seen: i64,
}

impl Totals {
    /// Nothing counted yet: the neutral element of [`Totals::merge`].
    pub const EMPTY: Self = Self {
        transactions: 0,
        blocked: 0,
        bytes_up: 0,
        bytes_down: 0,
        first_seen: i64::MAX,
        last_seen: i64::MIN,
    };

    /// Bytes in both directions; saturates.
    pub const fn bytes(&self) -> u64 {
        self.bytes_up.saturating_add(self.bytes_down)
    }

    /// Adds what another part of the log counted. Associative and commutative; sums saturate.
    pub fn merge(&mut self, other: &Self) {
        self.transactions = self.transactions.saturating_add(other.transactions);
        self.blocked = self.blocked.saturating_add(other.blocked);
        self.bytes_up = self.bytes_up.saturating_add(other.bytes_up);
        self.bytes_down = self.bytes_down.saturating_add(other.bytes_down);
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}

/// Usage of one app on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppDay {
    /// The UTC day.
    pub day: EpochDay,
    /// The app.
    pub app: DiscoveredAppId,
    /// Its sums.
    #[serde(flatten)]
    pub totals: Totals,
    /// Exact number of distinct users of the day.
    pub users: u64,
    /// Exact number of distinct source addresses of the day.
    pub addresses: u64,
}

/// Usage of one app by one user on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDay {
    /// The UTC day.
    pub day: EpochDay,
    /// The app.
    pub app: DiscoveredAppId,
    /// Normalised name: what is counted and joined on.
    pub user: String,
    /// The log's own spelling, the one seen first in this log.
    pub display: String,
    /// The sums.
    #[serde(flatten)]
    pub totals: Totals,
}

/// Usage of one app from one source address on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressDay {
    /// The UTC day.
    pub day: EpochDay,
    /// The app.
    pub app: DiscoveredAppId,
    /// IP address in canonical text, or the client's name where the log has names.
    pub address: String,
    /// The sums.
    #[serde(flatten)]
    pub totals: Totals,
}

/// Traffic of one day to a registrable domain that no catalog app has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainDay {
    /// The UTC day.
    pub day: EpochDay,
    /// Registrable domain after the public suffix list, an IP address, or a name without suffix.
    pub domain: String,
    /// Its sums.
    #[serde(flatten)]
    pub totals: Totals,
    /// Exact number of distinct users of the day.
    pub users: u64,
    /// Exact number of distinct source addresses of the day.
    pub addresses: u64,
}

#[cfg(test)]
mod tests {
    use super::{EpochDay, Totals};

    #[test]
    fn days_begin_at_midnight_utc_on_both_sides_of_1970() {
        for (time, day) in [
            (0, 0),
            (86_399_999, 0),
            (86_400_000, 1),
            (-1, -1),
            (i64::MAX, i32::MAX),
        ] {
            assert_eq!(EpochDay::of_millis(time), EpochDay(day), "{time}");
        }
        assert_eq!(EpochDay(2).start_millis(), 172_800_000);
    }

    #[test]
    fn nothing_is_the_neutral_element() {
        let some = Totals {
            transactions: 3,
            first_seen: 5,
            last_seen: 9,
            ..Totals::EMPTY
        };
        let mut merged = Totals::EMPTY;
        merged.merge(&some);
        assert_eq!(merged, some);
        merged.merge(&Totals::EMPTY);
        assert_eq!(merged, some);
    }
}
