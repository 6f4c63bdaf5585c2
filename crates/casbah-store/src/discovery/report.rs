//! What reports say: apps and their users over some days.

use std::collections::BTreeMap;

use casbah_model::discovery::{AppUsage, DiscoveredAppId, EpochDay, Totals};
use casbah_model::ids::{RecordId, TenantId};

use super::tags;
use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

/// The stream that stands for all continuous reports together.
pub const GLOBAL_VIEW: RecordId = RecordId::from_bytes([0; 12]);

/// What a user did with an app over some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserUsage {
    /// The user, as counted.
    pub user: String,
    /// The user, as the log wrote it.
    pub display: String,
    /// The traffic.
    pub totals: Totals,
}

/// Which rows a report is made of. The same text serves every table of usage.
const OF_STREAM: &str = "tenant_id = ?1 AND day >= ?2
    AND stream_id IN (SELECT id FROM discovery_stream WHERE tenant_id = ?1
        AND ((?3 = 1 AND snapshot = 0) OR id = ?4))";

const SUMS: &str = "CAST(SUM(transactions) AS BIGINT), CAST(SUM(blocked) AS BIGINT),
    CAST(SUM(bytes_up) AS BIGINT), CAST(SUM(bytes_down) AS BIGINT), MIN(first_seen),
    MAX(last_seen)";

impl Store {
    /// The apps of a report since a day; users and addresses are counted exactly.
    pub async fn app_usage(
        &self,
        tenant: TenantId,
        stream: RecordId,
        since: EpochDay,
    ) -> Result<Vec<AppUsage>, StoreError> {
        self.read(move |session| {
            let scope = params![tenant, since.0, stream == GLOBAL_VIEW, stream];
            let rows = session.rows(
                &format!("SELECT app_id, {SUMS} FROM app_day WHERE {OF_STREAM} GROUP BY app_id"),
                scope,
            )?;
            let users = distinct(session, "user_day", "user_key", scope)?;
            let addresses = distinct(session, "address_day", "address", scope)?;
            let tags = tags::of_all(session, tenant)?;
            let read = |mut row: Row| {
                let app: i32 = row.get(0)?;
                Ok(AppUsage {
                    app: DiscoveredAppId(app),
                    totals: read_totals(&mut row, 1)?,
                    users: users.get(&app).copied().unwrap_or(0),
                    addresses: addresses.get(&app).copied().unwrap_or(0),
                    tags: tags.get(&app).cloned().unwrap_or_default(),
                })
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// The users of an app in a report since a day, the latest first.
    pub async fn app_users(
        &self,
        tenant: TenantId,
        stream: RecordId,
        app: DiscoveredAppId,
        since: EpochDay,
    ) -> Result<Vec<UserUsage>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                &format!(
                    "SELECT user_key, MAX(display), {SUMS} FROM user_day
                     WHERE {OF_STREAM} AND app_id = ?5
                     GROUP BY user_key ORDER BY MAX(last_seen) DESC, user_key"
                ),
                params![tenant, since.0, stream == GLOBAL_VIEW, stream, app.0],
            )?;
            let read = |mut row: Row| {
                Ok(UserUsage {
                    user: row.get(0)?,
                    display: row.get(1)?,
                    totals: read_totals(&mut row, 2)?,
                })
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// The apps that a user has in a report since a day.
    pub async fn apps_of_user(
        &self,
        tenant: TenantId,
        stream: RecordId,
        user: String,
        since: EpochDay,
    ) -> Result<Vec<DiscoveredAppId>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                &format!(
                    "SELECT DISTINCT app_id FROM user_day WHERE {OF_STREAM} AND user_key = ?5"
                ),
                params![tenant, since.0, stream == GLOBAL_VIEW, stream, &user],
            )?;
            rows.into_iter()
                .map(|mut row| row.get(0).map(DiscoveredAppId))
                .collect()
        })
        .await
    }
}

fn distinct(
    session: &mut Session<'_>,
    table: &str,
    column: &str,
    scope: &[sea_query::Value],
) -> Result<BTreeMap<i32, u64>, StoreError> {
    let rows = session.rows(
        &format!(
            "SELECT app_id, COUNT(DISTINCT {column}) FROM {table} WHERE {OF_STREAM} GROUP BY app_id"
        ),
        scope,
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

fn read_totals(row: &mut Row, first: usize) -> Result<Totals, StoreError> {
    Ok(Totals {
        transactions: row.get(first)?,
        blocked: row.get(first + 1)?,
        bytes_up: row.get(first + 2)?,
        bytes_down: row.get(first + 3)?,
        first_seen: row.get(first + 4)?,
        last_seen: row.get(first + 5)?,
    })
}
