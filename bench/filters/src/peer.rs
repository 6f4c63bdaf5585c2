//! The hand-written SQL: a page with its records, decoded as the store's are, and the
//! count up to the bound that the store has.

use casbah_model::alert::Alert;
use casbah_model::ids::TenantId;
use casbah_store::COUNTED;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use serde_json::value::RawValue;

use crate::cases::{Case, List, Parameter};
use crate::cost::{Cost, Meter};
use crate::error::BenchError;

/// What both sides find.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The records, as JSON.
    pub records: Vec<String>,
    /// How many there are, up to [`COUNTED`].
    pub total: u64,
    /// Whether there are more.
    pub more: bool,
}

impl Answer {
    /// Whether it is the same as the peer's, or as much of it as the store found in its two
    /// seconds, and says so.
    pub fn agrees_with(&self, peer: &Self) -> bool {
        self == peer
            || self.more && self.total <= peer.total && peer.records.starts_with(&self.records)
    }
}

/// A connection as the store's readers have them.
pub fn connect(path: &std::path::Path) -> Result<Connection, BenchError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;")?;
    Ok(connection)
}

/// One way of writing a case's SQL.
pub struct Peer {
    tenant: TenantId,
    list: List,
    page: String,
    count: String,
}

impl Peer {
    /// The SQL that goes by this index, or by whichever SQLite takes.
    pub fn new(tenant: TenantId, case: &Case, way: &str) -> Self {
        let hint = if way.is_empty() {
            String::new()
        } else {
            format!(" INDEXED BY {way}")
        };
        let condition = case.condition;
        let (table, page) = match case.list {
            List::Activities => (
                "activity",
                format!(
                    "SELECT raw.record FROM (
                        SELECT timestamp, uuid FROM activity{hint}
                        WHERE tenant_id = ?1 AND {condition}
                        ORDER BY timestamp DESC, uuid DESC LIMIT 100) found
                     CROSS JOIN activity_raw raw ON raw.tenant_id = ?1
                        AND raw.timestamp = found.timestamp AND raw.uuid = found.uuid
                     ORDER BY found.timestamp DESC, found.uuid DESC"
                ),
            ),
            List::Alerts => (
                "alert",
                format!(
                    "SELECT record FROM alert{hint} WHERE tenant_id = ?1 AND {condition}
                     ORDER BY timestamp DESC, id DESC LIMIT 100"
                ),
            ),
        };
        let count = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM {table}{hint}
                WHERE tenant_id = ?1 AND {condition} LIMIT {})",
            COUNTED + 1
        );
        Self {
            tenant,
            list: case.list,
            page,
            count,
        }
    }

    /// Whether the schema has the index and it can be used so.
    pub fn is_possible(&self, connection: &Connection) -> bool {
        connection.prepare_cached(&self.page).is_ok()
            && connection.prepare_cached(&self.count).is_ok()
    }

    /// Asks.
    pub fn ask(
        &self,
        connection: &Connection,
        parameter: &Parameter,
    ) -> Result<(Answer, Cost), BenchError> {
        let meter = Meter::start();
        let mut values = vec![Sql::Blob(self.tenant.uuid().as_bytes().to_vec())];
        values.extend(parameter.values.iter().cloned());
        let mut page = connection.prepare_cached(&self.page)?;
        let mut rows = page.query(params_from_iter(&values))?;
        let mut activities: Vec<Box<RawValue>> = Vec::new();
        let mut alerts: Vec<Alert> = Vec::new();
        while let Some(row) = rows.next()? {
            match self.list {
                List::Activities => {
                    let record = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
                    // A record's first byte says how the rest is compressed.
                    let json = zstd::stream::decode_all(record.get(1..).unwrap_or_default())?;
                    activities.push(serde_json::from_slice(&json)?);
                }
                List::Alerts => {
                    let record = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                    alerts.push(serde_json::from_str(record)?);
                }
            }
        }
        let found = activities.len() + alerts.len();
        let counted: i64 = if found < 100 {
            i64::try_from(found).unwrap_or(0)
        } else {
            let mut count = connection.prepare_cached(&self.count)?;
            count.query_row(params_from_iter(&values), |row| row.get(0))?
        };
        let took = meter.cost();
        let counted = u64::try_from(counted).unwrap_or(0);
        let records = activities.iter().map(|record| Ok(record.get().to_owned()));
        let alerts = alerts.iter().map(serde_json::to_string);
        Ok((
            Answer {
                records: records.chain(alerts).collect::<Result<_, _>>()?,
                total: counted.min(COUNTED),
                more: counted > COUNTED,
            },
            took,
        ))
    }
}
