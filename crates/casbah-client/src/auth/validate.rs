//! Checking a token as a resource does: with the issuer's published keys.

use std::time::{SystemTime, UNIX_EPOCH};

use casbah_token::{
    Claims, IssuerPattern, IssuerPatternError, JwkSet, KeyRing, Policy, VerifyError, verify,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::RwLock;

use crate::auth::authority::Authority;
use crate::error::Error;
use crate::transport::{Repeat, Transport};

/// A token could not be checked, or is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// The issuer's documents could not be read.
    #[error(transparent)]
    Fetch(#[from] Error),
    /// The issuer's metadata name no usable issuer.
    #[error(transparent)]
    Metadata(#[from] IssuerPatternError),
    /// The token is not to be believed.
    #[error(transparent)]
    Token(#[from] VerifyError),
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Checks tokens of one tenant: signature, issuer, tenant, audience and times.
///
/// Issuers and keys are read from the metadata documents of both endpoint
/// versions (RFC 8414), because a resource may get tokens of either. Keys are
/// read again when a token names one that is not known: issuers rotate them.
#[derive(Debug)]
pub struct TokenValidator {
    transport: Transport,
    issuers: Vec<IssuerPattern>,
    key_addresses: Vec<String>,
    keys: RwLock<KeyRing>,
}

impl TokenValidator {
    /// Reads metadata and keys of `tenant` (id, domain, or `common` for tokens
    /// of any tenant).
    ///
    /// # Errors
    /// [`ValidateError::Fetch`] and [`ValidateError::Metadata`].
    pub async fn fetch(
        transport: Transport,
        authority: &Authority,
        tenant: &str,
    ) -> Result<Self, ValidateError> {
        let mut issuers = Vec::new();
        let mut key_addresses = Vec::new();
        for path in [
            "v2.0/.well-known/openid-configuration",
            ".well-known/openid-configuration",
        ] {
            let address = authority.endpoint(tenant, path);
            let metadata: Metadata = get_json(&transport, &address).await?;
            issuers.push(IssuerPattern::new(&metadata.issuer)?);
            if !key_addresses.contains(&metadata.jwks_uri) {
                key_addresses.push(metadata.jwks_uri);
            }
        }
        let keys = fetch_keys(&transport, &key_addresses).await?;
        Ok(Self {
            transport,
            issuers,
            key_addresses,
            keys: RwLock::new(keys),
        })
    }

    /// Checks `token` for any of `audiences`.
    ///
    /// # Errors
    /// [`ValidateError::Token`] names what is wrong.
    pub async fn validate(
        &self,
        token: &str,
        audiences: Vec<String>,
    ) -> Result<Claims, ValidateError> {
        let policy = Policy::new(self.issuers.clone(), audiences);
        let now = unix_seconds();
        let first = verify(token, &*self.keys.read().await, &policy, now);
        if let Err(VerifyError::UnknownKey { .. }) = first {
            let keys = fetch_keys(&self.transport, &self.key_addresses).await?;
            *self.keys.write().await = keys;
            return Ok(verify(token, &*self.keys.read().await, &policy, now)?);
        }
        Ok(first?)
    }
}

async fn fetch_keys(transport: &Transport, addresses: &[String]) -> Result<KeyRing, Error> {
    let mut keys = KeyRing::default();
    for address in addresses {
        let set: JwkSet = get_json(transport, address).await?;
        for jwk in &set.keys {
            // A key that cannot be read must not take the others with it.
            drop(keys.insert(jwk));
        }
    }
    Ok(keys)
}

async fn get_json<T: DeserializeOwned>(transport: &Transport, address: &str) -> Result<T, Error> {
    let response = transport
        .send(Repeat::Safe, |http| http.get(address))
        .await?;
    if !response.status().is_success() {
        return Err(Error::answer(format!(
            "HTTP {} for {address}",
            response.status().as_u16()
        )));
    }
    Ok(response.json().await?)
}

fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}
