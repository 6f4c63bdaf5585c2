use casbah_model::discovery::{
    AddressDay, AppDay, DiscoveredAppId, DiscoveryUpload, EpochDay, Totals, UploadState, UserDay,
};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{DoneUpload, GLOBAL_VIEW, Store, UsageRows};

use crate::samples::audit;

const APP: DiscoveredAppId = DiscoveredAppId(11627);
const NOW: Timestamp = Timestamp(1_000_000);

fn upload() -> DiscoveryUpload {
    DiscoveryUpload {
        id: RecordId::generate(1),
        stream_id: None,
        stream_name: None,
        filename: "access.log".to_owned(),
        source: "SQUID_NATIVE".to_owned(),
        format: None,
        state: UploadState::Open,
        bytes: 0,
        lines: 0,
        parsed: 0,
        bad: 0,
        uncatalogued_transactions: 0,
        error: None,
        samples: Vec::new(),
        created: NOW,
        expires: NOW,
        finished: None,
    }
}

async fn actions(store: &Store, tenant: TenantId) -> Vec<String> {
    let records = store.audit_records(tenant, 99).await.unwrap();
    let mut actions: Vec<_> = records.into_iter().map(|record| record.action).collect();
    actions.sort_unstable();
    actions
}

fn rows(day: i32, user: &str) -> UsageRows {
    let day = EpochDay(day);
    let totals = Totals {
        transactions: 2,
        blocked: 1,
        bytes_up: 10,
        bytes_down: 100,
        first_seen: day.start_millis(),
        last_seen: day.start_millis() + 5,
    };
    let (user, display) = (user.to_owned(), user.to_uppercase());
    UsageRows {
        apps: vec![AppDay {
            day,
            app: APP,
            totals,
            users: 1,
            addresses: 1,
        }],
        users: vec![UserDay {
            day,
            app: APP,
            user,
            display,
            totals,
        }],
        addresses: vec![AddressDay {
            day,
            app: APP,
            address: "10.0.0.1".to_owned(),
            totals,
        }],
    }
}

async fn work_in(
    store: &Store,
    tenant: TenantId,
    name: &str,
    snapshot: bool,
    rows: UsageRows,
) -> RecordId {
    let upload = upload();
    let created = audit("discovery_upload.create");
    store
        .create_upload(tenant, upload.clone(), created)
        .await
        .unwrap();
    let done = DoneUpload {
        stream_name: name.to_owned(),
        snapshot,
        log_type: 155,
    };
    assert!(
        store
            .upload_done(
                tenant,
                upload.id,
                done.clone(),
                audit("discovery_upload.done")
            )
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.upload_stored(tenant, upload.id, 5).await.unwrap());
    assert!(!store.upload_stored(tenant, upload.id, 6).await.unwrap());
    let stream = store
        .upload_done(
            tenant,
            upload.id,
            done.clone(),
            audit("discovery_upload.done"),
        )
        .await
        .unwrap()
        .unwrap();
    assert!(
        store
            .upload_done(tenant, upload.id, done, audit("discovery_upload.done"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.upload_begun(tenant, upload.id).await.unwrap());
    let mut finished = store.upload(tenant, upload.id).await.unwrap().unwrap();
    finished.state = UploadState::Done;
    assert!(
        store
            .upload_finished(tenant, finished.clone(), rows.clone(), NOW)
            .await
            .unwrap()
    );
    assert!(
        !store
            .upload_finished(tenant, finished, rows, NOW)
            .await
            .unwrap()
    );
    stream.id
}

crate::on_both!(
    logs_add_up_and_people_count_once,
    |store: Store| async move {
        let tenant = TenantId::random();
        let stream = work_in(&store, tenant, "Proxy", false, rows(10, "anna")).await;
        assert_eq!(
            work_in(&store, tenant, "PROXY", false, rows(10, "bob")).await,
            stream
        );
        work_in(&store, tenant, "Proxy", false, rows(11, "anna")).await;
        let snapshot = work_in(&store, tenant, "Proxy", true, rows(12, "carl")).await;
        assert_ne!(snapshot, stream);
        let second = work_in(&store, tenant, "Proxy", true, rows(12, "carl")).await;
        assert_ne!(second, snapshot, "each snapshot is a report of its own");
        for report in [snapshot, second] {
            let usage = store.app_usage(tenant, report, EpochDay(0)).await.unwrap();
            assert_eq!(usage[0].totals.transactions, 2);
        }

        let usage = store.app_usage(tenant, stream, EpochDay(0)).await.unwrap();
        assert_eq!(usage.len(), 1);
        assert_eq!((usage[0].users, usage[0].addresses), (2, 1));
        assert_eq!(
            (usage[0].totals.transactions, usage[0].totals.bytes_down),
            (6, 300)
        );
        assert_eq!(usage[0].totals.first_seen, EpochDay(10).start_millis());
        assert_eq!(
            actions(&store, tenant).await.len(),
            10,
            "each of five logs is begun and done once"
        );
        let later = store.app_usage(tenant, stream, EpochDay(11)).await.unwrap();
        assert_eq!(later[0].totals.transactions, 2);
        let global = store
            .app_usage(tenant, GLOBAL_VIEW, EpochDay(0))
            .await
            .unwrap();
        assert_eq!(
            global[0].totals.transactions, 6,
            "snapshots are not part of the global view"
        );

        let users = store
            .app_users(tenant, stream, APP, EpochDay(0))
            .await
            .unwrap();
        let names: Vec<_> = users.iter().map(|user| user.display.as_str()).collect();
        assert_eq!(names, ["ANNA", "BOB"]);
        let streams = store.discovery_streams(tenant).await.unwrap();
        assert_eq!(streams.iter().map(|stream| stream.logs).sum::<u32>(), 5);
        assert!(
            store
                .app_usage(TenantId::random(), stream, EpochDay(0))
                .await
                .unwrap()
                .is_empty()
        );
    }
);

crate::on_both!(
    an_app_is_sanctioned_or_unsanctioned,
    |store: Store| async move {
        let tenant = TenantId::random();
        store
            .tag_app(
                tenant,
                APP,
                "sanctioned".to_owned(),
                &["unsanctioned"],
                audit("app.tag"),
            )
            .await
            .unwrap();
        store
            .tag_app(
                tenant,
                APP,
                "unsanctioned".to_owned(),
                &["sanctioned"],
                audit("app.tag"),
            )
            .await
            .unwrap();
        store
            .tag_app(tenant, APP, "Watched".to_owned(), &[], audit("app.tag"))
            .await
            .unwrap();
        let tags = store.app_tags(tenant).await.unwrap();
        assert_eq!(tags[&APP], ["unsanctioned", "Watched"]);
        assert!(
            store
                .untag_app(tenant, APP, "watched".to_owned(), audit("app.untag"))
                .await
                .unwrap()
        );
        assert!(
            !store
                .untag_app(tenant, APP, "watched".to_owned(), audit("app.untag"))
                .await
                .unwrap()
        );
        assert_eq!(
            actions(&store, tenant).await,
            ["app.tag", "app.tag", "app.tag", "app.untag"]
        );
    }
);
