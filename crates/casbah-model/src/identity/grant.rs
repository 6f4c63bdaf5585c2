//! Codes, refresh tokens and sessions: what a person's sign-in leaves behind.

use std::net::IpAddr;

use super::Digest;
use crate::ids::{AppId, ObjectId, TenantId};
use crate::time::Timestamp;

/// A resource as a client asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedResource {
    /// The text of the request, without `/.default` or a scope's name. Version
    /// 1.0 tokens repeat it as their audience.
    pub requested: String,
    /// The resource application it names.
    pub app_id: AppId,
}

/// What a code's redeemer must know (RFC 7636).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeChallenge {
    /// The SHA-256 of the verifier, base64url as the client sent it.
    S256(String),
}

/// An authorisation code (RFC 6749 section 4.1.2), good once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// SHA-256 of the code; the code itself is not kept.
    pub hash: Digest,
    /// The person's tenant.
    pub tenant: TenantId,
    /// The client it was given to.
    pub client: AppId,
    /// The person.
    pub user: ObjectId,
    /// The redirect address of the request, which must come again.
    pub redirect_uri: String,
    /// The scopes that were granted: values of the resource's scopes, and
    /// `openid`, `profile`, `email`, `offline_access`.
    pub scopes: Vec<String>,
    /// What the scopes belong to; none where only OpenID scopes were asked.
    pub resource: Option<RequestedResource>,
    /// What the redeemer must know.
    pub challenge: Option<CodeChallenge>,
    /// To be repeated in the ID token.
    pub nonce: Option<String>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// How the person signed in (RFC 8176).
    pub methods: Vec<String>,
    /// Whether the ID token must say when.
    pub wants_auth_time: bool,
    /// When it was given.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was redeemed. Coming again, it ends the family of refresh tokens
    /// that it began.
    pub redeemed: Option<Timestamp>,
    /// The family of refresh tokens that it begins.
    pub family: ObjectId,
}

/// What kind of client a redirect address is registered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// A web application with a server, which can keep a secret.
    Web,
    /// An installed application, which cannot.
    PublicClient,
    /// A page without a server, which cannot either.
    Spa,
}

impl Platform {
    /// Whether a client of this kind has no credential.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::PublicClient | Self::Spa)
    }

    /// The name of the registration's member.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::PublicClient => "publicClient",
            Self::Spa => "spa",
        }
    }

    /// The platform of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Web, Self::PublicClient, Self::Spa]
            .into_iter()
            .find(|platform| platform.name() == name)
    }
}

/// A refresh token. A use gives a next one and moves the family on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token; the token itself is not kept.
    pub hash: Digest,
    /// All tokens that follow from one sign-in; they end together.
    pub family: ObjectId,
    /// The person's tenant.
    pub tenant: TenantId,
    /// The client it was given to.
    pub client: AppId,
    /// The platform of the redirect address that the sign-in came back to: whoever
    /// uses the token proves itself as the redeemer of the code had to.
    pub platform: Platform,
    /// The person.
    pub user: ObjectId,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// What the scopes belong to.
    pub resource: Option<RequestedResource>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// How the person signed in (RFC 8176).
    pub methods: Vec<String>,
    /// When it was given.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How often the family had moved on when it was given.
    pub generation: i64,
    /// When it was used first.
    pub used: Option<Timestamp>,
    /// When its family was ended.
    pub revoked: Option<Timestamp>,
}

/// A refresh token and where its family is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshStanding {
    /// The token.
    pub token: RefreshToken,
    /// The newest generation of the family.
    pub newest: i64,
    /// When the family moved on from the token's generation, by the first use of any token
    /// of it; none while that is the newest.
    pub passed: Option<Timestamp>,
}

impl RefreshStanding {
    /// The generation of the token that a use of this one gives. Only a use of the newest
    /// moves the family on; who comes a moment later is taken along.
    pub fn next_generation(&self) -> i64 {
        self.newest.max(self.token.generation.saturating_add(1))
    }
}

/// A person's signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub hash: Digest,
    /// The person's tenant.
    pub tenant: TenantId,
    /// The person.
    pub user: ObjectId,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// Whether the person was asked for a proof then: a company's provider may have known
    /// her from before.
    pub is_asked: bool,
    /// How the person signed in (RFC 8176).
    pub methods: Vec<String>,
    /// When it ends.
    pub expires: Timestamp,
    /// The browser, as it names itself.
    pub agent: String,
    /// The address that the person signed in from.
    pub source: Option<IpAddr>,
}
