//! Databases on PostgreSQL.

use sqlx::Connection;

/// Names the server.
const SERVER: &str = "CASBAH_TEST_POSTGRES";

/// The URL of an empty database on the server that `CASBAH_TEST_POSTGRES` names; without
/// it the test says that it was skipped there.
///
/// # Panics
/// The server cannot be reached.
pub async fn postgres_database() -> Option<String> {
    let Ok(server) = std::env::var(SERVER) else {
        eprintln!("skipped: {SERVER} names no PostgreSQL server");
        return None;
    };
    let name = format!("casbah_test_{}", uuid::Uuid::new_v4().simple());
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    let made = async {
        let mut connection = sqlx::PgConnection::connect(&server).await?;
        sqlx::query(create).execute(&mut connection).await
    };
    if let Err(error) = made.await {
        panic!("no database can be made on {server}: {error}");
    }
    let (base, options) = server.split_once('?').unwrap_or((&server, ""));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    Some(format!("{base}/{name}?{options}"))
}
