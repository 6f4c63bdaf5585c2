//! Signing and verification of JSON Web Tokens, key sets and claims.
//!
//! The identity service signs with a [`SigningKey`], every resource and every
//! client checks with [`verify`]: one signer, one verifier, and the two are
//! tested against each other and against another implementation. Nothing here
//! knows of HTTP, databases or tenants; a tenant is the text of a claim.
//!
//! Formats: JWS compact serialisation (RFC 7515), JWK sets (RFC 7517 and 7518),
//! JWT (RFC 7519) and its best current practice (RFC 8725). The claims are those
//! of Entra ID's access tokens, versions 1.0 and 2.0.
//!
//! ```
//! use casbah_token::{
//!     AccessToken, Client, ClientAuth, IssuerPattern, KeyRing, Life, Policy, SigningKey, Subject,
//!     TokenVersion, token_id, verify,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = 1_790_000_000;
//! let key = SigningKey::generate(now)?;
//! let token = key.sign_access(&AccessToken {
//!     version: TokenVersion::V1,
//!     audience: "05a65629-4c1b-48c1-a78b-804c4abdd4af".into(),
//!     issuer: "https://casbah.example/4f8e/".into(),
//!     tenant: "4f8e".into(),
//!     client: Client { id: "9d7c".into(), auth: ClientAuth::Secret },
//!     subject: Subject::App { object_id: "c0de".into() },
//!     roles: vec!["investigation.read".into()],
//!     life: Life::starting(now, 3599),
//!     token_id: token_id()?,
//! })?;
//!
//! let mut keys = KeyRing::default();
//! keys.insert(&key.jwk())?;
//! let policy = Policy::new(
//!     vec![IssuerPattern::new("https://casbah.example/{tenantid}/")?],
//!     vec!["05a65629-4c1b-48c1-a78b-804c4abdd4af".into()],
//! );
//! let claims = verify(&token, &keys, &policy, now)?;
//! assert_eq!(claims.roles, ["investigation.read"]);
//! # Ok(())
//! # }
//! ```

mod access;
mod algorithm;
mod assertion;
mod certificate;
mod claims;
mod client_certificate;
mod client_key;
mod compact;
mod encoding;
mod id_token;
mod inspect;
mod issuer;
mod issuer_keys;
mod json;
mod jwk;
mod key;
mod keyring;
mod pair;
mod provider_token;
mod public_key;
mod verify;

pub use access::{
    AccessToken, Client, ClientAuth, Life, Subject, TokenVersion, UserSubject, token_id,
};
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use assertion::ClientAssertion;
pub use certificate::{Thumbprint, thumbprint_sha1};
pub use claims::{CallerKind, ClaimError, Claims};
pub use client_certificate::{CertificateError, ClientCertificate};
pub use client_key::{ClientKey, ClientKeyError};
pub use compact::{FormatError, MAX_TOKEN_BYTES, Part};
pub use id_token::IdToken;
pub use inspect::{Unverified, decode_unverified};
pub use issuer::{IssuerPattern, IssuerPatternError};
pub use issuer_keys::IssuerKeys;
pub use jwk::{Jwk, JwkError, JwkSet, PublicKey};
pub use key::{KeyError, SignError, SigningKey};
pub use keyring::KeyRing;
pub use provider_token::ProviderToken;
pub use verify::{Leeway, Policy, VerifyError, verify};

#[cfg(test)]
mod testing;
