use casbah_model::activity::Activity;
use casbah_model::built_in_range::{BuiltInKind, BuiltInRange, ListedRange};
use casbah_model::filter::{ACTIVITIES, IP_RANGES};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, Subnet};
use casbah_model::ip_tag::TagReference;
use casbah_model::time::Timestamp;
use casbah_store::{Conflict, Store, StoreError, Total};
use serde_json::json;

use crate::samples::{activity, audit, ip_range, query};

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
            page.data.iter().map(ListedRange::name).collect::<Vec<_>>(),
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

fn built_in(name: &str, networks: &[&str]) -> BuiltInRange {
    BuiltInRange {
        id: RecordId::generate(1),
        name: name.to_owned(),
        category: IpCategory::Risky,
        source_isps: Vec::new(),
        built_in: true,
        tags: BuiltInKind::Tor.tag().into_iter().collect(),
        subnets: networks
            .iter()
            .map(|network| Subnet::parse(network).unwrap())
            .collect(),
        tid: 0,
    }
}

crate::on_both!(
    built_in_ranges_come_and_go_with_their_list,
    |store: Store| async move {
        let tenant = TenantId::random();
        let office = ip_range("Tor", &["192.0.2.0/24"]);
        let saved = store.save_ip_range(tenant, office.clone(), Vec::new(), audit("ip_range.save"));
        saved.await.unwrap();
        let import = async |source: &str, ranges: Vec<BuiltInRange>| {
            let source = source.to_owned();
            let audit = audit("import");
            let imported = store.import_built_in_ranges(tenant, source, ranges, audit);
            imported.await
        };
        // Neither the name nor the networks of the tenant's own range are in the way.
        let tor = [
            built_in("Tor", &["192.0.2.7"]),
            built_in("Tor b", &["2001:db8::7"]),
        ];
        import("Tor", tor.to_vec()).await.unwrap();
        let refused = import("Other", vec![built_in("TOR", &["192.0.2.8"])]).await;
        assert!(matches!(
            refused,
            Err(StoreError::Conflict(Conflict::Name(_)))
        ));

        let names = async |filters| {
            let list = query(
                &IP_RANGES,
                &json!({"filters": filters, "sortDirection": "asc"}),
            );
            let page = store.list_ip_ranges(tenant, list).await.unwrap();
            let names = page.data.iter().map(|range| match range {
                ListedRange::Custom(range) => range.name.clone(),
                ListedRange::BuiltIn(range) => format!("{} (built in)", range.name),
            });
            names.collect::<Vec<_>>()
        };
        let (custom, both) = (["Tor"], ["Tor (built in)", "Tor b (built in)"]);
        assert_eq!(names(json!({})).await, custom);
        assert_eq!(names(json!({"builtIn": {"eq": false}})).await, custom);
        assert_eq!(names(json!({"builtIn": {"eq": true}})).await, both);
        let risky = json!({"builtIn": {"eq": [true, false]}, "category": {"eq": "risky"}});
        assert_eq!(names(risky).await, both);

        // The same list again changes nothing, a newer one only what differs.
        let revision = async || store.ip_ranges_revision(tenant).await.unwrap();
        let before = revision().await;
        let same = tor.each_ref().map(|range| BuiltInRange {
            id: RecordId::generate(2),
            ..range.clone()
        });
        import("Tor", same.to_vec()).await.unwrap();
        assert_eq!(revision().await, before);
        import("Tor", vec![built_in("Tor", &["192.0.2.9"])])
            .await
            .unwrap();
        assert_eq!(revision().await, before + 1);
        let ranges = store.ip_ranges(tenant).await.unwrap();
        assert_eq!(ranges.own.len(), 1);
        let kept: Vec<_> = ranges.built_in.iter().map(|range| range.id).collect();
        assert_eq!(kept, [tor[0].id], "its id stays");

        let id = tor[0].id;
        assert!(matches!(
            store.ip_range(tenant, id).await.unwrap(),
            Some(ListedRange::BuiltIn(_))
        ));
        let deleted = store.delete_ip_range(tenant, id, audit("delete"));
        assert!(!deleted.await.unwrap(), "not by itself");
        let sources = store.built_in_sources(tenant).await.unwrap();
        assert_eq!(sources.len(), 1);
        assert_eq!((sources[0].ranges, sources[0].networks), (1, 1));
        let delete = async || {
            let source = "Tor".to_owned();
            let deleted = store.delete_built_in_ranges(tenant, source, audit("delete"));
            deleted.await.unwrap()
        };
        assert!(delete().await);
        assert!(!delete().await);
        assert!(store.built_in_sources(tenant).await.unwrap().is_empty());
        assert_eq!(names(json!({})).await, custom);
    }
);

/// An activity from an address.
fn from(tenant: TenantId, timestamp: i64, address: &str) -> Activity {
    let mut activity = activity(tenant, timestamp, "anna@contoso.example", address);
    activity.device.client_ip = Some(address.to_owned());
    activity
}

/// What the ranges say, as the program above would find out.
fn corporate(activity: &Activity) -> Activity {
    let mut activity = activity.clone();
    activity.location.category = IpCategory::Corporate;
    activity.location.organization_searchable = Some("Contoso".to_owned());
    activity
}

crate::on_both!(
    a_change_of_ranges_reaches_its_own_activities_alone,
    |store: Store| async move {
        let tenant = TenantId::random();
        let addresses = [
            "10.0.0.1",
            "10.0.0.255",
            "10.0.1.0",
            "2001:db8::1",
            "9.255.255.255",
        ];
        let activities: Vec<_> = (0..40)
            .map(|at| {
                from(
                    tenant,
                    1_000 + at,
                    addresses[usize::try_from(at % 5).unwrap()],
                )
            })
            .collect();
        let stored = store.ingest_activities(tenant, 0, activities, Vec::new());
        stored.await.unwrap();
        let office = ip_range("Office", &["10.0.0.0/24", "2001:db8::/64"]);
        let saved = store.save_ip_range(tenant, office.clone(), Vec::new(), audit("save"));
        saved.await.unwrap();
        let state = async || store.enrichment_state(tenant).await.unwrap();
        assert!(state().await.is_pending);

        // Not counted yet, so nothing to do.
        assert!(store.enrichment_batch(tenant, 10).await.unwrap().is_none());
        store.count_enrichment(tenant).await.unwrap();
        store.count_enrichment(tenant).await.unwrap();
        assert_eq!((state().await.total, state().await.done), (24, 0));
        let batch = async || store.enrichment_batch(tenant, 10).await.unwrap().unwrap();
        let mut seen = Vec::new();
        while state().await.is_pending {
            // Whoever read the batch and ended before writing it changed nothing.
            drop(batch().await);
            let (first, second) = (batch().await, batch().await);
            let changed: Vec<_> = first.activities.iter().map(corporate).collect();
            seen.extend(changed.iter().map(|activity| activity.id));
            let commit = async |batch, changed| {
                let committed = store.commit_enrichment(tenant, batch, changed, Timestamp(7));
                committed.await.unwrap()
            };
            assert!(commit(first, changed).await);
            assert!(!commit(second, Vec::new()).await, "written by another");
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 24, "each of them, once");
        let done = state().await;
        assert_eq!((done.done, done.finished), (24, Some(Timestamp(7))));
        let found = async |filters| {
            let list = query(&ACTIVITIES, &json!({"filters": filters}));
            let page = store.list_activities(tenant, list).await.unwrap();
            assert!(page.data.iter().all(|one| one.get().contains("Contoso")));
            page.data.len()
        };
        assert_eq!(found(json!({"ip.category": {"eq": 1}})).await, 24);
        assert_eq!(
            found(json!({"location.organizations": {"eq": "contoso"}})).await,
            24
        );

        // Only what differs counts: a name does not, one more network does.
        let mut renamed = office.clone();
        renamed.name = "Headquarters".to_owned();
        let saved = store.save_ip_range(tenant, renamed.clone(), Vec::new(), audit("save"));
        saved.await.unwrap();
        assert!(!state().await.is_pending);
        renamed.subnets.push(Subnet::parse("9.255.0.0/16").unwrap());
        let saved = store.save_ip_range(tenant, renamed, Vec::new(), audit("save"));
        saved.await.unwrap();
        store.count_enrichment(tenant).await.unwrap();
        assert_eq!((state().await.total, state().await.done), (8, 0));

        // A batch of ranges that are no more is not written.
        let old = batch().await;
        let deleted = store.delete_ip_range(tenant, office.id, audit("delete"));
        assert!(deleted.await.unwrap());
        let committed = store.commit_enrichment(tenant, old, Vec::new(), Timestamp(8));
        assert!(!committed.await.unwrap());
    }
);

crate::on_both!(
    what_was_enriched_by_older_ranges_is_enriched_anew,
    |store: Store| async move {
        let tenant = TenantId::random();
        let ingest = async |revision: i64, at: i64| {
            let activities = vec![
                from(tenant, at, "10.0.0.1"),
                from(tenant, at + 1, "10.9.9.9"),
            ];
            let stored = store.ingest_activities(tenant, revision, activities, Vec::new());
            stored.await.unwrap();
        };
        let pending = async || store.enrichment_state(tenant).await.unwrap().is_pending;
        let finish = async || {
            store.count_enrichment(tenant).await.unwrap();
            let mut seen = 0;
            while let Some(batch) = store.enrichment_batch(tenant, 100).await.unwrap() {
                seen += batch.activities.len();
                let written = store.commit_enrichment(tenant, batch, Vec::new(), Timestamp(1));
                assert!(written.await.unwrap());
            }
            seen
        };
        ingest(0, 10).await;
        assert!(!pending().await);
        let office = ip_range("Office", &["10.0.0.0/24"]);
        let saved = store.save_ip_range(tenant, office, Vec::new(), audit("save"));
        saved.await.unwrap();
        assert_eq!(finish().await, 1);
        ingest(1, 20).await;
        assert!(!pending().await, "by the ranges of now");
        ingest(0, 30).await;
        assert!(pending().await, "by those before");
        // All of these two addresses.
        assert_eq!(finish().await, 6);
    }
);
