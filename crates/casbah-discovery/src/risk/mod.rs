//! The risk score of an app: 0 is risky, 10 is not.

mod property;
mod score;

pub use property::{Part, Property, PropertyValue};
pub use score::{Contribution, Importance, MissingFacts, Score, Weights, score};
