//! Records wait, are linked, and are found.

use std::sync::Arc;

use casbah_model::audit::{AuditLink, AuditSealer, ChainEnd};
use casbah_model::identity::Digest;
use casbah_model::ids::{AppId, KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{AuditCursor, AuditQuery, AuditRecord, NewLink, Store};

use crate::on_both;
use crate::samples::audit;

/// Marks by the record's target, so that a test can tell a right mark from a wrong
/// one; links without a signature.
struct Sealer;

impl AuditSealer for Sealer {
    fn mark(&self, _: TenantId, _: KeyId, record: &AuditRecord) -> Digest {
        Digest::new([u8::try_from(record.target.len()).unwrap(); 32])
    }

    fn link(
        &self,
        after: &ChainEnd,
        records: &[(KeyId, AuditRecord)],
        now: Timestamp,
    ) -> AuditLink {
        let ids = records.iter().flat_map(|(id, _)| *id.uuid().as_bytes());
        AuditLink {
            sequence: after.sequence + 1,
            previous: after.link,
            created: now,
            manifest: ids.collect(),
            key: 1,
            link: Digest::new([u8::try_from(after.sequence + 1).unwrap(); 32]),
            signature: vec![7],
        }
    }
}

fn at(time: i64, actor: &str, action: &'static str) -> AuditRecord {
    AuditRecord::new(actor, action, &"x").at(Timestamp(time))
}

on_both!(
    what_waits_is_linked_before_what_is_new,
    async |store: Store| {
        store.set_audit_sealer(Arc::new(Sealer));
        let (tenant, node) = (TenantId::random(), KeyId::random());
        let (told, mut unlinked) = tokio::sync::mpsc::unbounded_channel();
        store.tell_unlinked(told);
        store.audit(tenant, audit("first")).await.unwrap();
        assert_eq!(unlinked.recv().await, Some(tenant));
        assert_eq!(store.unlinked_tenants().await.unwrap(), [tenant]);
        assert_eq!(store.audit_waiting(tenant).await.unwrap(), 1);

        for round in 1..=2 {
            let mut new = NewLink::new(tenant, vec![at(round, "app", "token.issue")]);
            new.take_waiting();
            let left = store.link_audit(node, vec![new], Timestamp(round)).await;
            assert_eq!(left.unwrap(), []);
        }
        assert_eq!(store.audit_waiting(tenant).await.unwrap(), 0);
        let links = store.audit_links(tenant, node, 0, 10).await.unwrap();
        let sizes: Vec<_> = links.iter().map(|link| link.records.len()).collect();
        assert_eq!(sizes, [2, 1]);
        let first = &links[0].records[0];
        assert_eq!(first.record.as_ref().unwrap().action, "first");
        assert_eq!(links[1].link.previous, links[0].link.link);
        assert_eq!(
            store.audit_links(tenant, node, 2, 10).await.unwrap().len(),
            0
        );
        let ends = store.audit_ends(tenant).await.unwrap();
        assert_eq!((ends.len(), ends[0].sequence), (1, 2));
        let mut nothing = NewLink::new(tenant, Vec::new());
        nothing.take_waiting();
        store
            .link_audit(node, vec![nothing], Timestamp(3))
            .await
            .unwrap();
        assert_eq!(
            store.audit_ends(tenant).await.unwrap(),
            ends,
            "no empty link"
        );
    }
);

on_both!(
    a_record_without_the_right_mark_is_never_linked,
    async |store: Store| {
        // Written while the store has no key, as by somebody who has none.
        let (tenant, node) = (TenantId::random(), KeyId::random());
        store.audit(tenant, audit("forged")).await.unwrap();
        store.set_audit_sealer(Arc::new(Sealer));
        store.audit(tenant, audit("real")).await.unwrap();
        let mut nothing = NewLink::new(tenant, Vec::new());
        nothing.take_waiting();
        store
            .link_audit(node, vec![nothing], Timestamp(1))
            .await
            .unwrap();
        let links = store.audit_links(tenant, node, 0, 10).await.unwrap();
        assert_eq!(links[0].records.len(), 1);
        assert_eq!(store.audit_strays(tenant, 10).await.unwrap().len(), 1);
        assert_eq!(store.audit_waiting(tenant).await.unwrap(), 0);
    }
);

on_both!(
    records_are_found_by_each_filter_and_page_by_page,
    async |store: Store| {
        store.set_audit_sealer(Arc::new(Sealer));
        let tenant = TenantId::random();
        let app = AppId::random();
        let correlation = uuid::Uuid::new_v4();
        let mut traced = at(3, "anna", "sign_in")
            .refused(Some(50_126))
            .through(Some(app));
        traced.origin.correlation_id = Some(correlation);
        traced.origin.source = "192.0.2.1".parse().ok();
        traced.count = 3;
        traced.target = "app-1 key-1".to_owned();
        traced.detail = "nul \0".to_owned();
        let records = vec![
            at(1, "anna", "application.create"),
            at(2, "bob", "applications"),
            traced.clone(),
            at(3, "anna", "token.issue"),
            at(4, "bob", "application.delete"),
        ];
        let new = NewLink::new(tenant, records);
        store
            .link_audit(KeyId::random(), vec![new], Timestamp(9))
            .await
            .unwrap();

        let all = AuditQuery {
            limit: 10,
            ..AuditQuery::default()
        };
        for (query, expected) in [
            (all.clone(), vec![4, 3, 3, 2, 1]),
            (
                AuditQuery {
                    actor: Some("anna".to_owned()),
                    ..all.clone()
                },
                vec![3, 3, 1],
            ),
            (
                AuditQuery {
                    app: Some(app),
                    ..all.clone()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    action: Some("application.".to_owned()),
                    ..all.clone()
                },
                vec![4, 1],
            ),
            (
                AuditQuery {
                    action: Some("sign_in".to_owned()),
                    ..all.clone()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    target: Some("app-1".to_owned()),
                    ..all.clone()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    target: Some("app-1 key-1".to_owned()),
                    ..all.clone()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    target: Some("app".to_owned()),
                    ..all.clone()
                },
                vec![],
            ),
            (
                AuditQuery {
                    outcome: Some("refused".to_owned()),
                    ..all.clone()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    correlation: Some(correlation),
                    ..all.clone()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    since: Some(Timestamp(3)),
                    ..all.clone()
                },
                vec![4, 3, 3],
            ),
            (
                AuditQuery {
                    until: Some(Timestamp(3)),
                    ..all.clone()
                },
                vec![2, 1],
            ),
            (
                AuditQuery {
                    limit: 2,
                    ..all.clone()
                },
                vec![4, 3],
            ),
            (
                AuditQuery {
                    limit: 2,
                    oldest_first: true,
                    ..all.clone()
                },
                vec![1, 2],
            ),
        ] {
            let found = store.audit_list(tenant, query.clone()).await.unwrap();
            let times: Vec<_> = found.iter().map(|found| found.record.timestamp.0).collect();
            assert_eq!(times, expected, "{query:?}");
        }
        let found = AuditQuery {
            correlation: Some(correlation),
            ..all.clone()
        };
        let found = store.audit_list(tenant, found).await.unwrap();
        traced.detail = "nul \u{fffd}".to_owned();
        assert_eq!(found[0].record, traced);

        let mut seen = Vec::new();
        let mut query = AuditQuery { limit: 1, ..all };
        loop {
            let page = store.audit_list(tenant, query.clone()).await.unwrap();
            let Some(last) = page.last() else { break };
            seen.push(last.id);
            query.after = Some(AuditCursor {
                timestamp: last.record.timestamp,
                id: last.id,
            });
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 5);
    }
);

on_both!(
    lists_go_through_rows_and_more_packs_than_one_step_reads,
    async |store: Store| {
        store.set_audit_sealer(Arc::new(Sealer));
        let (tenant, node) = (TenantId::random(), KeyId::random());
        // Each pack reaches back behind the one before it; every hundredth link also
        // holds a record too old for it.
        for link in 1..=250_i64 {
            let mut records = vec![
                at(link * 1_000, "app", "token.issue"),
                at((link - 20) * 1_000, "other", "token.refuse"),
            ];
            if link % 100 == 0 {
                records.push(at(link - 200_000, "app", "token.issue"));
            }
            let new = NewLink::new(tenant, records);
            let linked = store.link_audit(node, vec![new], Timestamp(link)).await;
            assert_eq!(linked.unwrap(), []);
            let new = NewLink::new(tenant, vec![at(link, "third", "token.issue")]);
            store
                .link_audit(KeyId::random(), vec![new], Timestamp(link))
                .await
                .unwrap();
        }
        for oldest_first in [false, true] {
            let mut query = AuditQuery {
                limit: 7,
                oldest_first,
                ..AuditQuery::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = store.audit_list(tenant, query.clone()).await.unwrap();
                let Some(last) = page.last() else { break };
                query.after = Some(AuditCursor {
                    timestamp: last.record.timestamp,
                    id: last.id,
                });
                seen.extend(page);
            }
            assert_eq!(seen.len(), 752);
            let times: Vec<_> = seen.iter().map(|seen| seen.record.timestamp).collect();
            assert!(
                times.is_sorted_by(|left, right| left == right || (left < right) == oldest_first)
            );
            let ids: std::collections::HashSet<_> = seen.iter().map(|seen| seen.id).collect();
            assert_eq!(ids.len(), 752);
        }

        let of_app = AuditQuery {
            actor: Some("app".to_owned()),
            since: Some(Timestamp(-300_000)),
            until: Some(Timestamp(2_000)),
            limit: 10,
            ..AuditQuery::default()
        };
        let found = store.audit_list(tenant, of_app).await.unwrap();
        let times: Vec<_> = found.iter().map(|found| found.record.timestamp.0).collect();
        assert_eq!(times, [1_000, -199_800, -199_900]);
    }
);
