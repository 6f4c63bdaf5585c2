//! Log formats, the app catalog, risk scores, reports and block scripts.
//!
//! An [`Analysis`] reads a proxy or firewall log in constant memory, whatever its size, and counts
//! who used which app of the [`Catalog`] on which day.

mod analysis;
mod block_script;
mod catalog;
mod error;
pub mod formats;
mod id_set;
mod input;
mod intern;
mod pipeline;
mod record;
pub mod risk;
mod usage;

pub use analysis::{Analysis, Outcome};
pub use block_script::{
    Appliance, BlockDomain, BlockListEntry, BlockListPage, DomainError, Verdict, block_script,
};
pub use catalog::{App, Catalog, CatalogError, Fact, Source};
pub use error::{AnalysisError, Rejected};
pub use formats::{Format, Splitting, detect};
pub use id_set::IdSet;
pub use input::{MAX_LINE, ReadError};
pub use intern::Interner;
pub use pipeline::{BadLine, LogReader, Progress, Reading, Sink};
pub use record::{LineError, Record};
pub use usage::Usage;
