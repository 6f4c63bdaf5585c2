//! Verifying all chains of a tenant.

use std::collections::BTreeSet;

use casbah_identity::audit::{AuditKey, ChainReport, ChainVerifier, ExpectedEnd, Finding};
use casbah_model::ids::TenantId;
use casbah_store::{Store, StoreError};

/// Links that are read at once.
const STEP: u32 = 200;
/// How many records outside all chains are named.
const STRAYS: u32 = 1_000;

/// What a tenant's chains hold, and what is wrong.
pub(crate) struct Verified {
    pub(crate) chains: Vec<ChainReport>,
    /// What is wrong outside the chains.
    pub(crate) strays: Vec<Finding>,
    /// Records that wait to be linked.
    pub(crate) waiting: i64,
}

impl Verified {
    /// All that is wrong.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        let chains = self.chains.iter();
        chains.flat_map(|chain| &chain.findings).chain(&self.strays)
    }
}

/// Verifies the chains that are there and those of which an end was kept, link by
/// link, so that it takes constant memory.
pub(crate) async fn verify(
    store: &Store,
    key: &AuditKey,
    tenant: TenantId,
    expected: &[ExpectedEnd],
) -> Result<Verified, StoreError> {
    let ends = store.audit_ends(tenant).await?;
    let nodes: BTreeSet<_> = ends
        .iter()
        .map(|end| end.node)
        .chain(expected.iter().map(|end| end.node))
        .collect();
    let mut chains = Vec::new();
    for node in nodes {
        let kept = expected.iter().find(|end| end.node == node).copied();
        let mut verifier = ChainVerifier::new(key, tenant, node, kept);
        let mut after = 0;
        loop {
            let links = store.audit_links(tenant, node, after, STEP).await?;
            let Some(last) = links.last() else {
                break;
            };
            after = last.link.sequence;
            for link in &links {
                let records = link.records.iter();
                let records: Vec<_> = records
                    .map(|record| (record.id, record.record.as_ref()))
                    .collect();
                verifier.link(&link.link, &records);
            }
        }
        chains.push(verifier.finish());
    }
    let strays = store.audit_strays(tenant, STRAYS).await?;
    Ok(Verified {
        chains,
        strays: strays.into_iter().map(Finding::stray).collect(),
        waiting: store.audit_waiting(tenant).await?,
    })
}
