use casbah_model::activity::{Activity, ActivityId};
use casbah_model::detector::DetectorPosition;
use casbah_model::filter::ALERTS;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{DetectionCommit, Store};
use serde_json::json;

use crate::alerts::{LAST, step};
use crate::samples::{activity, alert, query};

async fn ingest(store: &Store, tenant: TenantId, times: &[i64]) {
    let activities = times
        .iter()
        .map(|time| activity(tenant, *time, "anna@contoso.example", "Read"));
    store
        .ingest_activities(tenant, 0, activities.collect(), Vec::new())
        .await
        .unwrap();
}

async fn read(
    store: &Store,
    tenant: TenantId,
    last: Option<ActivityId>,
    until: i64,
) -> Vec<Activity> {
    store
        .activities_after(tenant, last, Timestamp(until), 100)
        .await
        .unwrap()
}

fn times(activities: &[Activity]) -> Vec<i64> {
    activities.iter().map(|a| a.timestamp.millis()).collect()
}

crate::on_both!(one_node_at_a_time_detects, |store: Store| async move {
    let tenant = TenantId::random();
    let (mine, other) = (KeyId::random(), KeyId::random());
    let now = Timestamp(1_000_000);
    let until = now.plus_millis(1000);
    let lease = |node, now, until| store.lease_detector(tenant, node, now, until);
    assert!(lease(mine, now, until).await.unwrap().is_some());
    assert!(lease(other, now, until).await.unwrap().is_none());
    let stolen = step(b"0", vec![alert(tenant, 1, "anna@contoso.example")]);
    assert!(!store.commit_detection(tenant, other, stolen).await.unwrap());
    assert!(
        !store
            .advance_watermark(tenant, other, Timestamp(9))
            .await
            .unwrap()
    );
    let alerts = store.list_alerts(tenant, query(&ALERTS, &json!({})));
    assert!(alerts.await.unwrap().data.is_empty());

    let later = until.plus_millis(1);
    let state = lease(other, later, later).await.unwrap().unwrap();
    assert_eq!(state.position, DetectorPosition::START);
    assert_eq!(state.state, b"");
    assert!(
        store
            .commit_detection(tenant, other, step(b"[7]", vec![]))
            .await
            .unwrap()
    );
    let state = store.detector_state(tenant).await.unwrap();
    assert_eq!(
        (state.position.last, state.state),
        (Some(LAST), b"[7]".to_vec())
    );

    store.release_detector(tenant, mine).await.unwrap();
    assert!(lease(mine, later, until).await.unwrap().is_none());
    store.release_detector(tenant, other).await.unwrap();
    assert!(lease(mine, later, until).await.unwrap().is_some());
});

crate::on_both!(
    what_comes_behind_the_watermark_is_late,
    |store: Store| async move {
        let tenant = TenantId::random();
        let node = KeyId::random();
        ingest(&store, tenant, &[1000, 2000, 3000]).await;
        let state = store
            .lease_detector(tenant, node, Timestamp(0), Timestamp(9))
            .await;
        let state = state.unwrap().unwrap();
        assert_eq!(
            (state.newest, state.is_behind),
            (Some(Timestamp(3000)), false)
        );
        assert_eq!(state.last_received, Some(Timestamp(3000)));
        for watermark in [2000, 500] {
            let advanced = store.advance_watermark(tenant, node, Timestamp(watermark));
            assert!(advanced.await.unwrap());
        }
        let state = store.detector_state(tenant).await.unwrap();
        assert_eq!(state.position.watermark, Timestamp(2000));
        assert!(state.is_behind);

        ingest(&store, tenant, &[1500, 1000, 2000, 2001]).await;
        let ripe = read(&store, tenant, None, 2000).await;
        assert_eq!(times(&ripe), [1000, 2000]);
        assert_eq!(store.detector_progress(tenant).await.unwrap(), (None, 4));

        let last = ripe.last().unwrap().id;
        let mut commit = step(b"{}", Vec::new());
        commit.last = last;
        assert!(store.commit_detection(tenant, node, commit).await.unwrap());
        assert!(!store.detector_state(tenant).await.unwrap().is_behind);
        assert_eq!(
            times(&read(&store, tenant, Some(last), 9000).await),
            [2001, 3000]
        );
        assert_eq!(
            store.detector_progress(tenant).await.unwrap(),
            (Some(last), 2)
        );
        let elsewhere = TenantId::random();
        assert!(read(&store, elsewhere, None, i64::MAX).await.is_empty());
    }
);

crate::on_both!(
    people_are_remembered_one_by_one,
    |store: Store| async move {
        let tenant = TenantId::random();
        let node = KeyId::random();
        let leased = store
            .lease_detector(tenant, node, Timestamp(0), Timestamp(9))
            .await;
        assert!(leased.unwrap().is_some());
        let learnt = |after, people: &[(&str, &[u8])]| DetectionCommit {
            after,
            people: people
                .iter()
                .map(|(name, state)| ((*name).to_owned(), state.to_vec()))
                .collect(),
            ..step(b"{}", Vec::new())
        };
        for (after, people, is_next) in [
            (
                None,
                &[("anna@a", b"{\"a\":1}".as_slice()), ("bob@a", b"[2]")][..],
                true,
            ),
            (None, &[("anna@a", b"{\"a\":2}"), ("carl@a", b"[1]")], false),
            (Some(LAST), &[("anna@a", b"{\"a\":3}")], true),
        ] {
            let committed = store.commit_detection(tenant, node, learnt(after, people));
            assert_eq!(committed.await.unwrap(), is_next, "{people:?}");
        }
        let names = ["anna@a", "bob@a", "carl@a"].map(str::to_owned).to_vec();
        assert_eq!(
            store.load_people(tenant, names.clone()).await.unwrap(),
            [
                ("anna@a".to_owned(), b"{\"a\":3}".to_vec()),
                ("bob@a".to_owned(), b"[2]".to_vec())
            ]
        );
        let elsewhere = store.load_people(TenantId::random(), names).await;
        assert!(elsewhere.unwrap().is_empty());
    }
);

crate::on_both!(
    no_activity_falls_between_ingest_and_watermark,
    |store: Store| async move {
        let tenant = TenantId::random();
        let node = KeyId::random();
        let leased = store
            .lease_detector(tenant, node, Timestamp(0), Timestamp(9))
            .await;
        assert!(leased.unwrap().is_some());
        let writers = (0..4).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..10 {
                    ingest(&store, tenant, &[round * 10 + writer]).await;
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        // What was read behind a watermark must stay all there is behind it.
        let mut seen = Vec::new();
        for watermark in [20, 50, 80, 1000] {
            let advanced = store.advance_watermark(tenant, node, Timestamp(watermark));
            assert!(advanced.await.unwrap());
            seen = times(&read(&store, tenant, None, watermark).await);
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(times(&read(&store, tenant, None, 1000).await), seen);
    }
);
