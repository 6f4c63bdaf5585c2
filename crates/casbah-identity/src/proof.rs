//! How a confidential client proves itself: by a secret, by an assertion that it signed
//! with the key of a certificate of its own, or by a token of another issuer that it trusts
//! (RFC 7523).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::identity::{
    Application, ClientSecret, Digest, FederatedCredential, KeyCredential,
};
use casbah_model::ids::{AppId, KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::{ClientAssertion, ClientAuth, ClientCertificate, IssuerKeys};
use secrecy::{ExposeSecret, SecretString};

use crate::authority::Authority;
use crate::error::AadError;
use crate::federated::matching;
use crate::host_alias::HostAlias;
use crate::random::digest_of;
use crate::request::Credential;
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
    /// The other issuers that the application trusts.
    pub federated: &'a [FederatedCredential],
    /// The keys of the issuer that [`foreign_issuer`] named; none if they could not be
    /// read.
    pub issuer_keys: Option<&'a IssuerKeys>,
    /// What secrets were hashed with.
    pub peppers: &'a Peppers,
    /// Where the request came to: assertions are for one place.
    pub place: &'a AssertionPlace,
}

/// By what a client proved itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proven {
    /// By nothing: a public client cannot keep a secret.
    Public,
    /// By a secret.
    Secret(KeyId),
    /// By a certificate's key.
    Certificate(KeyId),
    /// By a token of another issuer.
    Federated {
        /// The credential's id.
        id: KeyId,
        /// Its name, which people gave it.
        name: String,
    },
}

impl Proven {
    /// What tokens say of it.
    pub const fn auth(&self) -> ClientAuth {
        match self {
            Self::Public => ClientAuth::Public,
            Self::Secret(_) => ClientAuth::Secret,
            Self::Certificate(_) | Self::Federated { .. } => ClientAuth::Certificate,
        }
    }
}

/// The credential's kind and id, as the audit keeps them.
impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("no credential"),
            Self::Secret(id) => write!(f, "secret {id}"),
            Self::Certificate(id) => write!(f, "certificate {id}"),
            Self::Federated { id, name } => write!(f, "federated credential {name} {id}"),
        }
    }
}

/// The one use of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionUse {
    /// The application's home tenant, whichever tenant the token is for.
    pub tenant: TenantId,
    /// What tells the assertion from all others.
    pub hash: Digest,
    /// When it proves nothing any more by itself, on any node.
    pub expires: Timestamp,
}

/// What has to be kept so that an assertion, which proved the client now, proves nothing
/// again; none where it may come any number of times.
pub fn assertion_use(
    credential: &Credential,
    application: Option<&Application>,
) -> Option<AssertionUse> {
    let application = application.filter(|one| one.single_use_assertions)?;
    let Credential::Assertion(text) = credential else {
        return None;
    };
    let assertion = ClientAssertion::parse(text.expose_secret()).ok()?;
    let app_id = application.app_id;
    // A `jti` is unique within its issuer (RFC 7519 section 4.1.7).
    let name = match (assertion.id(), assertion.issuer()) {
        (Some(id), Some(issuer)) => format!("jti {app_id} {issuer} {id}"),
        _ => format!("text {app_id} {}", assertion.signed_text()),
    };
    // Twice, as a node whose clock is ahead must not forget it for one whose clock is behind.
    let until = assertion.expires()?.saturating_add(2 * LEEWAY);
    Some(AssertionUse {
        tenant: application.tenant,
        hash: digest_of(&name),
        expires: Timestamp::from_seconds(until),
    })
}

/// Another issuer whose keys a proof is checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignIssuer {
    /// `iss`, as the application's federated credential has it.
    pub issuer: String,
    /// The key that the token names.
    pub key_id: String,
}

/// The issuer whose keys are needed to check a proof: one that the application trusts, and
/// only for a token whose claims would do now. So nobody makes the server call an address
/// that no administrator gave it.
pub fn foreign_issuer(
    credential: &Credential,
    federated: &[FederatedCredential],
    now: Timestamp,
) -> Option<ForeignIssuer> {
    let Credential::Assertion(text) = credential else {
        return None;
    };
    // Most applications trust none, and their assertions are parsed once more to be checked.
    if federated.is_empty() {
        return None;
    }
    let assertion = ClientAssertion::parse(text.expose_secret()).ok()?;
    let (trusted, key_id) = check_claims(&assertion, federated, now).ok()?;
    Some(ForeignIssuer {
        issuer: trusted.issuer.clone(),
        key_id: key_id.to_owned(),
    })
}

/// The names by which an assertion may mean this identity service and tenant.
#[derive(Debug, Clone, Default)]
pub struct AssertionPlace(Vec<String>);

impl AssertionPlace {
    /// The token endpoints and issuers of a tenant, by its id and by its domains.
    pub fn tenant(authority: &Authority, id: TenantId, domains: &[String]) -> Self {
        let id = id.to_string();
        let mut names = Vec::new();
        for origin in origins(authority) {
            let tenants = std::iter::once(id.as_str()).chain(domains.iter().map(String::as_str));
            names.extend(tenants.flat_map(|tenant| endpoints(&origin, tenant)));
            names.push(format!("{origin}/{id}/v2.0"));
            names.push(format!("{origin}/{id}/"));
        }
        Self(names)
    }

    /// The token endpoints of `common` or `organizations`.
    pub fn alias(authority: &Authority, alias: &str) -> Self {
        let origins = origins(authority);
        Self(
            origins
                .iter()
                .flat_map(|origin| endpoints(origin, alias))
                .collect(),
        )
    }
}

/// The origin, and those under which a laboratory's server is met, at the port that
/// clients have built in. Wildcards are none: they stand for the API's hosts.
fn origins(authority: &Authority) -> Vec<String> {
    let aliases = authority.aliases().iter().filter_map(HostAlias::exact);
    std::iter::once(authority.origin().to_owned())
        .chain(aliases.map(|host| format!("https://{host}")))
        .collect()
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
) -> Result<Proven, AadError> {
    let matching: Vec<_> = facts
        .secrets
        .iter()
        .filter(|one| facts.peppers.matches(secret, one))
        .collect();
    let is_good = |one: &&&ClientSecret| one.start <= now && now < one.end;
    if let Some(good) = matching.iter().find(is_good) {
        Ok(Proven::Secret(good.key_id))
    } else if matching.iter().any(|one| one.end <= now) {
        Err(AadError::SecretExpired(app_id.to_string()))
    } else {
        Err(AadError::WrongSecret(app_id.to_string()))
    }
}

/// Whether an assertion is the application's own, signed with one of its certificates,
/// for this place and this time; or else another issuer's that the application trusts. It
/// may come any number of times until it ends, as real clients send one for minutes; where
/// it may not, [`assertion_use`] tells.
///
/// # Errors
/// [`AadError::AssertionMalformed`], [`AadError::AssertionClient`],
/// [`AadError::AssertionSignature`], [`AadError::AssertionAudience`],
/// [`AadError::AssertionTime`], [`AadError::SecretExpired`] only for who holds the
/// certificate's key, and for another issuer's token [`AadError::NoFederatedCredential`]
/// and the errors that are named for federation.
pub(crate) fn check_assertion(
    app_id: AppId,
    assertion: &SecretString,
    facts: ProofFacts<'_>,
    now: Timestamp,
) -> Result<Proven, AadError> {
    let assertion = ClientAssertion::parse(assertion.expose_secret())
        .map_err(|_| AadError::AssertionMalformed)?;
    let is_client = |name: Option<&str>| name.and_then(|name| name.parse().ok()) == Some(app_id);
    if is_url(assertion.issuer()) {
        return check_federated(&assertion, facts, now);
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
    // Who steals one must not have it for long.
    let is_short = |expires: i64| expires.saturating_sub(now.seconds()) <= LONGEST_LIFE + LEEWAY;
    if !is_in_time(&assertion, now) || !assertion.expires().is_some_and(is_short) {
        return Err(AadError::AssertionTime);
    }
    if credential.start > now || credential.end <= now {
        return Err(AadError::SecretExpired(app_id.to_string()));
    }
    Ok(Proven::Certificate(credential.key_id))
}

/// A token of another issuer. How long it is good is that issuer's business.
fn check_federated(
    assertion: &ClientAssertion<'_>,
    facts: ProofFacts<'_>,
    now: Timestamp,
) -> Result<Proven, AadError> {
    let (trusted, _) = check_claims(assertion, facts.federated, now)?;
    let keys = facts.issuer_keys.ok_or(AadError::FederatedKeys)?;
    if !assertion.is_signed_by(keys) {
        return Err(AadError::AssertionSignature);
    }
    Ok(Proven::Federated {
        id: trusted.id,
        name: trusted.name.clone(),
    })
}

/// The federated credential that a token matches, and the key that it names. Nothing in the
/// token is believed yet; what is wrong here is wrong whoever signed it.
fn check_claims<'f, 't>(
    assertion: &'t ClientAssertion<'_>,
    federated: &'f [FederatedCredential],
    now: Timestamp,
) -> Result<(&'f FederatedCredential, &'t str), AadError> {
    let trusted = matching(assertion, federated)?;
    let has_begun = |from: i64| from <= now.seconds().saturating_add(LEEWAY);
    if !is_in_time(assertion, now) || !assertion.issued_at().is_none_or(has_begun) {
        return Err(AadError::AssertionTime);
    }
    let key_id = assertion.key_id().ok_or(AadError::AssertionSignature)?;
    Ok((trusted, key_id))
}

fn is_in_time(assertion: &ClientAssertion<'_>, now: Timestamp) -> bool {
    let seconds = now.seconds();
    let lives = |until: i64| seconds.saturating_sub(LEEWAY) < until;
    let has_begun = |from: i64| from <= seconds.saturating_add(LEEWAY);
    assertion.expires().is_some_and(lives) && assertion.not_before().is_none_or(has_begun)
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
