//! Invitations: a link, good once and for a week, with which a person chooses the first
//! password.

use casbah_model::identity::Digest;
use casbah_model::ids::TenantId;
use casbah_model::time::{DAY_MS, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::random::{NoRandomness, digest_of};
use crate::signin::{OpaqueKind, fresh_opaque};

/// How long a link is good, days.
const LIFE_DAYS: i64 = 7;

/// A link that was just made: the only moment its text exists.
#[derive(Debug)]
pub struct InvitationLink {
    /// What the link's address ends with.
    pub text: SecretString,
    /// What is kept of it.
    pub hash: Digest,
    /// When it ends.
    pub expires: Timestamp,
}

/// A fresh link for a person of the tenant.
///
/// # Errors
/// [`NoRandomness`]
pub fn new_invitation(tenant: TenantId, now: Timestamp) -> Result<InvitationLink, NoRandomness> {
    let text = fresh_opaque(OpaqueKind::Invitation, tenant)?;
    Ok(InvitationLink {
        hash: digest_of(text.expose_secret()),
        expires: now.plus_millis(LIFE_DAYS * DAY_MS),
        text,
    })
}
