//! How a confidential client proves itself: by a secret, or by an assertion that it
//! signed with the key of a certificate of its own (RFC 7523).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::identity::{ClientSecret, KeyCredential};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::{ClientAssertion, ClientCertificate};
use secrecy::{ExposeSecret, SecretString};

use crate::authority::Authority;
use crate::error::AadError;
use crate::secret::Peppers;

/// How far the clocks of two machines may be apart, seconds.
const LEEWAY: i64 = 300;

/// The longest life of an assertion, seconds. Libraries make them for ten minutes.
const LONGEST_LIFE: i64 = 24 * 3600;

/// What a client's proof is checked against.
#[derive(Debug, Clone, Copy)]
pub struct ProofFacts<'a> {
    /// The application's secrets.
    pub secrets: &'a [ClientSecret],
    /// The application's certificates.
    pub certificates: &'a [KeyCredential],
    /// What secrets were hashed with.
    pub peppers: &'a Peppers,
    /// Where the request came to: assertions are for one place.
    pub place: &'a AssertionPlace,
}

/// The names by which an assertion may mean this identity service and tenant.
#[derive(Debug, Clone, Default)]
pub struct AssertionPlace(Vec<String>);

impl AssertionPlace {
    /// The token endpoints and issuers of a tenant, by its id and by its domains.
    pub fn tenant(authority: &Authority, id: TenantId, domains: &[String]) -> Self {
        let (origin, id) = (authority.origin(), id.to_string());
        let mut names: Vec<_> = std::iter::once(id.as_str())
            .chain(domains.iter().map(String::as_str))
            .flat_map(|name| endpoints(origin, name))
            .collect();
        names.push(format!("{origin}/{id}/v2.0"));
        names.push(format!("{origin}/{id}/"));
        Self(names)
    }

    /// The token endpoints of `common` or `organizations`.
    pub fn alias(authority: &Authority, alias: &str) -> Self {
        Self(endpoints(authority.origin(), alias).to_vec())
    }
}

fn endpoints(origin: &str, tenant: &str) -> [String; 2] {
    ["oauth2/v2.0/token", "oauth2/token"].map(|path| format!("{origin}/{tenant}/{path}"))
}

/// Whether `secret` is one of the application's and within its time. Every
/// stored secret is compared, so that the time tells nothing of which matched.
///
/// # Errors
/// [`AadError::SecretExpired`] only for who knows the secret, else
/// [`AadError::WrongSecret`].
pub(crate) fn check_secret(
    app_id: AppId,
    secret: &SecretString,
    facts: ProofFacts<'_>,
    now: Timestamp,
) -> Result<(), AadError> {
    let matching: Vec<_> = facts
        .secrets
        .iter()
        .filter(|one| facts.peppers.matches(secret, one))
        .collect();
    if matching.iter().any(|one| one.start <= now && now < one.end) {
        Ok(())
    } else if matching.iter().any(|one| one.end <= now) {
        Err(AadError::SecretExpired(app_id.to_string()))
    } else {
        Err(AadError::WrongSecret(app_id.to_string()))
    }
}

/// Whether an assertion is the application's own, signed with one of its certificates,
/// for this place and this time. It may come any number of times until it ends: real
/// clients send one for minutes.
///
/// # Errors
/// [`AadError::AssertionMalformed`], [`AadError::AssertionClient`],
/// [`AadError::NoFederatedCredential`], [`AadError::AssertionSignature`],
/// [`AadError::AssertionAudience`], [`AadError::AssertionTime`], and
/// [`AadError::SecretExpired`] only for who holds the certificate's key.
pub(crate) fn check_assertion(
    app_id: AppId,
    assertion: &SecretString,
    facts: ProofFacts<'_>,
    now: Timestamp,
) -> Result<(), AadError> {
    let assertion = ClientAssertion::parse(assertion.expose_secret())
        .map_err(|_| AadError::AssertionMalformed)?;
    let is_client = |name: Option<&str>| name.and_then(|name| name.parse().ok()) == Some(app_id);
    if !is_client(assertion.issuer()) && is_url(assertion.issuer()) {
        return Err(AadError::NoFederatedCredential);
    }
    if !is_client(assertion.issuer()) || !is_client(assertion.subject()) {
        return Err(AadError::AssertionClient);
    }
    let signed_with = facts.certificates.iter().find(|credential| {
        certificate_of(credential).is_some_and(|certificate| {
            assertion.names(&certificate) && assertion.is_signed_with(&certificate)
        })
    });
    let credential = signed_with.ok_or(AadError::AssertionSignature)?;
    if !facts.place.0.iter().any(|name| assertion.is_for(name)) {
        return Err(AadError::AssertionAudience);
    }
    let (seconds, expires) = (now.seconds(), assertion.expires());
    let lives = |expires: i64| {
        seconds.saturating_sub(LEEWAY) < expires
            && expires.saturating_sub(seconds) <= LONGEST_LIFE + LEEWAY
    };
    let has_begun = |from: i64| from <= seconds.saturating_add(LEEWAY);
    if !expires.is_some_and(lives) || !assertion.not_before().is_none_or(has_begun) {
        return Err(AadError::AssertionTime);
    }
    if credential.start > now || credential.end <= now {
        return Err(AadError::SecretExpired(app_id.to_string()));
    }
    Ok(())
}

/// Another issuer is an address; an application is none.
fn is_url(issuer: Option<&str>) -> bool {
    issuer.is_some_and(|issuer| issuer.contains("://"))
}

fn certificate_of(credential: &KeyCredential) -> Option<ClientCertificate> {
    let der = STANDARD.decode(&credential.certificate).ok()?;
    ClientCertificate::parse(&der).ok()
}

#[cfg(test)]
mod tests;
