//! Databases for unit tests.

use crate::database::DatabaseAddress;

/// An empty PostgreSQL database, where there is a server for tests.
pub(crate) async fn postgres() -> Option<DatabaseAddress> {
    let url = casbah_testing::postgres_database().await?;
    Some(DatabaseAddress::Postgres(url))
}
