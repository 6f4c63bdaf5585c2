//! Public keys parsed once, found by name.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;

use crate::algorithm::Algorithm;
use crate::jwk::{Jwk, JwkError, JwkSet};

/// A public key and the one algorithm that it is believed with.
#[derive(Clone)]
pub(crate) struct TrustedKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: ParsedPublicKey,
}

impl TrustedKey {
    fn new(jwk: &Jwk) -> Result<Self, JwkError> {
        Ok(Self {
            algorithm: jwk.algorithm(),
            key: jwk.parse()?,
        })
    }
}

/// The keys whose signatures are believed, by `kid`.
///
/// Only keys put here can verify a token: whatever a token's own header offers
/// as a key (`jwk`, `jku`, `x5u`, `x5c`) is never looked at (RFC 8725 3.10).
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: HashMap<String, TrustedKey>,
}

impl KeyRing {
    /// The keys of a set. A key that cannot be parsed is left out: one broken
    /// key must not take the others' tokens with it.
    pub fn from_set(set: &JwkSet) -> Self {
        let keys = set
            .keys
            .iter()
            .filter_map(|jwk| Some((jwk.kid.clone(), TrustedKey::new(jwk).ok()?)))
            .collect();
        Self { keys }
    }

    /// Adds a key, in place of one with the same name.
    ///
    /// # Errors
    /// [`JwkError::NotAKey`] when it is no public key of its type.
    pub fn insert(&mut self, jwk: &Jwk) -> Result<(), JwkError> {
        self.keys.insert(jwk.kid.clone(), TrustedKey::new(jwk)?);
        Ok(())
    }

    /// Whether a key of this name is known. A client that meets an unknown name
    /// reads the issuer's key set again.
    pub fn contains(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&TrustedKey> {
        self.keys.get(kid)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}
