//! Records of one link that changed nothing in the store, such as tokens, packed into
//! the link's own row.
//!
//! A row with its index entries for each would cost a good part of what a token's
//! signature costs; a link of many costs one row. A pack is postcard
//! (<https://postcard.jamesmunns.com/wire-format>) behind one byte that numbers the
//! form.

use std::borrow::Cow;
use std::net::IpAddr;

use casbah_model::audit::{AuditRecord, Origin, Outcome};
use casbah_model::ids::{AppId, KeyId};
use casbah_model::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The number of the form below.
const FORM: u8 = 1;

/// A record as a pack has it; the order of the members is the form.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    id: [u8; 16],
    timestamp: i64,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    app: Option<[u8; 16]>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    target: Cow<'a, str>,
    outcome: PackedOutcome,
    #[serde(borrow)]
    detail: Cow<'a, str>,
    source: Option<IpAddr>,
    correlation_id: Option<[u8; 16]>,
    trace_id: Option<[u8; 16]>,
    count: u32,
}

#[derive(Serialize, Deserialize)]
enum PackedOutcome {
    Success,
    Refused(Option<u32>),
}

/// Packs records; none if there are none.
pub(super) fn pack(records: &[(KeyId, AuditRecord)]) -> Result<Option<Vec<u8>>, postcard::Error> {
    if records.is_empty() {
        return Ok(None);
    }
    let packed: Vec<_> = records.iter().map(Packed::of).collect();
    postcard::to_extend(&packed, vec![FORM]).map(Some)
}

/// The records of a pack; none if it is not whole.
pub(super) fn unpack(pack: &[u8]) -> Option<Vec<(KeyId, AuditRecord)>> {
    let (form, bytes) = pack.split_first()?;
    if *form != FORM {
        return None;
    }
    let (packed, rest): (Vec<Packed<'_>>, _) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty()
        .then(|| packed.into_iter().map(Packed::record).collect())
}

impl<'a> Packed<'a> {
    fn of((id, record): &'a (KeyId, AuditRecord)) -> Self {
        let origin = &record.origin;
        Self {
            id: id.uuid().into_bytes(),
            timestamp: record.timestamp.millis(),
            actor: stored(&record.actor),
            app: record.app.map(|app| app.uuid().into_bytes()),
            action: stored(&record.action),
            target: stored(&record.target),
            outcome: match record.outcome {
                Outcome::Success => PackedOutcome::Success,
                Outcome::Refused { code } => PackedOutcome::Refused(code),
            },
            detail: stored(&record.detail),
            source: origin.source,
            correlation_id: origin.correlation_id.map(Uuid::into_bytes),
            trace_id: origin.trace_id.map(Uuid::into_bytes),
            count: record.count,
        }
    }

    fn record(self) -> (KeyId, AuditRecord) {
        let record = AuditRecord {
            timestamp: Timestamp(self.timestamp),
            actor: self.actor.into_owned(),
            app: self.app.map(|id| AppId::new(Uuid::from_bytes(id))),
            action: self.action.into_owned(),
            target: self.target.into_owned(),
            outcome: match self.outcome {
                PackedOutcome::Success => Outcome::Success,
                PackedOutcome::Refused(code) => Outcome::Refused { code },
            },
            detail: self.detail.into_owned(),
            origin: Origin {
                source: self.source,
                correlation_id: self.correlation_id.map(Uuid::from_bytes),
                trace_id: self.trace_id.map(Uuid::from_bytes),
            },
            count: self.count,
        };
        (KeyId::new(Uuid::from_bytes(self.id)), record)
    }
}

/// As rows keep it, which have no U+0000.
fn stored(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<(KeyId, AuditRecord)> {
        let mut refused = AuditRecord::new("anna\0", "sign_in", &"x").refused(Some(50_126));
        refused.origin = Origin {
            source: "2001:db8::1".parse().ok(),
            correlation_id: Some(Uuid::new_v4()),
            trace_id: Some(Uuid::new_v4()),
        };
        let issued = AuditRecord::new("app", "token.issue", &"y")
            .through(Some(AppId::random()))
            .at(Timestamp(-1));
        let bare = AuditRecord::new("", "a", &"").refused(None);
        [refused, issued, bare]
            .into_iter()
            .map(|record| (KeyId::random(), record))
            .collect()
    }

    #[test]
    fn what_is_packed_comes_out_as_a_row_would_keep_it() {
        let mut records = records();
        let packed = pack(&records).unwrap().unwrap();
        records[0].1.actor = "anna\u{fffd}".to_owned();
        assert_eq!(unpack(&packed), Some(records));
        assert_eq!(pack(&[]).unwrap(), None);
    }

    #[test]
    fn a_pack_that_was_cut_or_added_to_is_none() {
        let packed = pack(&records()).unwrap().unwrap();
        for length in 0..packed.len() {
            assert_eq!(unpack(&packed[..length]), None, "{length}");
        }
        let longer = [packed.as_slice(), &[0]].concat();
        assert_eq!(unpack(&longer), None);
        let another = [&[FORM + 1], &packed[1..]].concat();
        assert_eq!(unpack(&another), None);
    }

    /// The form is on disk in every installation: it may not change unnoticed.
    #[test]
    fn a_pack_has_the_bytes_that_it_always_had() {
        let id = KeyId::new(Uuid::from_bytes([7; 16]));
        let record = AuditRecord::new("ab", "c", &"")
            .at(Timestamp(1))
            .refused(Some(7));
        let packed = pack(&[(id, record)]).unwrap().unwrap();
        let mut expected = vec![FORM, 1];
        expected.extend([7; 16]);
        expected.extend(*b"\x02\x02ab\x00\x01c\x00\x01\x01\x07\x00\x00\x00\x00\x01");
        assert_eq!(packed, expected);
    }
}
