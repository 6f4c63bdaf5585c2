//! Refusals, of which anybody can cause as many as they like.
//!
//! The first of a kind from a source is kept at once; those alike within the same
//! minute become one record with their number. A source has few kinds in a minute,
//! and a minute has few kinds in all; what is beyond is counted as one kind. So what
//! a flood leaves does not depend on how long or how wide it is, but on the minutes
//! it lasts.

use std::collections::HashMap;
use std::net::IpAddr;

use casbah_model::audit::{AuditRecord, Outcome};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;

use crate::identity::source::Source;

/// How long refusals are counted together, milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Kinds of one source that a window tells apart.
const KINDS_OF_A_SOURCE: usize = 16;
/// Kinds that a window tells apart.
const KINDS: usize = 256;
/// The longest text of a stranger that is kept, characters.
const LONGEST: usize = 200;

/// What makes two refusals alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    tenant: TenantId,
    source: Option<IpAddr>,
    action: String,
    code: Option<u32>,
    actor: String,
}

/// Refusals of the present window.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    began: Option<Timestamp>,
    alike: HashMap<Kind, Alike>,
    of_source: HashMap<Option<IpAddr>, usize>,
}

/// Refusals alike that were not kept yet.
#[derive(Debug)]
struct Alike {
    first: AuditRecord,
    count: u32,
}

impl Refusals {
    /// A record that is to be kept now; none for one that is only counted.
    pub(super) fn admit(&mut self, tenant: TenantId, record: AuditRecord) -> Option<AuditRecord> {
        let Outcome::Refused { code } = record.outcome else {
            return Some(record);
        };
        let record = shortened(record);
        self.began.get_or_insert(record.timestamp);
        let source = record.origin.source.map(|source| Source(source).bucket());
        let kind = Kind {
            tenant,
            source,
            action: record.action.clone(),
            code,
            actor: record.actor.clone(),
        };
        if let Some(alike) = self.alike.get_mut(&kind) {
            if alike.count == 0 {
                alike.first = record;
            }
            alike.count = alike.count.saturating_add(1);
            return None;
        }
        let kinds = self.of_source.get(&source).copied().unwrap_or_default();
        if kinds < KINDS_OF_A_SOURCE && self.alike.len() < KINDS {
            *self.of_source.entry(source).or_default() += 1;
            let first = record.clone();
            self.alike.insert(kind, Alike { first, count: 0 });
            return Some(record);
        }
        let (kind, record) = beyond(kind, record, self.alike.len() < 2 * KINDS);
        let alike = self.alike.entry(kind).or_insert(Alike {
            first: record,
            count: 0,
        });
        alike.count = alike.count.saturating_add(1);
        None
    }

    /// What was counted, if the window is over by now.
    pub(super) fn ended(&mut self, now: Timestamp) -> Vec<(TenantId, AuditRecord)> {
        let is_over = self
            .began
            .is_some_and(|began| began.plus_millis(WINDOW_MS) <= now);
        if is_over { self.all() } else { Vec::new() }
    }

    /// What was counted.
    pub(super) fn all(&mut self) -> Vec<(TenantId, AuditRecord)> {
        self.began = None;
        self.of_source.clear();
        let counted = self.alike.drain().filter(|(_, alike)| alike.count > 0);
        counted
            .map(|(kind, Alike { mut first, count })| {
                first.count = count;
                (kind.tenant, first)
            })
            .collect()
    }
}

/// A refusal beyond those that are told apart: by its source if there is room for
/// that, else only by its tenant.
fn beyond(kind: Kind, mut record: AuditRecord, has_room: bool) -> (Kind, AuditRecord) {
    "several".clone_into(&mut record.actor);
    record.app = None;
    "several".clone_into(&mut record.target);
    "more refusals than are kept one by one".clone_into(&mut record.detail);
    record.outcome = Outcome::Refused { code: None };
    record.origin.correlation_id = None;
    record.origin.trace_id = None;
    if !has_room {
        record.origin.source = None;
    }
    let kind = Kind {
        tenant: kind.tenant,
        source: kind.source.filter(|_| has_room),
        action: kind.action,
        code: None,
        actor: record.actor.clone(),
    };
    (kind, record)
}

fn shortened(mut record: AuditRecord) -> AuditRecord {
    for text in [&mut record.actor, &mut record.target, &mut record.detail] {
        if text.chars().nth(LONGEST).is_some() {
            *text = text.chars().take(LONGEST).collect();
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn refusal(actor: &str, source: u32) -> AuditRecord {
        let mut record = AuditRecord::new(actor, "token.refuse", &"x")
            .at(NOW)
            .refused(Some(7_000_215));
        record.origin.source = Some(IpAddr::from(source.to_be_bytes()));
        record
    }

    #[test]
    fn those_alike_become_one_record_with_their_number() {
        let mut refusals = Refusals::default();
        let tenant = TenantId::random();
        assert!(refusals.admit(tenant, refusal("a", 1)).is_some());
        for _ in 0..500 {
            assert_eq!(refusals.admit(tenant, refusal("a", 1)), None);
        }
        assert!(
            refusals.admit(tenant, refusal("a", 2)).is_some(),
            "elsewhere"
        );
        assert!(refusals.ended(NOW.plus_millis(59_999)).is_empty());
        let ended = refusals.ended(NOW.plus_millis(60_000));
        assert_eq!(ended.len(), 1);
        assert_eq!((ended[0].1.count, ended[0].1.actor.as_str()), (500, "a"));
        let next = refusals.admit(tenant, refusal("a", 1));
        assert!(next.is_some(), "a new minute");
    }

    #[test]
    fn a_flood_of_names_and_addresses_leaves_a_bounded_number_and_loses_no_count() {
        for sources in [1, 100_000] {
            let mut refusals = Refusals::default();
            let tenant = TenantId::random();
            let mut kept = 0;
            for index in 0..100_000_u32 {
                let record = refusal(&index.to_string(), index % sources);
                kept += u32::from(refusals.admit(tenant, record).is_some());
            }
            let ended = refusals.all();
            assert!(kept as usize + ended.len() <= 3 * KINDS, "{kept}");
            let counted: u32 = ended.iter().map(|(_, record)| record.count).sum();
            assert_eq!(kept + counted, 100_000);
        }
    }

    #[test]
    fn what_succeeds_is_always_kept() {
        let mut refusals = Refusals::default();
        for _ in 0..1_000 {
            let record = AuditRecord::new("a", "token.issue", &"x");
            assert!(refusals.admit(TenantId::random(), record).is_some());
        }
    }
}
