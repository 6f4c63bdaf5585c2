//! Verifying one chain, link by link.

use std::collections::{HashMap, HashSet};
use std::fmt;

use casbah_model::audit::{AuditLink, AuditRecord, ChainEnd};
use casbah_model::identity::Digest;
use casbah_model::ids::{KeyId, TenantId};

use super::canonical::{entries, record_digest};
use super::key::AuditKey;

/// The end of a chain that was kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedEnd {
    /// The node that writes the chain.
    pub node: KeyId,
    /// The number of its last link then.
    pub sequence: i64,
    /// That link's digest.
    pub link: Digest,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A record does not say what it said.
    RecordChanged,
    /// A record is gone.
    RecordRemoved,
    /// A record that the program did not write.
    RecordInserted,
    /// A record stands in another's place.
    RecordReordered,
    /// A link was changed, or not signed by this installation.
    LinkChanged,
    /// Links are gone from within the chain.
    LinkRemoved,
    /// A link does not follow the one before it.
    LinkReordered,
    /// The chain ends before the end that was kept.
    TailRemoved,
    /// The chain has another link where the kept end was.
    EndDiffers,
}

impl FindingKind {
    /// Its name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecordChanged => "recordChanged",
            Self::RecordRemoved => "recordRemoved",
            Self::RecordInserted => "recordInserted",
            Self::RecordReordered => "recordReordered",
            Self::LinkChanged => "linkChanged",
            Self::LinkRemoved => "linkRemoved",
            Self::LinkReordered => "linkReordered",
            Self::TailRemoved => "tailRemoved",
            Self::EndDiffers => "endDiffers",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// In whose chain; none for a record outside all chains.
    pub node: Option<KeyId>,
    /// In which link, where it is in one.
    pub sequence: Option<i64>,
    /// Which record, where it is one.
    pub record: Option<KeyId>,
}

impl Finding {
    /// A record outside all chains.
    pub const fn stray(record: KeyId) -> Self {
        Self {
            kind: FindingKind::RecordInserted,
            node: None,
            sequence: None,
            record: Some(record),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(record) = self.record {
            write!(f, "record {record} ")?;
        } else if let Some(sequence) = self.sequence {
            write!(f, "link {sequence} ")?;
        }
        f.write_str(match self.kind {
            FindingKind::RecordChanged => "does not say what it said when it was linked",
            FindingKind::RecordRemoved => "was linked and is gone",
            FindingKind::RecordInserted => "was not written by this program",
            FindingKind::RecordReordered => "is not in the place that it was linked in",
            FindingKind::LinkChanged => "was changed, or was not signed by this installation",
            FindingKind::LinkRemoved => "is gone",
            FindingKind::LinkReordered => "does not follow the link before it",
            FindingKind::TailRemoved => "is the end that was kept, and the chain ends before it",
            FindingKind::EndDiffers => "is not the link that was kept",
        })?;
        match (self.record, self.sequence) {
            (Some(_), Some(sequence)) => write!(f, " (link {sequence})"),
            _ => Ok(()),
        }
    }
}

/// What a chain holds, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The last link that was seen.
    pub end: ChainEnd,
    /// How many links were seen.
    pub links: u64,
    /// How many records their manifests name.
    pub records: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Verifies a chain whose links are handed to it in their order.
#[derive(Debug)]
pub struct ChainVerifier<'a> {
    key: &'a AuditKey,
    expected: Option<ExpectedEnd>,
    report: ChainReport,
}

impl<'a> ChainVerifier<'a> {
    /// Begins with a chain's first link.
    pub fn new(
        key: &'a AuditKey,
        tenant: TenantId,
        node: KeyId,
        expected: Option<ExpectedEnd>,
    ) -> Self {
        Self {
            key,
            expected,
            report: ChainReport {
                end: ChainEnd::empty(tenant, node),
                links: 0,
                records: 0,
                findings: Vec::new(),
            },
        }
    }

    /// Verifies the next link with the records that say they belong to it, by their
    /// position; a record that cannot be read is none.
    pub fn link(&mut self, link: &AuditLink, records: &[(KeyId, Option<&AuditRecord>)]) {
        let end = self.report.end;
        for sequence in (end.sequence + 1..link.sequence).take(100) {
            self.find(FindingKind::LinkRemoved, sequence, None);
        }
        let follows = link.sequence == end.sequence + 1;
        if follows && link.previous != end.link {
            self.find(FindingKind::LinkReordered, link.sequence, None);
        }
        self.report.links += 1;
        let manifest = entries(&link.manifest).filter(|_| self.key.signed(&end, link));
        match manifest {
            Some(manifest) => self.records(link.sequence, &manifest, records),
            None => self.find(FindingKind::LinkChanged, link.sequence, None),
        }
        if let Some(expected) = self.expected
            && expected.sequence == link.sequence
            && expected.link != link.link
        {
            self.find(FindingKind::EndDiffers, link.sequence, None);
        }
        self.report.end.sequence = link.sequence;
        self.report.end.link = link.link;
    }

    /// What was found.
    pub fn finish(mut self) -> ChainReport {
        if let Some(expected) = self.expected
            && expected.sequence > self.report.end.sequence
        {
            self.find(FindingKind::TailRemoved, expected.sequence, None);
        }
        self.report
    }

    fn records(
        &mut self,
        sequence: i64,
        manifest: &[(KeyId, Digest)],
        records: &[(KeyId, Option<&AuditRecord>)],
    ) {
        let tenant = self.report.end.tenant;
        self.report.records += manifest.len() as u64;
        let found: HashMap<_, _> = records.iter().copied().collect();
        for (id, digest) in manifest {
            match found.get(id) {
                None => self.find(FindingKind::RecordRemoved, sequence, Some(*id)),
                Some(Some(record)) if record_digest(tenant, *id, record) == *digest => {}
                Some(_) => self.find(FindingKind::RecordChanged, sequence, Some(*id)),
            }
        }
        let linked: HashMap<_, _> = (0_usize..)
            .zip(manifest)
            .map(|(place, (id, _))| (*id, place))
            .collect();
        let mut seen = HashSet::new();
        for (id, _) in records {
            if !linked.contains_key(id) || !seen.insert(*id) {
                self.find(FindingKind::RecordInserted, sequence, Some(*id));
            }
        }
        // Those that are there must stand in the order that they were linked in.
        let mut before = None;
        for (id, _) in records {
            let Some(place) = linked.get(id) else {
                continue;
            };
            if before.is_some_and(|before| before > place) {
                self.find(FindingKind::RecordReordered, sequence, Some(*id));
            }
            before = before.max(Some(place));
        }
    }

    fn find(&mut self, kind: FindingKind, sequence: i64, record: Option<KeyId>) {
        self.report.findings.push(Finding {
            kind,
            node: Some(self.report.end.node),
            sequence: Some(sequence),
            record,
        });
    }
}
