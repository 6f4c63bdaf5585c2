//! What a person proves herself with beside a password, and a sign-in under way.

use super::{Digest, Sealed};
use crate::ids::{ObjectId, TenantId};
use crate::time::Timestamp;

/// An authenticator app that shows codes (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorApp {
    /// The person's tenant.
    pub tenant: TenantId,
    /// The person.
    pub user: ObjectId,
    /// The shared secret, sealed.
    pub secret: Sealed,
    /// The latest step of time whose code was used; no earlier one is good any more.
    pub last_step: i64,
    /// When it was added.
    pub created: Timestamp,
}

/// A passkey (Web Authentication level 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The person's tenant.
    pub tenant: TenantId,
    /// The credential's id.
    pub id: Vec<u8>,
    /// The person.
    pub user: ObjectId,
    /// The name that the person gave it.
    pub name: String,
    /// Its public key and counters, as the library keeps them.
    pub record: String,
    /// When it was added.
    pub created: Timestamp,
    /// When it was used last.
    pub last_used: Option<Timestamp>,
}

/// All second factors of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecondFactors {
    /// The authenticator app.
    pub app: Option<AuthenticatorApp>,
    /// Passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// How many recovery codes are left, each good once in place of the others.
    pub recovery_codes: u64,
}

impl SecondFactors {
    /// Whether the person has none; recovery codes alone are none.
    pub fn is_empty(&self) -> bool {
        self.app.is_none() && self.passkeys.is_empty()
    }
}

/// What a sign-in under way waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The password was right; a second factor is missing.
    SecondFactor,
    /// All is proven, but the password was given by someone else.
    NewPassword,
    /// A passkey in place of everything else.
    Passkey,
    /// A person who is signed in adds a passkey.
    AddPasskey,
}

impl StepKind {
    const ALL: [Self; 4] = [
        Self::SecondFactor,
        Self::NewPassword,
        Self::Passkey,
        Self::AddPasskey,
    ];

    /// Its name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::NewPassword => "new_password",
            Self::Passkey => "passkey",
            Self::AddPasskey => "add_passkey",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A sign-in between two pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInStep {
    /// SHA-256 of the cookie's value.
    pub hash: Digest,
    /// The person's tenant; [`SignInStep::NOBODYS`] before a person is known.
    pub tenant: TenantId,
    /// The person, once known.
    pub user: Option<ObjectId>,
    /// What it waits for.
    pub kind: StepKind,
    /// What was asked of the browser, or by what the person is proven so far.
    pub state: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl SignInStep {
    /// The tenant of a sign-in before a person is known.
    pub const NOBODYS: TenantId = TenantId::new(uuid::Uuid::nil());
}
