//! Types of cloud discovery that the wire and the store share.

mod category;
mod log_type;
mod log_type_table;
mod stream;
mod usage;

pub use category::AppCategory;
pub use log_type::{LogType, UnknownLogType, UploadSource};
pub use stream::{AppUsage, BadLineSample, DiscoveryStream, DiscoveryUpload, UploadState};
pub use usage::{AddressDay, AppDay, DiscoveredAppId, DomainDay, EpochDay, Totals, UserDay};
