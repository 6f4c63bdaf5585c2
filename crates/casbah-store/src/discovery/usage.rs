//! Usage by day: every log adds to the rows that are there.

use casbah_model::discovery::Totals;
use casbah_model::ids::{RecordId, TenantId};
use sea_query::Value;

use super::UsageRows;
use crate::StoreError;
use crate::database::{Session, params};

/// What an addition does to a row that is there.
macro_rules! sums {
    ($table:literal) => {
        concat!(
            " DO UPDATE SET transactions = ",
            $table,
            ".transactions + excluded.transactions,
              blocked = ",
            $table,
            ".blocked + excluded.blocked,
              bytes_up = ",
            $table,
            ".bytes_up + excluded.bytes_up,
              bytes_down = ",
            $table,
            ".bytes_down + excluded.bytes_down,
              first_seen = CASE WHEN excluded.first_seen < ",
            $table,
            ".first_seen
                  THEN excluded.first_seen ELSE ",
            $table,
            ".first_seen END,
              last_seen = CASE WHEN excluded.last_seen > ",
            $table,
            ".last_seen
                  THEN excluded.last_seen ELSE ",
            $table,
            ".last_seen END"
        )
    };
}

/// Adds a log's usage to a stream.
pub(super) fn add(
    session: &mut Session<'_>,
    tenant: TenantId,
    stream: RecordId,
    rows: &UsageRows,
) -> Result<(), StoreError> {
    for row in &rows.apps {
        let key = params![tenant, stream, row.day.0, row.app.0];
        session.execute(
            concat!(
                "INSERT INTO app_day (tenant_id, stream_id, day, app_id, transactions, blocked,
                    bytes_up, bytes_down, first_seen, last_seen)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (tenant_id, stream_id, day, app_id)",
                sums!("app_day")
            ),
            &with_totals(key, &row.totals),
        )?;
    }
    for row in &rows.users {
        let key = params![
            tenant,
            stream,
            row.day.0,
            row.app.0,
            &row.user,
            &row.display
        ];
        session.execute(
            concat!(
                "INSERT INTO user_day (tenant_id, stream_id, day, app_id, user_key, display,
                    transactions, blocked, bytes_up, bytes_down, first_seen, last_seen)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (tenant_id, stream_id, day, app_id, user_key)",
                sums!("user_day")
            ),
            &with_totals(key, &row.totals),
        )?;
    }
    for row in &rows.addresses {
        let key = params![tenant, stream, row.day.0, row.app.0, &row.address];
        session.execute(
            concat!(
                "INSERT INTO address_day (tenant_id, stream_id, day, app_id, address,
                    transactions, blocked, bytes_up, bytes_down, first_seen, last_seen)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (tenant_id, stream_id, day, app_id, address)",
                sums!("address_day")
            ),
            &with_totals(key, &row.totals),
        )?;
    }
    Ok(())
}

fn with_totals(key: &[Value], totals: &Totals) -> Vec<Value> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let numbers = [
        count(totals.transactions),
        count(totals.blocked),
        count(totals.bytes_up),
        count(totals.bytes_down),
        totals.first_seen,
        totals.last_seen,
    ];
    key.iter()
        .cloned()
        .chain(numbers.into_iter().map(Value::from))
        .collect()
}
