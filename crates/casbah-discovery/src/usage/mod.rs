//! Counting who used what, how much, on which day.

mod counter;
mod person;
mod report;

pub(crate) use counter::Counter;
pub use report::Usage;
