//! The schema and its versions.
//!
//! One text serves both databases: `{text}` compares bytewise, `{blob}` holds
//! bytes, truth values are 0 and 1, times are Unix milliseconds. Every table is
//! declared one of three classes, and a test holds each to its class's rules.

mod address_keys;

use super::database::{Dialect, Session, params};
use super::error::StoreError;
use casbah_model::time::Timestamp;

/// The versions, oldest first; each is applied once, in its own transaction.
const VERSIONS: &[&str] = &[
    include_str!("0001_first.sql"),
    include_str!("0002_people.sql"),
    include_str!("0003_second_factors.sql"),
    include_str!("0004_device_codes.sql"),
    include_str!("0005_refresh_generations.sql"),
    include_str!("0006_identity_provider.sql"),
    include_str!("0007_ip_range_tags.sql"),
    include_str!("0008_api_tokens.sql"),
    include_str!("0009_recovery_codes.sql"),
    include_str!("0010_sign_in_age.sql"),
    include_str!("0011_changes.sql"),
    include_str!("0012_migration.sql"),
    include_str!("0013_ip_range_enrichment.sql"),
    include_str!("0014_alert_history.sql"),
    include_str!("0015_groups.sql"),
    include_str!("0016_policies.sql"),
    include_str!("0017_activity_ip.sql"),
    include_str!("0018_exports.sql"),
    include_str!("0019_activity_actor.sql"),
];

/// The version whose new column the program fills.
const ADDRESS_KEYS: i64 = 13;

/// What a table is to a database of many nodes (Citus).
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// `tenant_id` leads the primary key and every index.
    Distributed,
    /// Few rows, looked up without a tenant, on every node.
    Reference,
    /// On the coordinator alone.
    Local,
}

/// The tables that are not distributed.
#[cfg(test)]
const OTHER_CLASSES: &[(&str, Class)] = &[
    ("tenant", Class::Reference),
    ("tenant_domain", Class::Reference),
    ("application_home", Class::Reference),
    ("passkey_home", Class::Reference),
    ("signing_key", Class::Reference),
    ("data_key", Class::Reference),
    ("pepper", Class::Reference),
    ("audit_key", Class::Reference),
    ("device_code", Class::Reference),
    ("schema_version", Class::Local),
    ("migration", Class::Local),
];

/// Brings the schema up to date; refuses one that is newer than this program.
pub(crate) fn migrate(session: &mut Session<'_>, dialect: Dialect) -> Result<(), StoreError> {
    session.script(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY,
         applied BIGINT NOT NULL)",
    )?;
    let found = session.number("SELECT MAX(version) FROM schema_version", params![])?;
    let known = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, text) in (1_i64..)
        .zip(VERSIONS)
        .filter(|(version, _)| *version > found)
    {
        session.script(&in_dialect(text, dialect))?;
        if version == ADDRESS_KEYS {
            address_keys::fill(session)?;
        }
        session.execute(
            "INSERT INTO schema_version (version, applied) VALUES (?1, ?2)",
            params![version, Timestamp::now()],
        )?;
    }
    if found < known && dialect == Dialect::Sqlite {
        session.script(include_str!("sqlite_statistics.sql"))?;
    }
    Ok(())
}

/// Whether a store was ever opened here.
pub(crate) fn exists(session: &mut Session<'_>, dialect: Dialect) -> Result<bool, StoreError> {
    let found = session.number(
        match dialect {
            Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_version'",
            Dialect::Postgres => "SELECT COUNT(to_regclass('schema_version'))",
        },
        params![],
    )?;
    Ok(found > 0)
}

fn in_dialect(text: &str, dialect: Dialect) -> String {
    let (blob, collated, without_rowid) = match dialect {
        Dialect::Sqlite => ("BLOB", "TEXT", "WITHOUT ROWID"),
        Dialect::Postgres => ("BYTEA", "TEXT COLLATE \"C\"", ""),
    };
    text.replace("{blob}", blob)
        .replace("{text}", collated)
        .replace("{without_rowid}", without_rowid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(table: &str) -> Class {
        OTHER_CLASSES
            .iter()
            .find(|(name, _)| *name == table)
            .map_or(Class::Distributed, |(_, class)| *class)
    }

    fn connection() -> rusqlite::Connection {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        migrate(&mut Session::sqlite(&connection), Dialect::Sqlite).unwrap();
        connection
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let connection = connection();
        migrate(&mut Session::sqlite(&connection), Dialect::Sqlite).unwrap();
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let connection = connection();
        connection
            .execute("INSERT INTO schema_version VALUES (99, 0)", [])
            .unwrap();
        let error = migrate(&mut Session::sqlite(&connection), Dialect::Sqlite).unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }));
    }

    #[test]
    fn every_table_keeps_the_rules_of_its_class() {
        let connection = connection();
        let list = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement
                .query_map([], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect()
        };
        let tables = list(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        );
        assert!(tables.len() > 20, "{tables:?}");
        for (table, _) in OTHER_CLASSES {
            assert!(
                tables.iter().any(|name| name == table),
                "{table} is declared, but not there"
            );
        }
        for table in &tables {
            if class_of(table) != Class::Distributed {
                continue;
            }
            let key = list(&format!(
                "SELECT name FROM pragma_table_info('{table}') WHERE pk = 1"
            ));
            assert_eq!(key, ["tenant_id"], "the primary key of {table}");
            for index in list(&format!("SELECT name FROM pragma_index_list('{table}')")) {
                let first = list(&format!(
                    "SELECT name FROM pragma_index_info('{index}') WHERE seqno = 0"
                ));
                assert_eq!(first, ["tenant_id"], "the index {index} of {table}");
            }
        }
    }

    #[test]
    fn sign_ins_outlive_the_change_to_generations() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for text in &VERSIONS[..4] {
            connection
                .execute_batch(&in_dialect(text, Dialect::Sqlite))
                .unwrap();
        }
        for (hash, used) in [("1", "7"), ("2", "NULL")] {
            connection
                .execute_batch(&format!(
                    "INSERT INTO refresh_token (tenant_id, hash, family, client, platform, user_id,
                        scopes, auth_time, created, expires, used)
                     VALUES (x'00', x'0{hash}', x'00', x'00', 'web', x'00', '', 0, 0, 9, {used})"
                ))
                .unwrap();
        }
        connection
            .execute_batch(&in_dialect(VERSIONS[4], Dialect::Sqlite))
            .unwrap();
        let newest: Vec<u8> = connection
            .query_row(
                "SELECT hash FROM refresh_token ORDER BY generation DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(newest, [2], "the one that was not used");
    }

    #[test]
    fn activities_from_before_get_the_keys_of_their_addresses() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        migrate_to(&connection, 10);
        connection
            .execute_batch(
                "INSERT INTO tenant (id, display_name, default_domain, is_home, members_register,
                    auth_epoch, created)
                 VALUES (zeroblob(16), '', '', 1, 0, 0, 0)",
            )
            .unwrap();
        for (number, ip) in [(1, "'10.0.0.1'"), (2, "'2001:db8::1'"), (3, "NULL")] {
            connection
                .execute_batch(&format!(
                    "INSERT INTO activity VALUES (zeroblob(16), {number}, x'00', 0, 1, 0, 2, '', '',
                        '', NULL, NULL, NULL, {ip}, 0, NULL, NULL, '', NULL, 0, 0, '', '', '', '', 0)"
                ))
                .unwrap();
        }
        migrate(&mut Session::sqlite(&connection), Dialect::Sqlite).unwrap();
        let mut keys = connection
            .prepare("SELECT hex(ip_key) FROM activity ORDER BY timestamp")
            .unwrap();
        let keys = keys.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let keys: Vec<_> = keys.map(Result::unwrap).collect();
        let mapped = "00000000000000000000FFFF0A000001";
        assert_eq!(keys, [mapped, "20010DB8000000000000000000000001", ""]);
    }

    /// A database as an older program left it.
    fn migrate_to(connection: &rusqlite::Connection, version: usize) {
        connection
            .execute_batch(
                "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY,
                    applied BIGINT NOT NULL)",
            )
            .unwrap();
        for (number, text) in (1_i64..).zip(&VERSIONS[..version]) {
            connection
                .execute_batch(&in_dialect(text, Dialect::Sqlite))
                .unwrap();
            connection
                .execute("INSERT INTO schema_version VALUES (?1, 0)", [number])
                .unwrap();
        }
    }

    #[test]
    fn activities_have_at_most_five_indexes() {
        let indexes: i64 = connection()
            .query_row(
                "SELECT COUNT(*) FROM pragma_index_list('activity')",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert!(indexes <= 5);
    }
}
