//! A store with a tenant, for tests.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use casbah_detection::enrich::Enricher;
use casbah_model::identity::{Tenant, User};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{DatabaseAddress, NewTenant, Store};
use tempfile::TempDir;

use crate::ingest::Destination;
use crate::ranges::KnownRanges;

/// Costs too much to make it for every test.
static ENRICHER: LazyLock<Arc<Enricher>> = LazyLock::new(|| Arc::new(Enricher::new().unwrap()));

/// A store with a tenant, in a directory that goes with it.
pub(crate) struct Installation {
    pub(crate) store: Store,
    pub(crate) tenant: Tenant,
    pub(crate) enricher: Arc<Enricher>,
    ranges: KnownRanges,
    pub(crate) directory: TempDir,
}

impl Installation {
    pub(crate) async fn new(tenant: Tenant) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = DatabaseAddress::Sqlite(directory.path().join("casbah.db"));
        let store = Store::open(&address).await.unwrap();
        store
            .create_tenant(NewTenant {
                tenant: tenant.clone(),
                administrator: administrator(&tenant),
                principals: Vec::new(),
                record: None,
            })
            .await
            .unwrap();
        Self {
            store,
            tenant,
            enricher: Arc::clone(&ENRICHER),
            ranges: KnownRanges::default(),
            directory,
        }
    }

    /// Where events go.
    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination {
            store: &self.store,
            enricher: Arc::clone(&self.enricher),
            ranges: &self.ranges,
        }
    }
}

/// The tenant of the demonstration's events.
pub(crate) fn demo_tenant() -> Tenant {
    Tenant {
        id: TenantId::random(),
        display_name: "Contoso".to_owned(),
        default_domain: "contoso.example".to_owned(),
        domains: vec!["contoso.example".to_owned()],
        created: Timestamp(0),
        is_home: true,
        members_register: false,
        auth_epoch: 0,
    }
}

fn administrator(tenant: &Tenant) -> User {
    User {
        id: ObjectId::random(),
        tenant: tenant.id,
        upn: format!("admin@{}", tenant.default_domain),
        display_name: "Admin".to_owned(),
        roles: BTreeSet::new(),
        enabled: true,
        password: None,
        must_change_password: false,
        created: Timestamp(0),
        sign_ins_from: Timestamp(0),
        tokens_from: 0,
    }
}
