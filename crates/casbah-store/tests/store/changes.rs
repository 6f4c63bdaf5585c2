//! Feeds of changes.

use std::collections::BTreeSet;

use casbah_model::activity::Activity;
use casbah_model::alert::{AlertHandling, Resolution};
use casbah_model::audit::Origin;
use casbah_model::filter::ALERTS;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use casbah_store::{Feed, FeedPosition, Following, Store};
use serde_json::json;

use crate::alerts::commit;
use crate::samples::{activity, alert, audit, query};

fn made(tenant: TenantId, times: std::ops::Range<i64>) -> Vec<Activity> {
    times
        .map(|time| activity(tenant, time, "anna@contoso.example", "FileUploaded"))
        .collect()
}

async fn ingest(store: &Store, tenant: TenantId, times: std::ops::Range<i64>) {
    let stored = store.ingest_activities(tenant, 0, made(tenant, times), Vec::new());
    stored.await.unwrap();
}

/// The times of the activities behind a place, and where to go on.
async fn arrived(
    store: &Store,
    tenant: TenantId,
    after: FeedPosition,
    limit: usize,
) -> (Vec<i64>, FeedPosition, bool) {
    let Following::Changes {
        records,
        next,
        has_next,
    } = store
        .activities_arrived(tenant, after, limit)
        .await
        .unwrap()
    else {
        panic!("the feed does not reach back to {after}");
    };
    let times = records.iter().map(|(place, record)| {
        assert!(*place > after && *place <= next);
        let activity: Activity = serde_json::from_slice(record).unwrap();
        activity.timestamp.millis()
    });
    (times.collect(), next, has_next)
}

crate::on_both!(
    activities_come_once_in_the_order_of_their_arrival,
    |store: Store| async move {
        let tenant = TenantId::random();
        let empty = store.feed_end(tenant, Feed::Activities).await.unwrap();
        assert_eq!(empty, FeedPosition::START);
        ingest(&store, tenant, 500..510).await;
        ingest(&store, tenant, 0..5).await;
        // What was there before has not arrived again.
        ingest(&store, tenant, 3..7).await;
        ingest(&store, TenantId::random(), 900..910).await;
        let expected: Vec<_> = (500..510).chain(0..7).collect();
        for limit in [1, 3, 10, 17, 100] {
            let (mut seen, mut place, mut pages) = (Vec::new(), empty, 0);
            loop {
                let (times, next, has_next) = arrived(&store, tenant, place, limit).await;
                assert!(times.len() <= limit);
                // A place is the same when a reader has kept it as text.
                place = next.to_string().parse().unwrap();
                seen.extend(times);
                pages += 1;
                if !has_next {
                    break;
                }
            }
            assert_eq!(seen, expected, "{limit}");
            assert!(pages > 16 / limit);
            assert!(arrived(&store, tenant, place, limit).await.0.is_empty());
        }
        let end = store.feed_end(tenant, Feed::Activities).await.unwrap();
        ingest(&store, tenant, 50..51).await;
        assert_eq!(arrived(&store, tenant, end, 10).await.0, [50]);
    }
);

crate::on_both!(
    a_reader_misses_nothing_of_many_writers,
    |store: Store| async move {
        const WRITERS: i64 = 8;
        const BATCHES: i64 = 12;
        let tenant = TenantId::random();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    for batch in 0..BATCHES {
                        let start = (writer * BATCHES + batch) * 3;
                        ingest(&store, tenant, start..start + 3).await;
                    }
                })
            })
            .collect();
        let reader = async || {
            let (mut seen, mut place) = (Vec::new(), FeedPosition::START);
            while seen.len() < usize::try_from(WRITERS * BATCHES * 3).unwrap() {
                let (times, next, _) = arrived(&store, tenant, place, 7).await;
                seen.extend(times);
                place = next;
            }
            seen
        };
        // Two readers give numbers at once, too.
        let (one, other) = tokio::join!(reader(), reader());
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(one, other, "the order is one for all");
        let times: BTreeSet<_> = one.iter().copied().collect();
        assert_eq!(times.len(), one.len(), "nothing comes twice");
    }
);

crate::on_both!(
    alerts_come_again_when_they_change,
    |store: Store| async move {
        let tenant = TenantId::random();
        let mut changed = store.changed();
        let alerts = ["story 1", "story 2"].map(|story| {
            let mut alert = alert(tenant, 1_000, "anna");
            story.clone_into(&mut alert.description);
            alert
        });
        let [first, second] = [alerts[0].id, alerts[1].id];
        commit(&store, tenant, alerts.into()).await;
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        let follow = async |after| {
            let following = store.alerts_changed(tenant, after, 10).await.unwrap();
            let Following::Changes { records, next, .. } = following else {
                panic!("the feed does not reach back");
            };
            let ids: Vec<_> = records.into_iter().map(|(_, alert)| alert).collect();
            (ids, next)
        };
        let (seen, place) = follow(FeedPosition::START).await;
        let ids: Vec<_> = seen.iter().map(|alert| alert.id).collect();
        assert_eq!(ids, [first, second]);
        store
            .mark_alert(tenant, first, true, audit("alert.read"))
            .await
            .unwrap();
        let filter = query(
            &ALERTS,
            &json!({"filters": {"id": {"eq": [first.to_string()]}}}),
        )
        .filter;
        let close = AlertHandling::new(Resolution::Benign, "anna", Timestamp(5));
        let handled = store.handle_alerts(tenant, filter, close, Origin::default());
        handled.await.unwrap();
        assert!(changed.has_changed().unwrap());
        let (seen, place) = follow(place).await;
        assert_eq!(seen.len(), 1, "as it is now, once");
        assert_eq!(seen[0].handled_by_user.as_deref(), Some("anna"));
        assert!(follow(place).await.0.is_empty());
    }
);

crate::on_both!(whoever_comes_too_late_is_told, |store: Store| async move {
    let home = crate::keys::add_tenant(&store, true).await;
    ingest(&store, home, 0..3).await;
    let read = arrived(&store, home, FeedPosition::START, 2).await;
    let before = Timestamp::now().plus_millis(1_000);
    assert_eq!(store.prune_changes(Timestamp(0)).await.unwrap(), 0);
    assert_eq!(store.prune_changes(before).await.unwrap(), 1);
    for place in [FeedPosition::START, read.1] {
        let following = store.activities_arrived(home, place, 10).await.unwrap();
        assert_eq!(following, Following::Gone);
    }
    let end = store.feed_end(home, Feed::Activities).await.unwrap();
    let start = store.feed_start(home, Feed::Activities).await.unwrap();
    assert_eq!(start, end);
    ingest(&store, home, 10..11).await;
    assert_eq!(arrived(&store, home, end, 10).await.0, [10]);
});
