//! The store on both databases: the same tests, the same answers.
//!
//! PostgreSQL is the server that `CASBAH_TEST_POSTGRES` names; without it its half
//! of each test says that it was skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod activities;
mod alerts;
mod audit;
mod changes;
mod consent;
mod detector;
mod devices;
mod directory;
mod directory_changes;
mod discovery;
mod entities;
mod exports;
mod filters;
mod identity_providers;
mod ip_ranges;
mod keys;
mod owners;
mod people;
mod persons;
mod recovery_codes;
mod samples;
mod sign_in;
mod walks;

use casbah_store::{DatabaseAddress, Store};

/// A store on an empty database, and what must live as long as it.
struct TestStore {
    store: Store,
    _directory: Option<tempfile::TempDir>,
}

async fn sqlite() -> TestStore {
    let directory = tempfile::tempdir().unwrap();
    let address = DatabaseAddress::Sqlite(directory.path().join("casbah.db"));
    TestStore {
        store: Store::open(&address).await.unwrap(),
        _directory: Some(directory),
    }
}

async fn postgres() -> Option<TestStore> {
    let address = casbah_testing::postgres_database().await?;
    let address = address.parse().unwrap();
    Some(TestStore {
        store: Store::open(&address).await.unwrap(),
        _directory: None,
    })
}

/// Runs a test on both databases.
macro_rules! on_both {
    ($name:ident, $test:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let test = crate::sqlite().await;
                let run = $test;
                run(test.store.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(test) = crate::postgres().await {
                    let run = $test;
                    run(test.store.clone()).await;
                }
            }
        }
    };
}
use on_both;
