//! Exports: their places, leases and batches.

use casbah_model::export::{ExportTarget, MOST_EXPORTS};
use casbah_model::identity::Sealed;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{
    Batch, Conflict, Export, ExportFeed, ExportLease, Feed, FeedPosition, Following, Store,
    StoreError,
};

use crate::samples::{activity, audit};

fn new(tenant: TenantId) -> Export {
    Export {
        id: KeyId::random(),
        tenant,
        name: "SOAR".to_owned(),
        target: ExportTarget::Webhook {
            url: "https://soar.contoso.example/in".to_owned(),
        },
        enabled: true,
        created: Timestamp(1),
        sent: 0,
        last_sent: None,
        failures: 0,
        last_error: None,
        next_try: None,
        feeds: Feed::ALL
            .map(|feed| ExportFeed {
                feed,
                place: FeedPosition::START,
                gaps: 0,
                batch: None,
            })
            .to_vec(),
    }
}

fn place(text: &str) -> FeedPosition {
    text.parse().unwrap()
}

async fn stored(store: &Store, export: &Export) -> Export {
    let found = store.export(export.tenant, export.id).await.unwrap();
    found.unwrap()
}

crate::on_both!(
    an_export_is_made_switched_and_deleted,
    |store: Store| async move {
        let (tenant, other) = (TenantId::random(), TenantId::random());
        let export = new(tenant);
        let secret = Sealed::new(vec![1, 2, 3]);
        store
            .create_export(export.clone(), Some(secret), audit("export.create"))
            .await
            .unwrap();
        let listed = store.exports(tenant).await.unwrap();
        assert_eq!(listed.as_slice(), std::slice::from_ref(&export));
        assert!(store.exports(other).await.unwrap().is_empty());
        assert_eq!(store.export(other, export.id).await.unwrap(), None);
        let secret = store.export_secret(tenant, export.id).await.unwrap();
        assert_eq!(secret.unwrap().as_bytes(), [1, 2, 3]);
        assert!(
            store
                .export_secret(other, export.id)
                .await
                .unwrap()
                .is_none()
        );
        let switch = async |tenant, enabled| {
            let record = audit("export.switch");
            let switched = store.switch_export(tenant, export.id, enabled, record);
            switched.await.unwrap()
        };
        assert_eq!(switch(other, false).await, None);
        assert!(!switch(tenant, false).await.unwrap().enabled);
        assert!(switch(tenant, true).await.unwrap().enabled);
        let delete = async |tenant| {
            let deleted = store.delete_export(tenant, export.id, audit("export.delete"));
            deleted.await.unwrap()
        };
        assert!(!delete(other).await);
        assert!(delete(tenant).await && !delete(tenant).await);
        for _ in 0..MOST_EXPORTS {
            let made = store.create_export(new(tenant), None, audit("export.create"));
            made.await.unwrap();
        }
        let refused = store.create_export(new(tenant), None, audit("export.create"));
        assert!(matches!(
            refused.await,
            Err(StoreError::Conflict(Conflict::TooManyExports))
        ));
    }
);

crate::on_both!(
    what_counts_is_written_by_who_holds_the_lease,
    |store: Store| async move {
        let export = new(TenantId::random());
        store
            .create_export(export.clone(), None, audit("export.create"))
            .await
            .unwrap();
        let [mine, theirs] = [KeyId::random(), KeyId::random()].map(|node| ExportLease {
            tenant: export.tenant,
            export: export.id,
            node,
        });
        let due = async |lease: ExportLease, now| {
            let due = store.due_exports(lease.node, Timestamp(now)).await.unwrap();
            due.contains(&(export.tenant, export.id))
        };
        let lease = async |lease, now, until| {
            let leased = store.lease_export(lease, Timestamp(now), Timestamp(until));
            leased.await.unwrap().is_some()
        };
        assert!(due(mine, 0).await && lease(mine, 0, 100).await);
        assert!(due(mine, 50).await && !due(theirs, 50).await);
        assert!(!lease(theirs, 50, 100).await, "another node has it");
        assert!(lease(mine, 50, 100).await, "it is renewed");

        let batch = Batch {
            end: place("3-1"),
            made: Timestamp(7),
        };
        let feed = Feed::Alerts;
        let begin = async |lease| store.begin_export_batch(lease, feed, batch).await.unwrap();
        let fail = async |lease| {
            let failed = store.fail_export(lease, "busy".to_owned(), Timestamp(90));
            failed.await.unwrap()
        };
        let advance = async |lease, records| {
            let advanced = store.advance_export(lease, feed, place("3-1"), records, Timestamp(60));
            advanced.await.unwrap()
        };
        let gap = async |lease| {
            let gap = store.skip_export_gap(lease, feed, place("9-0"));
            gap.await.unwrap()
        };
        for refused in [
            begin(theirs).await,
            fail(theirs).await,
            advance(theirs, 1).await,
            gap(theirs).await,
        ] {
            assert!(!refused);
        }
        assert_eq!(stored(&store, &export).await, export, "nothing was changed");

        assert!(begin(mine).await && fail(mine).await && fail(mine).await);
        let failed = stored(&store, &export).await;
        assert_eq!((failed.failures, failed.next_try), (2, Some(Timestamp(90))));
        assert_eq!(failed.last_error.as_deref(), Some("busy"));
        assert_eq!(
            failed.feeds[1].batch,
            Some(batch),
            "it is the same at every try"
        );
        assert!(!due(mine, 89).await && due(mine, 90).await);
        assert!(advance(mine, 5).await);
        let sent = stored(&store, &export).await;
        assert_eq!((sent.sent, sent.last_sent), (5, Some(Timestamp(60))));
        assert_eq!(
            (sent.failures, sent.last_error, sent.next_try),
            (0, None, None)
        );
        assert_eq!(
            (sent.feeds[1].place, sent.feeds[1].batch),
            (place("3-1"), None)
        );
        assert!(gap(mine).await);
        let skipped = stored(&store, &export).await;
        assert_eq!(
            (skipped.feeds[1].place, skipped.feeds[1].gaps),
            (place("9-0"), 1)
        );
        assert_eq!(skipped.feeds[0], export.feeds[0], "feeds are apart");

        store.release_exports(mine.node).await.unwrap();
        assert!(lease(theirs, 50, 100).await && !fail(mine).await);
        assert!(
            lease(mine, 101, 200).await,
            "a lease that nobody renews ends"
        );
        let ended = store.end_export(mine, "gone".to_owned(), audit("export.end"));
        assert!(ended.await.unwrap());
        assert!(!stored(&store, &export).await.enabled);
        assert!(!due(mine, 150).await && !fail(mine).await && !lease(mine, 150, 200).await);
    }
);

crate::on_both!(
    a_batch_ends_where_it_ended_first,
    |store: Store| async move {
        let tenant = TenantId::random();
        let ingest = async |times: std::ops::Range<i64>| {
            let made = times.map(|time| activity(tenant, time, "anna@contoso.example", "Upload"));
            let stored = store.ingest_activities(tenant, 0, made.collect(), Vec::new());
            stored.await.unwrap();
        };
        let read = async |after, until, limit| {
            let read = store.activities_arrived_until(tenant, after, until, limit);
            let Following::Changes { records, next, .. } = read.await.unwrap() else {
                panic!("the feed does not reach back");
            };
            (records, next)
        };
        ingest(0..5).await;
        let (first, middle) = read(FeedPosition::START, None, 2).await;
        let (all, end) = read(FeedPosition::START, None, 100).await;
        assert_eq!((first.len(), all.len()), (2, 5));
        ingest(10..13).await;
        for (records, until) in [(first, middle), (all, end)] {
            let (again, next) = read(FeedPosition::START, Some(until), 100).await;
            assert_eq!((again, next), (records, until));
        }
        assert_eq!(read(middle, None, 100).await.0.len(), 6);
        assert_eq!(read(end, Some(end), 100).await.0.len(), 0);
    }
);
