use casbah_model::filter::IP_RANGES;
use casbah_model::ids::TenantId;
use casbah_store::{Conflict, Store, StoreError, Total};
use serde_json::json;

use crate::samples::{audit, ip_range, query};

crate::on_both!(
    names_and_networks_are_not_shared,
    |store: Store| async move {
        let tenant = TenantId::random();
        let office = ip_range("Office", &["10.0.0.0/16", "10.0.1.0/24"]);
        store
            .save_ip_range(tenant, office.clone(), audit("ip_range.save"))
            .await
            .unwrap();
        let name = store
            .save_ip_range(
                tenant,
                ip_range("OFFICE", &["10.9.0.0/16"]),
                audit("ip_range.save"),
            )
            .await
            .unwrap_err();
        assert!(
            matches!(name, StoreError::Conflict(Conflict::Name(_))),
            "{name}"
        );
        let overlap = store
            .save_ip_range(
                tenant,
                ip_range("Lab", &["10.0.7.0/24"]),
                audit("ip_range.save"),
            )
            .await
            .unwrap_err();
        assert!(
            matches!(overlap, StoreError::Conflict(Conflict::Network { .. })),
            "{overlap}"
        );
        let mut renamed = office.clone();
        renamed.name = "Headquarters".to_owned();
        store
            .save_ip_range(tenant, renamed, audit("ip_range.save"))
            .await
            .unwrap();
        store
            .save_ip_range(TenantId::random(), office.clone(), audit("ip_range.save"))
            .await
            .unwrap();

        let found = |filters| query(&IP_RANGES, &json!({"filters": filters}));
        let page = store
            .list_ip_ranges(tenant, found(json!({"category": {"eq": ["1", 4]}})))
            .await
            .unwrap();
        assert_eq!(
            page.data
                .iter()
                .map(|range| range.name.as_str())
                .collect::<Vec<_>>(),
            ["Headquarters"]
        );
        let none = store
            .list_ip_ranges(tenant, found(json!({"builtIn": {"eq": true}})))
            .await
            .unwrap();
        assert!(none.data.is_empty());
        let tags: Vec<_> = (0..1000).map(|i| format!("tag {i}")).collect();
        let untagged = found(json!({"tags": {"neq": tags}}));
        let untagged = store.list_ip_ranges(tenant, untagged).await.unwrap();
        assert_eq!(untagged.total, Total::Exactly(1));
        assert!(
            store
                .delete_ip_range(tenant, office.id, audit("ip_range.delete"))
                .await
                .unwrap()
        );
        assert!(
            !store
                .delete_ip_range(tenant, office.id, audit("ip_range.delete"))
                .await
                .unwrap()
        );
        assert!(store.ip_range(tenant, office.id).await.unwrap().is_none());
        let audit = store.audit_records(tenant, 9).await.unwrap();
        let mut actions: Vec<_> = audit.iter().map(|record| record.action.as_str()).collect();
        actions.sort_unstable();
        assert_eq!(
            actions,
            ["ip_range.delete", "ip_range.save", "ip_range.save"],
            "what was refused is not among them"
        );
    }
);
