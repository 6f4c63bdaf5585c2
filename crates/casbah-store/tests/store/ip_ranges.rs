use casbah_model::filter::IP_RANGES;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_tag::TagReference;
use casbah_store::{Conflict, Store, StoreError, Total};
use serde_json::json;

use crate::samples::{audit, ip_range, query};

crate::on_both!(
    names_and_networks_are_not_shared,
    |store: Store| async move {
        let tenant = TenantId::random();
        let office = ip_range("Office", &["10.0.0.0/16", "10.0.1.0/24"]);
        store
            .save_ip_range(tenant, office.clone(), Vec::new(), audit("ip_range.save"))
            .await
            .unwrap();
        let name = store
            .save_ip_range(
                tenant,
                ip_range("OFFICE", &["10.9.0.0/16"]),
                Vec::new(),
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
                Vec::new(),
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
            .save_ip_range(tenant, renamed, Vec::new(), audit("ip_range.save"))
            .await
            .unwrap();
        store
            .save_ip_range(
                TenantId::random(),
                office.clone(),
                Vec::new(),
                audit("ip_range.save"),
            )
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

crate::on_both!(tags_are_found_or_made, |store: Store| async move {
    let tenant = TenantId::random();
    let unknown = RecordId::generate(7);
    let azure: RecordId = "0000002a0000000000000000".parse().unwrap();
    let id = |id, name: Option<&str>| TagReference::Id {
        id,
        name: name.map(str::to_owned),
    };
    let save = async |tags: Vec<TagReference>| {
        let mut range = ip_range("Office", &["10.0.0.0/16"]);
        range.id = RecordId::from_bytes(*b"twelve bytes");
        store
            .save_ip_range(tenant, range, tags, audit("ip_range.save"))
            .await
    };
    let tags = vec![
        id(azure, None),
        TagReference::Name("tor".to_owned()),
        TagReference::Name("Branch".to_owned()),
        TagReference::Name("Microsoft_Azure".to_owned()),
    ];
    let saved = save(tags).await.unwrap().tags;
    let names: Vec<_> = saved
        .iter()
        .map(|tag| (tag.name.as_str(), tag.kind))
        .collect();
    assert_eq!(names, [("Microsoft Azure", 0), ("Tor", 0), ("Branch", 1)]);

    let branch = saved[2].clone();
    for meant in [
        id(branch.record_id, None),
        id(unknown, Some("BRANCH")),
        TagReference::Name("branch".to_owned()),
    ] {
        assert_eq!(
            save(vec![meant]).await.unwrap().tags,
            std::slice::from_ref(&branch)
        );
    }
    let refused = save(vec![id(unknown, None)]).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Conflict(Conflict::UnknownTag(id)) if id == unknown),
        "{refused}"
    );
    let by_id = query(&IP_RANGES, &json!({"filters": {"tags": {"eq": branch.id}}}));
    assert_eq!(
        store
            .list_ip_ranges(tenant, by_id)
            .await
            .unwrap()
            .data
            .len(),
        1
    );
});
