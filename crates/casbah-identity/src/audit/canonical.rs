//! The bytes that are digested and signed.

use aws_lc_rs::digest::{Context, SHA256};
use casbah_model::audit::{AuditLink, AuditRecord, ChainEnd};
use casbah_model::identity::Digest;
use casbah_model::ids::{AppId, KeyId, TenantId};

/// What stands before the bytes of a record; the number is the form's.
const RECORD: &[u8] = b"casbah.audit.record.1";
/// What stands before the bytes of a link.
const LINK: &[u8] = b"casbah.audit.link.1";

/// An id and a digest.
const ENTRY_LEN: usize = 16 + 32;

/// Bytes in which every part is preceded by its length, so that no two different
/// rows of parts give the same bytes.
struct Parts(Vec<u8>);

impl Parts {
    fn of(form: &[u8]) -> Self {
        Self(Vec::with_capacity(256)).part(form)
    }

    fn part(mut self, bytes: &[u8]) -> Self {
        self.0
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// As the store keeps it, which has no U+0000.
    fn text(self, text: &str) -> Self {
        if text.contains('\0') {
            self.part(text.replace('\0', "\u{fffd}").as_bytes())
        } else {
            self.part(text.as_bytes())
        }
    }

    fn number(self, number: i64) -> Self {
        self.part(&number.to_be_bytes())
    }

    /// A part that may be absent, which is not the same as empty.
    fn maybe(mut self, bytes: Option<&[u8]>) -> Self {
        self.0.push(u8::from(bytes.is_some()));
        self.part(bytes.unwrap_or_default())
    }
}

/// The canonical bytes of a record.
pub(super) fn record_bytes(tenant: TenantId, id: KeyId, record: &AuditRecord) -> Vec<u8> {
    let origin = &record.origin;
    let source = origin.source.map(|source| source.to_string());
    Parts::of(RECORD)
        .part(tenant.uuid().as_bytes())
        .part(id.uuid().as_bytes())
        .number(record.timestamp.millis())
        .text(&record.actor)
        .maybe(
            record
                .app
                .map(AppId::uuid)
                .as_ref()
                .map(|id| id.as_bytes().as_slice()),
        )
        .text(&record.action)
        .text(&record.target)
        .text(record.outcome.name())
        .maybe(
            record
                .outcome
                .code()
                .map(u32::to_be_bytes)
                .as_ref()
                .map(<[u8; 4]>::as_slice),
        )
        .text(&record.detail)
        .maybe(source.as_deref().map(str::as_bytes))
        .maybe(
            origin
                .correlation_id
                .as_ref()
                .map(|id| id.as_bytes().as_slice()),
        )
        .maybe(origin.trace_id.as_ref().map(|id| id.as_bytes().as_slice()))
        .number(record.count.into())
        .0
}

/// The digest of a record, SHA-256 over its canonical bytes.
pub fn record_digest(tenant: TenantId, id: KeyId, record: &AuditRecord) -> Digest {
    sha256(&record_bytes(tenant, id, record))
}

/// Ids and digests of records, in their order.
pub(super) fn manifest(tenant: TenantId, records: &[(KeyId, AuditRecord)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(records.len() * ENTRY_LEN);
    for (id, record) in records {
        bytes.extend_from_slice(id.uuid().as_bytes());
        bytes.extend_from_slice(record_digest(tenant, *id, record).as_bytes());
    }
    bytes
}

/// The entries of a manifest; none if it is not whole.
pub(super) fn entries(manifest: &[u8]) -> Option<Vec<(KeyId, Digest)>> {
    if manifest.is_empty() || !manifest.len().is_multiple_of(ENTRY_LEN) {
        return None;
    }
    manifest
        .chunks_exact(ENTRY_LEN)
        .map(|entry| {
            let (id, digest) = entry.split_at_checked(16)?;
            let id = KeyId::new(uuid::Uuid::from_slice(id).ok()?);
            Some((id, Digest::new(digest.try_into().ok()?)))
        })
        .collect()
}

/// The bytes of a link, which are digested and signed.
pub(super) fn link_bytes(chain: &ChainEnd, link: &AuditLink) -> Vec<u8> {
    Parts::of(LINK)
        .part(chain.tenant.uuid().as_bytes())
        .part(chain.node.uuid().as_bytes())
        .number(link.sequence)
        .part(link.previous.as_bytes())
        .number(link.created.millis())
        .part(sha256(&link.manifest).as_bytes())
        .number(link.key.into())
        .0
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Digest::new(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form is on disk in every installation: it may not change unnoticed.
    #[test]
    fn a_record_has_the_digest_that_it_always_had() {
        let mut record = AuditRecord::new("anna", "application.create", &"target");
        record.timestamp = casbah_model::time::Timestamp(1_790_000_000_000);
        record.detail = "two\0words".to_owned();
        record.origin.source = "2001:db8::1".parse().ok();
        let tenant = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let id = "22222222-2222-4222-8222-222222222222".parse().unwrap();
        let digest = record_digest(tenant, id, &record);
        let first: [u8; 8] = digest.as_bytes()[..8].try_into().unwrap();
        assert_eq!(u64::from_be_bytes(first), 0xdc87_5194_1349_4861);
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let bytes = |parts: [&str; 2]| Parts::of(b"x").text(parts[0]).text(parts[1]).0;
        assert_ne!(bytes(["ab", "c"]), bytes(["a", "bc"]));
        assert_ne!(
            Parts::of(b"x").maybe(None).0,
            Parts::of(b"x").maybe(Some(b"")).0
        );
    }
}
