//! Databases for unit tests.

use crate::database::DatabaseAddress;

/// An empty PostgreSQL database on the server that `CASBAH_TEST_POSTGRES` names; without
/// it the test says that it was skipped there.
pub(crate) async fn postgres() -> Option<DatabaseAddress> {
    let Ok(server) = std::env::var("CASBAH_TEST_POSTGRES") else {
        eprintln!("skipped: CASBAH_TEST_POSTGRES names no PostgreSQL server");
        return None;
    };
    let name = format!("casbah_test_{}", uuid::Uuid::new_v4().simple());
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&server)
        .await
        .unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    let (base, options) = server.split_once('?').unwrap_or((&server, ""));
    let (base, _) = base.rsplit_once('/').unwrap();
    Some(DatabaseAddress::Postgres(format!(
        "{base}/{name}?{options}"
    )))
}
