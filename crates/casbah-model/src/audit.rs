//! The audit: who did what, and the links that prove that nothing was changed.
//!
//! Records are linked in batches. A link holds the digests of its records and the
//! link before it, and is signed; a chain of links belongs to a tenant and the node
//! that wrote it.

use std::net::IpAddr;

use uuid::Uuid;

use crate::identity::Digest;
use crate::ids::{AppId, KeyId, TenantId};
use crate::time::Timestamp;

/// How what was tried ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused, with the number of the reason where it has one.
    Refused {
        /// Entra's number of the reason (AADSTS).
        code: Option<u32>,
    },
}

impl Outcome {
    /// Its name, as it is stored and answered.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused { .. } => "refused",
        }
    }

    /// The number of the reason.
    pub const fn code(self) -> Option<u32> {
        match self {
            Self::Success => None,
            Self::Refused { code } => code,
        }
    }

    /// The outcome of this name; none for a name that no outcome has.
    pub fn from_parts(name: &str, code: Option<u32>) -> Option<Self> {
        match (name, code) {
            ("success", None) => Some(Self::Success),
            ("refused", code) => Some(Self::Refused { code }),
            _ => None,
        }
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// The address of the peer.
    pub source: Option<IpAddr>,
    /// The client's id of its call.
    pub correlation_id: Option<Uuid>,
    /// The server's id of the request.
    pub trace_id: Option<Uuid>,
}

/// What is kept of one thing that was done or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// When; of several alike, when the first was.
    pub timestamp: Timestamp,
    /// Who: a principal name, or an application's id.
    pub actor: String,
    /// The application through which a person acts, or that acts itself.
    pub app: Option<AppId>,
    /// What was done: `application.create`, say.
    pub action: String,
    /// To what.
    pub target: String,
    /// How it ended.
    pub outcome: Outcome,
    /// More about it, in words.
    pub detail: String,
    /// Where it came from.
    pub origin: Origin,
    /// How many alike this stands for.
    pub count: u32,
}

impl AuditRecord {
    /// What `actor` does to `target` now.
    pub fn new(actor: &str, action: &'static str, target: &impl ToString) -> Self {
        Self {
            timestamp: Timestamp::now(),
            actor: actor.to_owned(),
            app: None,
            action: action.to_owned(),
            target: target.to_string(),
            outcome: Outcome::Success,
            detail: String::new(),
            origin: Origin::default(),
            count: 1,
        }
    }

    /// The same, done at this time.
    #[must_use]
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// The same, from there.
    #[must_use]
    pub fn from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// The same, through this application.
    #[must_use]
    pub fn through(mut self, app: Option<AppId>) -> Self {
        self.app = app;
        self
    }

    /// The same, refused.
    #[must_use]
    pub fn refused(mut self, code: Option<u32>) -> Self {
        self.outcome = Outcome::Refused { code };
        self
    }

    /// The same, with more about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// The link that a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditPlace {
    /// The node that wrote the chain.
    pub node: KeyId,
    /// The link's number, from 1.
    pub sequence: i64,
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditRecord {
    /// Its id.
    pub id: KeyId,
    /// Its link; none until it is linked.
    pub place: Option<AuditPlace>,
    /// What it says.
    pub record: AuditRecord,
}

/// What a link follows: a chain's last link, or nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnd {
    /// Whose chain.
    pub tenant: TenantId,
    /// The node that writes it.
    pub node: KeyId,
    /// The number of the last link, 0 before the first.
    pub sequence: i64,
    /// The digest of the last link, zeros before the first.
    pub link: Digest,
}

impl ChainEnd {
    /// The end of a chain without a link.
    pub const fn empty(tenant: TenantId, node: KeyId) -> Self {
        Self {
            tenant,
            node,
            sequence: 0,
            link: Digest::new([0; 32]),
        }
    }
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLink {
    /// Its number, from 1.
    pub sequence: i64,
    /// The digest of the link before it.
    pub previous: Digest,
    /// When it was made.
    pub created: Timestamp,
    /// Ids and digests of its records, in their order.
    pub manifest: Vec<u8>,
    /// The number of the key that signed it.
    pub key: u32,
    /// Its own digest.
    pub link: Digest,
    /// Ed25519 (RFC 8032) over what the digest is of.
    pub signature: Vec<u8>,
}

/// The key of the audit, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditKeyRecord {
    /// Its number.
    pub version: u32,
    /// The seed of the key pair, sealed by a data key.
    pub sealed: crate::identity::Sealed,
    /// When it was made.
    pub created: Timestamp,
}

/// What the store cannot do itself, for it holds no keys.
pub trait AuditSealer: Send + Sync {
    /// The mark of a record that waits to be linked: who can write to the database
    /// but does not have the key cannot make one, so a record that was slipped in
    /// is not linked.
    fn mark(&self, tenant: TenantId, id: KeyId, record: &AuditRecord) -> Digest;

    /// The next link of a chain, over these records in this order.
    fn link(&self, after: &ChainEnd, records: &[(KeyId, AuditRecord)], now: Timestamp)
    -> AuditLink;
}
