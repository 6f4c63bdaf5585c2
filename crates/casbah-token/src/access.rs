//! What the issuer says in an access token, and its two wire forms.
//!
//! The claims are exactly those of Entra ID's access tokens (Microsoft's
//! "access token claims reference"); RFC 9068's names are used where the two
//! agree. A resource chooses the version of the tokens it receives.

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

use crate::encoding;
use crate::key::SignError;

/// The form of a token; its claim `ver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenVersion {
    /// `1.0`: `appid`, `idp`, `unique_name`, issuer ends in `/{tid}/`.
    V1,
    /// `2.0`: `azp`, `preferred_username`, issuer ends in `/{tid}/v2.0`.
    V2,
}

impl TokenVersion {
    /// The value of `ver`.
    pub const fn value(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

/// How the client proved itself; claim `appidacr` or `azpacr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    /// `0`: a public client proves nothing.
    Public,
    /// `1`: a client secret.
    Secret,
    /// `2`: a certificate, or another issuer's token.
    Certificate,
}

impl ClientAuth {
    /// The value of the claim.
    pub const fn value(self) -> &'static str {
        match self {
            Self::Public => "0",
            Self::Secret => "1",
            Self::Certificate => "2",
        }
    }
}

/// The application that asked for the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its client id (`appId`).
    pub id: String,
    /// How it proved itself.
    pub auth: ClientAuth,
}

/// From when to when a token is good, Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// `iat`
    pub issued_at: i64,
    /// `nbf`
    pub not_before: i64,
    /// `exp`
    pub expires_at: i64,
}

impl Life {
    /// How much earlier than its issue a token is good, seconds: the clock of a
    /// resource may be behind ours, and Entra's tokens begin as early.
    const EARLY: i64 = 300;

    /// A life of `seconds` from `now`.
    pub const fn starting(now: i64, seconds: i64) -> Self {
        Self {
            issued_at: now.saturating_sub(Self::EARLY),
            not_before: now.saturating_sub(Self::EARLY),
            expires_at: now.saturating_add(seconds),
        }
    }

    /// When a token of ours with this `iat` was signed, Unix seconds.
    pub const fn signed_at(issued_at: i64) -> i64 {
        issued_at.saturating_add(Self::EARLY)
    }
}

/// Whom the token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The application itself (client credentials).
    App {
        /// Object id of its service principal in the tenant.
        object_id: String,
    },
    /// A person, through the application.
    User(UserSubject),
}

/// A person in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSubject {
    /// Object id of the user.
    pub object_id: String,
    /// Pairwise subject: differs from resource to resource.
    pub subject: String,
    /// The sign-in name.
    pub upn: String,
    /// The display name.
    pub name: String,
    /// Delegated scopes that were consented to; becomes `scp`.
    pub scopes: Vec<String>,
    /// Authentication methods (RFC 8176), for example `pwd`, `mfa`.
    pub methods: Vec<String>,
    /// The address the person signed in from.
    pub ip_address: Option<String>,
}

/// An access token to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The form the resource asks for.
    pub version: TokenVersion,
    /// `aud`: in version 1.0 the resource as it was requested, in 2.0 its appId.
    pub audience: String,
    /// `iss`
    pub issuer: String,
    /// `tid`
    pub tenant: String,
    /// The application that asked.
    pub client: Client,
    /// Whom it speaks for.
    pub subject: Subject,
    /// App roles assigned to the subject; the claim is absent when none.
    pub roles: Vec<String>,
    /// From when to when.
    pub life: Life,
    /// `uti`, see [`token_id`].
    pub token_id: String,
}

/// A fresh random `uti`: 128 bits, base64url.
///
/// # Errors
/// [`SignError::Random`] when the system has no randomness.
pub fn token_id() -> Result<String, SignError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SignError::Random)?;
    Ok(encoding::encode(bytes))
}

impl AccessToken {
    /// The claims as they go into the token.
    pub(crate) fn wire<'a>(&'a self) -> Wire<'a> {
        let v1 = self.version == TokenVersion::V1;
        let in_v1 = |value: &'a str| v1.then_some(value);
        let in_v2 = |value: &'a str| (!v1).then_some(value);
        let client_auth = self.client.auth.value();
        let mut wire = Wire {
            aud: &self.audience,
            iss: &self.issuer,
            iat: self.life.issued_at,
            nbf: self.life.not_before,
            exp: self.life.expires_at,
            aio: opaque("aio", &self.token_id),
            appid: in_v1(&self.client.id),
            appidacr: in_v1(client_auth),
            azp: in_v2(&self.client.id),
            azpacr: in_v2(client_auth),
            rh: format!("1.{}.", opaque("rh", &self.token_id)),
            roles: &self.roles,
            tid: &self.tenant,
            uti: &self.token_id,
            ver: self.version.value(),
            ..Wire::default()
        };
        match &self.subject {
            Subject::App { object_id } => {
                wire.idp = in_v1(&self.issuer);
                wire.idtyp = Some("app");
                wire.oid = object_id;
                wire.sub = object_id;
            }
            Subject::User(user) => {
                wire.acr = in_v1("1");
                wire.amr = if v1 { &user.methods } else { &[] };
                wire.ipaddr = user.ip_address.as_deref().filter(|_| v1);
                wire.name = Some(&user.name);
                wire.oid = &user.object_id;
                wire.preferred_username = in_v2(&user.upn);
                wire.scp = Some(user.scopes.join(" "));
                wire.sub = &user.subject;
                wire.unique_name = in_v1(&user.upn);
                wire.upn = in_v1(&user.upn);
            }
        }
        wire
    }
}

/// Clients treat `aio` and `rh` as opaque and some expect them to be there.
/// They are digests of the token's own id and tell nothing more.
fn opaque(purpose: &str, token_id: &str) -> String {
    encoding::encode(digest(&SHA256, format!("{purpose}:{token_id}").as_bytes()))
}

#[derive(Default, Serialize)]
pub(crate) struct Wire<'a> {
    aud: &'a str,
    iss: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    aio: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appidacr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azpacr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idtyp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipaddr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    oid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    rh: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<String>,
    sub: &'a str,
    tid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a str>,
    uti: &'a str,
    ver: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{app_token, user_token};

    #[test]
    fn app_tokens_have_the_claims_of_their_version() {
        insta::assert_json_snapshot!("app_v1", app_token(TokenVersion::V1).wire());
        insta::assert_json_snapshot!("app_v2", app_token(TokenVersion::V2).wire());
    }

    #[test]
    fn user_tokens_have_the_claims_of_their_version() {
        insta::assert_json_snapshot!("user_v1", user_token(TokenVersion::V1).wire());
        insta::assert_json_snapshot!("user_v2", user_token(TokenVersion::V2).wire());
    }

    #[test]
    fn without_roles_the_claim_is_absent() {
        let mut token = app_token(TokenVersion::V1);
        token.roles.clear();
        let value = serde_json::to_value(token.wire()).unwrap();
        assert!(value.get("roles").is_none());
    }

    #[test]
    fn every_token_id_is_new() {
        let first = token_id().unwrap();
        assert_eq!(first.len(), 22);
        assert_ne!(first, token_id().unwrap());
    }
}
