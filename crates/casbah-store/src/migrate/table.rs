//! Tables as a migration sees them: columns of three kinds, rows in the order of the
//! primary key.

use std::ops::ControlFlow;

use aws_lc_rs::digest::{Context, SHA256};
use sea_query::Value;

use super::MigrateError;
use crate::StoreError;
use crate::database::{Cell, Dialect, Row, Session, params};
use crate::schema;

/// What is of one database alone.
pub(super) const NOT_MOVED: &[&str] = &["migration", "schema_version"];

/// How many values one statement brings. SQLite takes 32,766, PostgreSQL 65,535.
const VALUES: usize = 4_000;

/// The most rows of a batch.
pub(super) const MOST_ROWS: u64 = 2_048;

/// Bytes after which a batch is full.
const FULL: usize = 4 << 20;

/// Rows between two words of progress.
const TOLD: u64 = 1_024;

/// What a column holds, if it holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Text,
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: Kind,
}

/// A table of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<Column>,
    /// The places of the primary key's columns, in the key's order.
    key: Vec<usize>,
}

/// Rows that follow each other.
pub(super) struct Batch {
    /// All their values, row after row.
    cells: Vec<Cell>,
    /// How many rows they are.
    pub(super) rows: u64,
    /// Whether more bytes were not wanted.
    pub(super) is_full: bool,
    /// The last row's key.
    pub(super) last: Option<Vec<Cell>>,
}

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all values in the order of the primary key, each with its kind and
    /// its length before it.
    pub sha256: [u8; 32],
}

/// All tables of the schema that are moved, by name. They are read off an empty database,
/// so that none can be forgotten.
pub(super) fn tables() -> Result<Vec<Table>, MigrateError> {
    let connection = rusqlite::Connection::open_in_memory().map_err(StoreError::from)?;
    let session = &mut Session::sqlite(&connection);
    schema::migrate(session, Dialect::Sqlite)?;
    let names = session.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'
         ORDER BY name",
        params![],
    )?;
    let mut tables = Vec::new();
    for mut row in names {
        let name: String = row.get(0)?;
        if !NOT_MOVED.contains(&name.as_str()) {
            tables.push(table(session, name)?);
        }
    }
    Ok(tables)
}

fn table(session: &mut Session<'_>, name: String) -> Result<Table, MigrateError> {
    let described = session.rows(
        "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid",
        params![&name],
    )?;
    let mut columns = Vec::new();
    let mut key = Vec::new();
    for mut row in described {
        let (column, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let kind = match kind.as_str() {
            "BIGINT" => Kind::Integer,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Bytes,
            _ => {
                return Err(MigrateError::Value {
                    table: name,
                    column,
                    expected: "a kind of value that both databases have",
                });
            }
        };
        let place: i64 = row.get(2)?;
        if place > 0 {
            key.push((place, columns.len()));
        }
        columns.push(Column { name: column, kind });
    }
    key.sort_unstable();
    Ok(Table {
        name,
        columns,
        key: key.into_iter().map(|(_, column)| column).collect(),
    })
}

impl Table {
    /// How many rows there are.
    pub(super) fn count(&self, session: &mut Session<'_>) -> Result<u64, StoreError> {
        let count = session.number(&format!("SELECT COUNT(*) FROM {}", self.name), params![])?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Whether there is no row.
    pub(super) fn is_empty(&self, session: &mut Session<'_>) -> Result<bool, StoreError> {
        let any = format!("SELECT 1 FROM {} LIMIT 1", self.name);
        Ok(session.row(&any, params![])?.is_none())
    }

    /// The key of the last row.
    pub(super) fn last_key(
        &self,
        session: &mut Session<'_>,
    ) -> Result<Option<Vec<Cell>>, MigrateError> {
        let backwards: Vec<_> = self.key_names().map(|name| name + " DESC").collect();
        let sql = format!(
            "{} ORDER BY {} LIMIT 1",
            self.select(),
            backwards.join(", ")
        );
        let Some(row) = session.row(&sql, params![])? else {
            return Ok(None);
        };
        Ok(Some(self.key_of(&self.cells(row)?)))
    }

    /// At most `limit` rows after the one with this key, or from the first.
    pub(super) fn batch(
        &self,
        session: &mut Session<'_>,
        after: Option<&[Cell]>,
        limit: u64,
    ) -> Result<Batch, MigrateError> {
        let names = self.key_names().collect::<Vec<_>>().join(", ");
        let after = after.unwrap_or_default().iter().zip(&self.key);
        let after = after.map(|(cell, place)| value(cell, self.columns[*place].kind));
        let after: Vec<_> = after.collect();
        let condition = if after.is_empty() {
            String::new()
        } else {
            format!(" WHERE ({names}) > {}", places(1, after.len()))
        };
        let sql = format!(
            "{}{condition} ORDER BY {names} LIMIT {limit}",
            self.select()
        );
        let mut batch = Batch {
            cells: Vec::new(),
            rows: 0,
            is_full: false,
            last: None,
        };
        let mut bytes = 0;
        session.each(&sql, &after, |row| {
            let cells = self.cells(row)?;
            bytes += cells.iter().map(size).sum::<usize>();
            batch.last = Some(self.key_of(&cells));
            batch.cells.extend(cells);
            batch.rows += 1;
            batch.is_full = bytes >= FULL;
            Ok::<_, MigrateError>(if batch.is_full {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(batch)
    }

    /// Writes rows that are not there yet.
    pub(super) fn insert(
        &self,
        session: &mut Session<'_>,
        batch: &Batch,
    ) -> Result<(), StoreError> {
        let width = self.columns.len();
        let names: Vec<_> = self
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        let into = format!("INSERT INTO {} ({}) VALUES ", self.name, names.join(", "));
        for cells in batch.cells.chunks((VALUES / width).max(1) * width) {
            let rows = (0..cells.len() / width).map(|row| places(row * width + 1, width));
            let rows: Vec<_> = rows.collect();
            let values = cells.iter().zip(self.columns.iter().cycle());
            let values: Vec<_> = values
                .map(|(cell, column)| value(cell, column.kind))
                .collect();
            session.execute(&format!("{into}{}", rows.join(", ")), &values)?;
        }
        Ok(())
    }

    /// What the table holds; `progress` is told of rows as they are read.
    pub(super) fn content(
        &self,
        session: &mut Session<'_>,
        progress: impl Fn(u64),
    ) -> Result<Content, MigrateError> {
        let names = self.key_names().collect::<Vec<_>>().join(", ");
        let sql = format!("{} ORDER BY {names}", self.select());
        let mut digest = Context::new(&SHA256);
        let mut rows = 0;
        session.each(&sql, params![], |row| {
            for cell in self.cells(row)? {
                add(&mut digest, &cell);
            }
            rows += 1;
            if rows % TOLD == 0 {
                progress(TOLD);
            }
            Ok::<_, MigrateError>(ControlFlow::Continue(()))
        })?;
        progress(rows % TOLD);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.finish().as_ref());
        Ok(Content { rows, sha256 })
    }

    fn select(&self) -> String {
        let names: Vec<_> = self
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        format!("SELECT {} FROM {}", names.join(", "), self.name)
    }

    fn key_names(&self) -> impl Iterator<Item = String> {
        self.key
            .iter()
            .map(|place| quoted(&self.columns[*place].name))
    }

    fn key_of(&self, cells: &[Cell]) -> Vec<Cell> {
        self.key.iter().map(|place| cells[*place].clone()).collect()
    }

    /// A row's values, each of the kind that its column promises: SQLite itself does not
    /// hold it to that.
    fn cells(&self, row: Row) -> Result<Vec<Cell>, MigrateError> {
        let cells = row.into_cells();
        for (cell, column) in cells.iter().zip(&self.columns) {
            let expected = match (column.kind, cell) {
                (_, Cell::Null)
                | (Kind::Integer, Cell::Int(_))
                | (Kind::Text, Cell::Text(_))
                | (Kind::Bytes, Cell::Blob(_)) => continue,
                (Kind::Integer, _) => "an integer",
                (Kind::Text, _) => "text",
                (Kind::Bytes, _) => "bytes",
            };
            return Err(MigrateError::Value {
                table: self.name.clone(),
                column: column.name.clone(),
                expected,
            });
        }
        Ok(cells)
    }
}

/// Names such as `timestamp` and `count` are words of SQL, too.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Places for so many parameters, in parentheses.
fn places(first: usize, count: usize) -> String {
    let places: Vec<_> = (first..first + count)
        .map(|place| format!("?{place}"))
        .collect();
    format!("({})", places.join(", "))
}

/// PostgreSQL wants to know of what kind nothing is.
fn value(cell: &Cell, kind: Kind) -> Value {
    match cell {
        Cell::Int(number) => Value::BigInt(Some(*number)),
        Cell::Real(number) => Value::Double(Some(*number)),
        Cell::Text(text) => Value::String(Some(text.clone())),
        Cell::Blob(bytes) => Value::Bytes(Some(bytes.clone())),
        Cell::Null => match kind {
            Kind::Integer => Value::BigInt(None),
            Kind::Text => Value::String(None),
            Kind::Bytes => Value::Bytes(None),
        },
    }
}

fn size(cell: &Cell) -> usize {
    size_of::<Cell>()
        + match cell {
            Cell::Text(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
            Cell::Null | Cell::Int(_) | Cell::Real(_) => 0,
        }
}

/// No two rows have the same bytes here: each value says what it is and how long.
fn add(digest: &mut Context, cell: &Cell) {
    let mut add = |kind: &[u8], bytes: &[u8]| {
        digest.update(kind);
        digest.update(&(bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    match cell {
        Cell::Null => add(b"n", &[]),
        Cell::Int(number) => add(b"i", &number.to_be_bytes()),
        Cell::Real(number) => add(b"r", &number.to_be_bytes()),
        Cell::Text(text) => add(b"t", text.as_bytes()),
        Cell::Blob(bytes) => add(b"b", bytes),
    }
}

#[cfg(test)]
impl Table {
    /// The columns' names and kinds.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, Kind)> {
        let columns = self.columns.iter();
        columns.map(|column| (column.name.as_str(), column.kind))
    }
}

#[cfg(test)]
impl Batch {
    /// One row.
    pub(super) fn of_one(cells: Vec<Cell>) -> Self {
        Self {
            cells,
            rows: 1,
            is_full: false,
            last: None,
        }
    }
}
