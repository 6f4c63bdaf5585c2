//! Command line of the measuring programs.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// How the tables are keyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// `PRIMARY KEY (tenant_id, ts, id) WITHOUT ROWID`: rows arrive near the end of their tenant.
    Time,
    /// `PRIMARY KEY (tenant_id, id) WITHOUT ROWID` with random ids: rows arrive everywhere.
    Random,
    /// Plain row ids in order of arrival, beside a unique index over (tenant, ts, id).
    Rowid,
}

/// One measured piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// Insert all rows, `--batch` rows a transaction.
    Insert,
    /// Read all rows in key order into a struct.
    Scan,
    /// The newest 100 activities of a tenant before a moment, with their records.
    Page,
    /// The same for one user, through a secondary index.
    PageUser,
    /// Concurrent clients each write one row and wait for it, one transaction a row.
    CommitSingle,
    /// The same, but the writer puts all waiting rows into one transaction.
    CommitGroup,
}

/// What to measure, on which file.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Binding to measure; each program lists its own.
    #[arg(long)]
    pub api: String,
    /// Database file; made by the insert and commit phases.
    #[arg(long)]
    pub db: PathBuf,
    /// Activities to insert, or to have been inserted.
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Rows a transaction in the insert phase.
    #[arg(long, default_value_t = 1000)]
    pub batch: u64,
    /// Rows an INSERT statement carries (sqlx only; the others always step row by row).
    #[arg(long, default_value_t = 1)]
    pub rows_per_statement: u64,
    /// Page queries.
    #[arg(long, default_value_t = 10_000)]
    pub pages: u64,
    /// Logical writes of the commit phases.
    #[arg(long, default_value_t = 20_000)]
    pub writes: u64,
    /// Concurrent clients of the commit phases.
    #[arg(long, default_value_t = 64)]
    pub clients: u64,
    /// Key layout.
    #[arg(long, value_enum, default_value = "time")]
    pub layout: Layout,
    /// Secondary indexes, at most four.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=4))]
    pub indexes: u8,
    /// SQLite's page cache in KiB.
    #[arg(long, default_value_t = 65_536)]
    pub cache_kib: u32,
    /// Further settings of the connection, such as `mmap_size=1073741824`.
    #[arg(long)]
    pub pragma: Vec<String>,
    /// `NORMAL` or `FULL`.
    #[arg(long, default_value = "NORMAL")]
    pub synchronous: String,
    /// Phases, in order.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "insert,scan,page,page-user"
    )]
    pub phases: Vec<Phase>,
}
