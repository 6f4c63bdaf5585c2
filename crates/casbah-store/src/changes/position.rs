//! Places in a feed.

use std::fmt;
use std::str::FromStr;

/// A place in a feed, as its readers keep it: `<number of a change>-<objects of it that
/// were read>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedPosition {
    pub(super) change: i64,
    pub(super) object: usize,
}

impl FeedPosition {
    /// Before the very first change.
    pub const START: Self = Self {
        change: 1,
        object: 0,
    };

    pub(super) const fn after(change: i64) -> Self {
        Self {
            change: change.saturating_add(1),
            object: 0,
        }
    }
}

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.change, self.object)
    }
}

/// A text is not a place in a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a feed")]
pub struct ParseFeedPositionError;

impl FromStr for FeedPosition {
    type Err = ParseFeedPositionError;

    fn from_str(text: &str) -> Result<Self, ParseFeedPositionError> {
        let (change, object) = text.split_once('-').ok_or(ParseFeedPositionError)?;
        let position = Self {
            change: change.parse().map_err(|_| ParseFeedPositionError)?,
            object: object.parse().map_err(|_| ParseFeedPositionError)?,
        };
        // One text for one place.
        if position.change < 1 || position.to_string() != text {
            return Err(ParseFeedPositionError);
        }
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in ["1-0", "12-345", "9223372036854775807-0"] {
            assert_eq!(text.parse::<FeedPosition>().unwrap().to_string(), text);
        }
        for text in [
            "", "1", "-", "1-", "0-0", "-1-0", "+1-0", "01-0", "1-00", "1--1", "x-0",
        ] {
            assert_eq!(
                text.parse::<FeedPosition>(),
                Err(ParseFeedPositionError),
                "{text}"
            );
        }
    }
}
