use std::collections::BTreeSet;
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::database::Cell;
use crate::testing::postgres;

/// Rows of each table; of `activity` several batches.
const ROWS: i64 = 3;
const ACTIVITIES: i64 = 2_500;

/// A database that nobody has open.
fn sqlite(directory: &TempDir, name: &str) -> DatabaseAddress {
    DatabaseAddress::Sqlite(directory.path().join(name))
}

/// A store with rows in every table, and nulls wherever one may be.
async fn fill(address: &DatabaseAddress) {
    let store = Store::open(address).await.unwrap();
    let tables = tables().unwrap();
    let write = store.database.write(Change::Any, move |session| {
        for table in &tables {
            let rows = match table.name.as_str() {
                "activity" => ACTIVITIES,
                _ => ROWS,
            };
            let nullable = nullable(&table.name);
            for row in 0..rows {
                let row = sample(table, &nullable, row);
                table.insert(session, &row).unwrap();
            }
        }
        session.execute("UPDATE tenant SET is_home = 1 WHERE created = 1", params![])?;
        Ok(())
    });
    write.await.unwrap();
}

/// A row unlike all others; every third has the nulls, another a large value.
fn sample(table: &Table, nullable: &BTreeSet<String>, row: i64) -> table::Batch {
    let cells = table.columns().map(|(name, kind)| match kind {
        _ if row % 3 == 0 && nullable.contains(name) => Cell::Null,
        table::Kind::Integer if name == "is_home" => Cell::Int(0),
        table::Kind::Integer if name == "created" && table.name == "tenant" => Cell::Int(row),
        table::Kind::Integer => Cell::Int(if row % 2 == 0 { row } else { i64::MIN + row }),
        table::Kind::Text => Cell::Text(format!("Ü{row}'\n\"%")),
        table::Kind::Bytes if name == "record" && table.name == "activity_raw" => {
            Cell::Blob(vec![7; 3 << 20])
        }
        table::Kind::Bytes => {
            let mut bytes = vec![0xff; 16];
            bytes[..8].copy_from_slice(&(row * 0x0101_0101_0101).to_le_bytes());
            Cell::Blob(bytes)
        }
    });
    table::Batch::of_one(cells.collect())
}

fn nullable(table: &str) -> BTreeSet<String> {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let session = &mut Session::sqlite(&connection);
    schema::migrate(session, Dialect::Sqlite).unwrap();
    let names = session.rows(
        "SELECT name FROM pragma_table_info(?1) WHERE \"notnull\" = 0",
        params![table],
    );
    let names = names.unwrap().into_iter();
    names.map(|mut row| row.get(0).unwrap()).collect()
}

/// The tables that the database itself says it has.
async fn catalogue(store: &Store) -> BTreeSet<String> {
    let dialect = store.database.dialect();
    let sql = match dialect {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables
             WHERE table_schema = current_schema()"
        }
    };
    let names = store.read(move |session| session.rows(sql, params![]));
    let names = names.await.unwrap().into_iter();
    names.map(|mut row| row.get(0).unwrap()).collect()
}

async fn open(
    from: &DatabaseAddress,
    to: &DatabaseAddress,
    resume: bool,
) -> Result<Migration, MigrateError> {
    Installation::open(from).await?.migrate_to(to, resume).await
}

async fn moved(from: &DatabaseAddress, to: &DatabaseAddress, resume: bool) -> Moved {
    let migration = open(from, to, resume).await.unwrap();
    let told = Mutex::new(0);
    migration
        .copy(|step| *told.lock().unwrap() += step.rows)
        .await
        .unwrap();
    assert_eq!(told.into_inner().unwrap(), migration.source.rows);
    migration.check(|_| {}).await.unwrap()
}

fn record() -> AuditRecord {
    AuditRecord::new("operator", "installation.migrate", &"home")
}

async fn finished(from: &DatabaseAddress, to: &DatabaseAddress) {
    let moved = moved(from, to, false).await;
    assert!(moved.is_same());
    let all = catalogue(moved.target()).await;
    let mut named: BTreeSet<_> = table::NOT_MOVED.iter().map(ToString::to_string).collect();
    for table in &moved.tables {
        assert!(table.target.rows >= ROWS as u64, "{}", table.table);
        named.insert(table.table.clone());
    }
    assert_eq!(all, named, "a table is forgotten");
    assert!(matches!(
        Store::open(to).await,
        Err(StoreError::InUse(_) | StoreError::Migrating)
    ));
    moved.finish(record()).await.unwrap();
    let store = Store::open(to).await.unwrap();
    let records = store.read(|session| {
        session.number(
            "SELECT COUNT(*) FROM audit_record WHERE action = 'installation.migrate'",
            params![],
        )
    });
    assert!(records.await.unwrap() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_moved_whichever_way() {
    let directory = tempfile::tempdir().unwrap();
    let (first, last) = (sqlite(&directory, "first"), sqlite(&directory, "last"));
    fill(&first).await;
    finished(&first, &last).await;
    if let (Some(one), Some(two)) = (postgres().await, postgres().await) {
        finished(&first, &one).await;
        finished(&one, &two).await;
        finished(&two, &sqlite(&directory, "back")).await;
    }
}

/// Begins a migration and leaves it with some tables copied and one in its middle.
async fn cut_off(from: &DatabaseAddress, to: &DatabaseAddress) {
    let migration = open(from, to, false).await.unwrap();
    let copy =
        migration.copy(|step| assert!(step.table != "activity" || step.rows == 0, "cut off"));
    let copied = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(copy)).await;
    assert!(copied.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_cut_off_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let first = sqlite(&directory, "first");
    fill(&first).await;
    let mut targets = vec![sqlite(&directory, "second")];
    targets.extend(postgres().await);
    for target in &targets {
        cut_off(&first, target).await;
        let refused = Store::open(target).await.err();
        assert!(
            matches!(refused, Some(StoreError::HalfMigrated)),
            "{refused:?}"
        );
        let again = open(&first, target, false).await.err();
        assert!(matches!(again, Some(MigrateError::Unfinished)), "{again:?}");
        let onwards = open(target, &sqlite(&directory, "third"), false).await;
        assert!(matches!(
            onwards.err(),
            Some(MigrateError::SourceUnfinished)
        ));
        let other = sqlite(&directory, "other");
        if !directory.path().join("other").exists() {
            fill(&other).await;
            let store = Store::open(&other).await.unwrap();
            let write = store.write(|session| {
                session.execute(
                    "UPDATE tenant SET is_home = 1 - is_home WHERE created < 2",
                    &[],
                )
            });
            write.await.unwrap();
        }
        let other = open(&other, target, true).await.err();
        assert!(
            matches!(other, Some(MigrateError::OtherSource)),
            "{other:?}"
        );

        let moved = moved(&first, target, true).await;
        assert!(moved.is_same());
        moved.finish(record()).await.unwrap();
        Store::open(target).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_seen_and_nothing_starts_with_it() {
    let changes = [
        "UPDATE activity SET words = words || 'x' WHERE timestamp = 2",
        "UPDATE passkey SET last_used = NULL WHERE last_used IS NOT NULL",
        "DELETE FROM refresh_token WHERE created = 2",
    ];
    let directory = tempfile::tempdir().unwrap();
    let first = sqlite(&directory, "first");
    fill(&first).await;
    for (number, change) in changes.iter().enumerate() {
        let target = sqlite(&directory, &number.to_string());
        let migration = open(&first, &target, false).await.unwrap();
        migration.copy(|_| {}).await.unwrap();
        let spoil = migration
            .target
            .write(|session| session.execute(change, &[]));
        assert_ne!(spoil.await.unwrap(), 0, "{change}");
        let moved = migration.check(|_| {}).await.unwrap();
        let differing = moved.tables.iter().filter(|table| !table.is_same());
        assert_eq!(differing.count(), 1, "{change}");
        let refused = moved.finish(record()).await;
        assert!(matches!(refused, Err(MigrateError::Differs)));
        let refused = Store::open(&target).await.err();
        assert!(matches!(refused, Some(StoreError::HalfMigrated)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_there_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(&directory, "first"), sqlite(&directory, "second"));
    let missing = open(&first, &second, false).await.err();
    assert!(matches!(missing, Some(MigrateError::NoInstallation)));
    assert!(!directory.path().join("first").exists());
    drop(Store::open(&first).await.unwrap());
    let empty = open(&first, &second, false).await.err();
    assert!(
        matches!(empty, Some(MigrateError::NoInstallation)),
        "{empty:?}"
    );

    let mut targets = vec![sqlite(&directory, "third")];
    targets.extend(postgres().await);
    fill(&second).await;
    for target in targets {
        fill(&target).await;
        for resume in [false, true] {
            let full = open(&second, &target, resume).await.err();
            assert!(matches!(full, Some(MigrateError::NotEmpty(_))), "{full:?}");
        }
        let itself = open(&target, &target, false).await.err();
        assert!(
            matches!(
                itself,
                Some(MigrateError::Open {
                    side: Side::Target,
                    ..
                })
            ),
            "{itself:?}"
        );
        let node = Store::open(&target).await.unwrap();
        let busy = open(&target, &sqlite(&directory, "fourth"), false).await;
        assert!(matches!(
            busy.err(),
            Some(MigrateError::Open {
                side: Side::Source,
                ..
            })
        ),);
        drop(node);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_a_wrong_kind_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(&directory, "first"), sqlite(&directory, "second"));
    fill(&first).await;
    let store = Store::open(&first).await.unwrap();
    let spoil = store
        .write(|session| session.execute("UPDATE passkey SET name = x'00' WHERE created = 2", &[]));
    spoil.await.unwrap();
    drop(store);
    let migration = open(&first, &second, false).await.unwrap();
    let error = migration.copy(|_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the column name of the table passkey does not hold text"
    );
}
