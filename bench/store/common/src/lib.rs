//! What every measured way into SQLite shares: the rows, the schema, the phases and the meter.
//! Nothing here touches SQLite, so that what differs between two programs is the way alone.

mod clients;
mod meter;
mod options;
mod rows;
mod schema;

pub use clients::{LogicalWrite, drain, run_clients};
pub use meter::Meter;
pub use options::{Layout, Options, Phase};
pub use rows::{Activity, Checksum, NewActivity, PageQuery, Rows};
pub use schema::{COLUMNS, create, insert_activity, insert_raw, page, page_of_user, pragmas, scan};
