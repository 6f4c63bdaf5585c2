//! The audit of a running server, and what somebody with its database can do to it.

use std::time::Duration;

use casbah_identity::audit::{ExpectedEnd, FindingKind};
use casbah_model::audit::{AuditRecord, ChainEnd};
use casbah_model::time::Timestamp;

use super::verify::{Verified, verify};
use crate::testing::TestServer;

impl TestServer {
    async fn verify(&self, expected: &[ExpectedEnd]) -> Verified {
        let key = self.app.audit.key();
        verify(&self.app.store, key, self.tenant, expected)
            .await
            .unwrap()
    }

    async fn ends(&self) -> Vec<ExpectedEnd> {
        let ends = self.app.store.audit_ends(self.tenant).await.unwrap();
        let kept = |end: ChainEnd| ExpectedEnd {
            node: end.node,
            sequence: end.sequence,
            link: end.link,
        };
        ends.into_iter().map(kept).collect()
    }

    /// Waits until every record has its link.
    async fn linked(&self) {
        for _ in 0..500 {
            if self.app.store.audit_waiting(self.tenant).await.unwrap() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("records are not linked");
    }
}

fn record(action: &'static str) -> AuditRecord {
    AuditRecord::new("anna", action, &"x")
}

/// A server with a chain of six links: changes, and tokens among them. The third holds
/// three records, two of them too old to be packed.
async fn with_chain() -> TestServer {
    let server = TestServer::start().await;
    let store = &server.app.store;
    for index in 0..6 {
        if index == 2 {
            let old = |action| record(action).at(Timestamp(1_790_000_000_000));
            let records = vec![old("a"), old("b"), record("c")];
            let new = casbah_store::NewLink::new(server.tenant, records);
            let node = server.app.audit.node();
            store
                .link_audit(node, vec![new], Timestamp::now())
                .await
                .unwrap();
        } else if index % 2 == 1 {
            store
                .audit(server.tenant, record("application.create"))
                .await
                .unwrap();
            server.linked().await;
        } else {
            let kept = server.app.audit.keep(None, record("token.issue"));
            kept.await.unwrap();
        }
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_nobody_touched_is_intact() {
    let server = with_chain().await;
    let ends = server.ends().await;
    let verified = server.verify(&ends).await;
    assert_eq!(verified.findings().count(), 0);
    assert_eq!((verified.chains.len(), verified.waiting), (1, 0));
    assert_eq!(
        (verified.chains[0].links, verified.chains[0].records),
        (6, 8)
    );
    server.app.audit.keep(None, record("later")).await.unwrap();
    assert_eq!(
        server.verify(&ends).await.findings().count(),
        0,
        "it may grow"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_rows_is_found_and_named() {
    use FindingKind::{
        EndDiffers, LinkChanged, LinkRemoved, LinkReordered, RecordChanged, RecordInserted,
        RecordRemoved, RecordReordered, TailRemoved,
    };
    let columns = "tenant_id, timestamp + 1, x'00112233445566778899aabbccddeeff', node, \
        sequence, position + 1, mark, actor, app_id, action, target, outcome, code, detail, \
        source, correlation_id, trace_id, count";
    let forged =
        format!("INSERT INTO audit_record SELECT {columns} FROM audit_record WHERE sequence = 2");
    let slipped_in = "INSERT INTO audit_record (tenant_id, timestamp, id, actor, action, target, \
        outcome, detail, count, mark) SELECT tenant_id, 5, x'00112233445566778899aabbccddeeff', \
        actor, action, target, outcome, detail, count, x'00' FROM audit_record WHERE sequence = 2";
    let packed = |from: &str, to: &str| {
        format!(
            "UPDATE audit_link SET pack = unhex(replace(hex(pack), hex({from}), hex({to})))
             WHERE sequence = 5"
        )
    };
    for (name, sql, expected) in [
        ("actor", "UPDATE audit_record SET actor = 'bob' WHERE sequence = 2", vec![RecordChanged]),
        ("time", "UPDATE audit_record SET timestamp = timestamp - 1 WHERE sequence = 2", vec![RecordChanged]),
        ("count", "UPDATE audit_record SET count = 9 WHERE sequence = 2", vec![RecordChanged]),
        ("outcome", "UPDATE audit_record SET outcome = 'nonsense' WHERE sequence = 2", vec![RecordChanged]),
        ("type", "UPDATE audit_record SET actor = x'00' WHERE sequence = 2", vec![RecordChanged]),
        ("removed", "DELETE FROM audit_record WHERE sequence = 3 AND position = 1", vec![RecordRemoved]),
        ("inserted", &forged, vec![RecordInserted]),
        ("slipped in", slipped_in, vec![RecordInserted]),
        ("reordered", "UPDATE audit_record SET position = 9 WHERE sequence = 3 AND position = 0", vec![RecordReordered]),
        ("moved", "UPDATE audit_record SET sequence = 4 WHERE sequence = 2", vec![RecordRemoved, RecordInserted]),
        ("unlinked", "UPDATE audit_record SET sequence = NULL WHERE sequence = 2", vec![RecordRemoved, RecordInserted]),
        ("pack changed", &packed("'token.issue'", "'token.leave'"), vec![RecordChanged]),
        ("pack removed", "UPDATE audit_link SET pack = NULL WHERE sequence = 5", vec![RecordRemoved]),
        ("pack broken", "UPDATE audit_link SET pack = x'01' WHERE sequence = 5", vec![RecordRemoved]),
        (
            "pack exchanged",
            "UPDATE audit_link SET pack = other.pack, latest = other.latest
             FROM audit_link other WHERE audit_link.sequence = 5 AND other.sequence = 1",
            vec![RecordRemoved, RecordInserted],
        ),
        ("pack hidden", "UPDATE audit_link SET latest = 0 WHERE sequence = 5", vec![RecordChanged]),
        ("link changed", "UPDATE audit_link SET created = 0 WHERE sequence = 2", vec![LinkChanged]),
        ("manifest", "UPDATE audit_link SET manifest = x'00' WHERE sequence = 2", vec![LinkChanged]),
        ("link removed", "DELETE FROM audit_link WHERE sequence = 2", vec![LinkRemoved, RecordInserted]),
        (
            "link and record removed",
            "DELETE FROM audit_link WHERE sequence = 2; DELETE FROM audit_record WHERE sequence = 2",
            vec![LinkRemoved],
        ),
        (
            "numbers closed up",
            "DELETE FROM audit_link WHERE sequence = 2; DELETE FROM audit_record WHERE sequence = 2;
             UPDATE audit_link SET sequence = sequence - 1 WHERE sequence > 2;
             UPDATE audit_record SET sequence = sequence - 1 WHERE sequence > 2",
            vec![LinkReordered, LinkChanged, LinkChanged, LinkChanged, LinkChanged, TailRemoved],
        ),
        (
            "tail removed",
            "DELETE FROM audit_link WHERE sequence > 4; DELETE FROM audit_record WHERE sequence > 4",
            vec![TailRemoved],
        ),
        (
            "all removed",
            "DELETE FROM audit_link; DELETE FROM audit_record",
            vec![TailRemoved],
        ),
        (
            "end rewritten",
            "UPDATE audit_link SET link = x'0000000000000000000000000000000000000000000000000000000000000000' \
             WHERE sequence = 6",
            vec![LinkChanged, EndDiffers],
        ),
    ] {
        let server = with_chain().await;
        let ends = server.ends().await;
        server.database().execute_batch(sql).unwrap();
        // Whatever waits is looked at with the next change.
        if name == "slipped in" || name == "unlinked" {
            let next = server.app.store.audit(server.tenant, record("next"));
            next.await.unwrap();
            server.linked().await;
        }
        let verified = server.verify(&ends).await;
        let found: Vec<_> = verified.findings().map(|finding| finding.kind).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_removed_shows_only_against_a_kept_end() {
    let server = with_chain().await;
    let ends = server.ends().await;
    let sql =
        "DELETE FROM audit_link WHERE sequence > 4; DELETE FROM audit_record WHERE sequence > 4";
    server.database().execute_batch(sql).unwrap();
    assert_eq!(server.verify(&[]).await.findings().count(), 0);
    // The chain grows past the kept end: the link there is another one.
    for _ in 0..3 {
        server.app.audit.keep(None, record("later")).await.unwrap();
    }
    let verified = server.verify(&ends).await;
    let found: Vec<_> = verified.findings().map(|finding| finding.kind).collect();
    assert_eq!(found, [FindingKind::EndDiffers]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_cannot_continue_a_chain() {
    let server = with_chain().await;
    let other = TestServer::start().await;
    let verified = verify(&server.app.store, other.app.audit.key(), server.tenant, &[]);
    let verified = verified.await.unwrap();
    assert_eq!(verified.findings().count(), 6);
    assert!(
        verified
            .findings()
            .all(|finding| finding.kind == FindingKind::LinkChanged)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_links_and_none_is_lost() {
    let server = TestServer::start().await;
    let keeping = (0..500).map(|_| {
        let log = server.app.audit.clone();
        tokio::spawn(async move { log.keep(None, record("token.issue")).await })
    });
    for kept in keeping.collect::<Vec<_>>() {
        kept.await.unwrap().unwrap();
    }
    let verified = server.verify(&[]).await;
    assert_eq!(verified.findings().count(), 0);
    assert_eq!(verified.chains[0].records, 500);
    assert!(
        verified.chains[0].links < 100,
        "{} links",
        verified.chains[0].links
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_a_crash_left_unlinked_are_linked_at_the_next_start() {
    let mut server = TestServer::start().await;
    server.stop_background().await;
    let store = server.app.store.clone();
    let change = record("application.create");
    store.audit(server.tenant, change).await.unwrap();
    let refused = server.app.audit.keep(None, record("token.issue")).await;
    assert!(refused.is_err(), "nothing is issued without a record");
    assert_eq!(store.audit_waiting(server.tenant).await.unwrap(), 1);

    server.start_audit().await;
    server.linked().await;
    let verified = server.verify(&[]).await;
    assert_eq!(verified.findings().count(), 0);
    assert_eq!(verified.chains[0].records, 1);
}
