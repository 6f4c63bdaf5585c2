//! A connection in use by one call.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use casbah_model::audit::AuditSealer;
use casbah_model::ids::TenantId;
use futures_util::TryStreamExt as _;
use rusqlite::types::{Value as SqliteValue, ValueRef};
use sea_query::{
    Expr, Func, PostgresQueryBuilder, Query, QueryStatementWriter, SelectStatement,
    SqliteQueryBuilder, Value,
};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{
    Arguments, AssertSqlSafe, Column, Executor, PgConnection, Row as _, TypeInfo, ValueRef as _,
};
use tokio::runtime::Handle;

use super::row::{Cell, Row};
use super::sqlite::Limits;
use crate::error::StoreError;

/// Which database's SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A connection in use by one call.
pub(crate) struct Session<'a> {
    connection: Connected<'a>,
    /// What the call does to the audit.
    pub(crate) audit: AuditWork,
    /// Whether the call changed something that has a feed.
    pub(crate) has_changes: bool,
}

enum Connected<'a> {
    Sqlite {
        connection: &'a rusqlite::Connection,
        /// None where nothing may be broken off.
        limits: Option<&'a Limits>,
    },
    Postgres {
        connection: &'a mut PgConnection,
        runtime: &'a Handle,
    },
}

/// What one call does to the audit.
#[derive(Default)]
pub(crate) struct AuditWork {
    /// Marks records; none where no key was given to the store.
    pub(crate) sealer: Option<Arc<dyn AuditSealer>>,
    /// Tenants with records that the call left to be linked.
    pub(crate) unlinked: Vec<TenantId>,
}

impl<'a> Session<'a> {
    pub(crate) fn sqlite(connection: &'a rusqlite::Connection) -> Self {
        Self {
            connection: Connected::Sqlite {
                connection,
                limits: None,
            },
            audit: AuditWork::default(),
            has_changes: false,
        }
    }

    pub(super) fn sqlite_reader(connection: &'a rusqlite::Connection, limits: &'a Limits) -> Self {
        Self {
            connection: Connected::Sqlite {
                connection,
                limits: Some(limits),
            },
            audit: AuditWork::default(),
            has_changes: false,
        }
    }

    pub(crate) fn postgres(connection: &'a mut PgConnection, runtime: &'a Handle) -> Self {
        Self {
            connection: Connected::Postgres {
                connection,
                runtime,
            },
            audit: AuditWork::default(),
            has_changes: false,
        }
    }
}

impl Session<'_> {
    /// Runs a statement; returns how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        match &mut self.connection {
            Connected::Sqlite { connection, .. } => {
                let mut statement = connection.prepare_cached(sql)?;
                let parameters = rusqlite::params_from_iter(parameters.iter().map(to_sqlite));
                Ok(statement.execute(parameters)? as u64)
            }
            Connected::Postgres {
                connection,
                runtime,
            } => {
                let query = sqlx::query_with(AssertSqlSafe(numbered(sql)), arguments(parameters)?);
                Ok(runtime.block_on(connection.execute(query))?.rows_affected())
            }
        }
    }

    /// All rows of a query.
    pub(crate) fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, parameters, |row| {
            rows.push(row);
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// Gives the rows of a query one by one, as they come, until `each` breaks off; no
    /// more than one is kept here.
    pub(crate) fn each<E: From<StoreError>>(
        &mut self,
        sql: &str,
        parameters: &[Value],
        mut each: impl FnMut(Row) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match &mut self.connection {
            Connected::Sqlite { connection, .. } => {
                let sqlite = |error: rusqlite::Error| E::from(error.into());
                let mut statement = connection.prepare_cached(sql).map_err(sqlite)?;
                let columns = statement.column_count();
                let parameters = rusqlite::params_from_iter(parameters.iter().map(to_sqlite));
                let mut rows = statement.query(parameters).map_err(sqlite)?;
                while let Some(row) = rows.next().map_err(sqlite)? {
                    let cells = (0..columns).map(|index| Ok(sqlite_cell(row.get_ref(index)?)));
                    let cells = cells.collect::<Result<_, rusqlite::Error>>();
                    if each(Row(cells.map_err(sqlite)?))?.is_break() {
                        break;
                    }
                }
                Ok(())
            }
            Connected::Postgres {
                connection,
                runtime,
            } => {
                let postgres = |error: sqlx::Error| E::from(error.into());
                let query = sqlx::query_with(AssertSqlSafe(numbered(sql)), arguments(parameters)?);
                runtime.block_on(async {
                    let mut rows = connection.fetch(query);
                    while let Some(row) = rows.try_next().await.map_err(postgres)? {
                        if each(postgres_row(&row)?)?.is_break() {
                            break;
                        }
                    }
                    Ok(())
                })
            }
        }
    }

    /// Which database's SQL is spoken.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.connection {
            Connected::Sqlite { .. } => Dialect::Sqlite,
            Connected::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// What a query ends with so that its rows stay as they are until the transaction
    /// ends; SQLite has one writer and needs no such word.
    pub(crate) fn held(&self) -> &'static str {
        match &self.connection {
            Connected::Sqlite { .. } => "",
            Connected::Postgres { .. } => " FOR SHARE",
        }
    }

    /// What a query ends with so that no other transaction has its rows so until this one
    /// ends.
    pub(crate) fn for_update(&self) -> &'static str {
        match &self.connection {
            Connected::Sqlite { .. } => "",
            Connected::Postgres { .. } => " FOR UPDATE",
        }
    }

    /// The first row of a query, if there is one.
    pub(crate) fn row(
        &mut self,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, parameters)?.into_iter().next())
    }

    /// The one number that a query answers.
    pub(crate) fn number(&mut self, sql: &str, parameters: &[Value]) -> Result<i64, StoreError> {
        match self.row(sql, parameters)? {
            Some(mut row) => Ok(row.get::<Option<i64>>(0)?.unwrap_or(0)),
            None => Ok(0),
        }
    }

    /// All rows of a query that was put together at run time.
    pub(crate) fn select(
        &mut self,
        query: &impl QueryStatementWriter,
    ) -> Result<Vec<Row>, StoreError> {
        let (sql, values) = self.build(query);
        self.rows(&sql, &values.0)
    }

    /// The rows of such a query that are found until `end`, and whether they are all.
    ///
    /// Only what reads has an end; in a write they are all.
    pub(crate) fn select_until(
        &mut self,
        query: &SelectStatement,
        end: Instant,
    ) -> Result<(Vec<Row>, bool), StoreError> {
        let (sql, values) = self.build(query);
        self.set_end(Some(end))?;
        let mut rows = Vec::new();
        let read = self.each(&sql, &values.0, |row| {
            rows.push(row);
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        });
        let is_whole = match read {
            Ok(()) => true,
            Err(error) if error.is_broken_off() && !self.is_long() => false,
            Err(error) => return Err(error),
        };
        if let (false, Connected::Postgres { .. }) = (is_whole, &self.connection) {
            self.script("ROLLBACK TO SAVEPOINT until")?;
        }
        self.set_end(None)?;
        Ok((rows, is_whole))
    }

    /// How many rows such a query finds; none if they are not counted until `end`.
    pub(crate) fn count_until(
        &mut self,
        query: &SelectStatement,
        end: Instant,
    ) -> Result<Option<u64>, StoreError> {
        let mut some = query.clone();
        if let Connected::Postgres { .. } = self.connection {
            // Its planner needs no such advice.
            some.clear_order_by();
        }
        let count = Query::select()
            .expr(Func::count(Expr::val(1_i64)))
            .from_subquery(some, "counted")
            .take();
        let (rows, is_whole) = self.select_until(&count, end)?;
        let counted = rows.into_iter().next().filter(|_| is_whole);
        counted.map(|mut row| row.get(0)).transpose()
    }

    fn build(&self, query: &impl QueryStatementWriter) -> (String, sea_query::Values) {
        match &self.connection {
            Connected::Sqlite { .. } => query.build(SqliteQueryBuilder),
            Connected::Postgres { .. } => query.build(PostgresQueryBuilder),
        }
    }

    /// Breaks statements off at `end`. PostgreSQL takes a transaction for failed when one
    /// of its statements was, but for what was before a savepoint.
    fn set_end(&mut self, end: Option<Instant>) -> Result<(), StoreError> {
        match &self.connection {
            Connected::Sqlite { limits, .. } => {
                if let Some(limits) = limits {
                    limits.set_end(end);
                }
                Ok(())
            }
            Connected::Postgres { .. } => match end {
                None => self.script("SET LOCAL statement_timeout = 0"),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now()).as_millis();
                    // 0 would mean no end at all.
                    let left = left.max(1);
                    self.script(&format!(
                        "SAVEPOINT until; SET LOCAL statement_timeout = {left}"
                    ))
                }
            },
        }
    }

    /// Whether the whole call is about to be done again elsewhere.
    fn is_long(&self) -> bool {
        match &self.connection {
            Connected::Sqlite { limits, .. } => limits.is_some_and(Limits::is_long),
            Connected::Postgres { .. } => false,
        }
    }

    /// Runs several statements without parameters.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        match &mut self.connection {
            Connected::Sqlite { connection, .. } => Ok(connection.execute_batch(sql)?),
            Connected::Postgres {
                connection,
                runtime,
            } => {
                runtime.block_on(connection.execute(AssertSqlSafe(sql.to_owned())))?;
                Ok(())
            }
        }
    }
}

/// `?1` becomes `$1`; statements hold no other question mark before a digit.
fn numbered(sql: &str) -> String {
    if !sql.contains('?') {
        return sql.to_owned();
    }
    sql.replace('?', "$")
}

fn to_sqlite(value: &Value) -> SqliteValue {
    match value {
        Value::Bool(value) => value.map_or(SqliteValue::Null, |v| SqliteValue::Integer(v.into())),
        Value::Int(value) => value.map_or(SqliteValue::Null, |v| SqliteValue::Integer(v.into())),
        Value::BigInt(value) => value.map_or(SqliteValue::Null, SqliteValue::Integer),
        Value::BigUnsigned(value) => value.map_or(SqliteValue::Null, |v| {
            SqliteValue::Integer(i64::try_from(v).unwrap_or(i64::MAX))
        }),
        Value::Double(value) => value.map_or(SqliteValue::Null, SqliteValue::Real),
        Value::String(value) => value.clone().map_or(SqliteValue::Null, SqliteValue::Text),
        Value::Bytes(value) => value.clone().map_or(SqliteValue::Null, SqliteValue::Blob),
        // `Param` and the filter compiler make no other kind.
        _ => SqliteValue::Null,
    }
}

fn sqlite_cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(text) => Cell::Text(match String::from_utf8_lossy(text) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        }),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    }
}

fn arguments(values: &[Value]) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value.map(i64::from)),
            Value::Int(value) => arguments.add(value.map(i64::from)),
            Value::BigInt(value) => arguments.add(*value),
            Value::BigUnsigned(value) => {
                arguments.add(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
            }
            Value::Double(value) => arguments.add(*value),
            Value::String(value) => arguments.add(value.clone()),
            Value::Bytes(value) => arguments.add(value.clone()),
            _ => arguments.add(None::<i64>),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres_row(row: &PgRow) -> Result<Row, StoreError> {
    let cell = |index: usize, type_name: &str| -> Result<Cell, StoreError> {
        if row.try_get_raw(index)?.is_null() {
            return Ok(Cell::Null);
        }
        Ok(match type_name {
            "BOOL" => Cell::Int(row.try_get::<bool, _>(index)?.into()),
            "INT2" => Cell::Int(row.try_get::<i16, _>(index)?.into()),
            "INT4" => Cell::Int(row.try_get::<i32, _>(index)?.into()),
            "INT8" => Cell::Int(row.try_get(index)?),
            "FLOAT8" => Cell::Real(row.try_get(index)?),
            "BYTEA" => Cell::Blob(row.try_get(index)?),
            _ => Cell::Text(row.try_get(index)?),
        })
    };
    let columns = row.columns().iter().enumerate();
    Ok(Row(columns
        .map(|(index, column)| cell(index, column.type_info().name()))
        .collect::<Result<_, _>>()?))
}
