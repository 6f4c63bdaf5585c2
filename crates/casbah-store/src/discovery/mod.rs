//! Cloud discovery: uploaded logs, the reports they are worked into, tags on apps.

mod report;
mod streams;
mod tags;
mod uploads;
mod usage;

pub use report::{GLOBAL_VIEW, UserUsage};
pub use uploads::{DoneUpload, UsageRows};
