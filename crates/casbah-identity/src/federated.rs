//! Trust of applications in other issuers (workload identity federation): a token of an
//! issuer that the application trusts stands for a secret of its own.

use casbah_model::identity::FederatedCredential;
use casbah_model::ids::KeyId;
use casbah_token::ClientAssertion;
use url::Url;

use crate::error::AadError;

/// The audience where nobody says another.
pub const DEFAULT_AUDIENCE: &str = "api://AzureADTokenExchange";

/// The longest name, characters.
const MAX_NAME: usize = 120;
/// The longest other text, characters.
const MAX_TEXT: usize = 600;
/// The most of one application.
const MAX_CREDENTIALS: usize = 20;

/// What is said of a federated credential; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct FederatedChanges {
    /// Its name.
    pub name: Option<String>,
    /// `iss` of the tokens.
    pub issuer: Option<String>,
    /// `sub` of the tokens.
    pub subject: Option<String>,
    /// `aud` of the tokens: exactly one.
    pub audiences: Option<Vec<String>>,
    /// What it is for; within it none means nothing.
    pub description: Option<Option<String>>,
}

/// Why a federated credential cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FederatedRefusal {
    /// A value is missing or wrong; says which.
    #[error("{0}")]
    Invalid(&'static str),
    /// Another has the same name, or the same issuer and subject.
    #[error("another federated identity credential has the same {0}")]
    Exists(&'static str),
    /// There is none of this id or name.
    #[error("there is no federated identity credential {0}")]
    Unknown(String),
}

/// Adds a federated credential to those of an application.
///
/// # Errors
/// [`FederatedRefusal`]
pub fn add_federated(
    present: &mut Vec<FederatedCredential>,
    id: KeyId,
    changes: FederatedChanges,
) -> Result<(), FederatedRefusal> {
    if present.len() >= MAX_CREDENTIALS {
        return Err(FederatedRefusal::Invalid(
            "an application has at most 20 federated identity credentials",
        ));
    }
    let new = FederatedCredential {
        id,
        name: String::new(),
        issuer: String::new(),
        subject: String::new(),
        audience: DEFAULT_AUDIENCE.to_owned(),
        description: None,
    };
    let new = applied(new, changes)?;
    check_unique(present.iter(), &new)?;
    present.push(new);
    Ok(())
}

/// Changes the federated credential that `key` means, an id or a name.
///
/// # Errors
/// [`FederatedRefusal`]
pub fn change_federated(
    present: &mut [FederatedCredential],
    key: &str,
    changes: FederatedChanges,
) -> Result<(), FederatedRefusal> {
    let place = position(present, key)?;
    let old = &present[place];
    if changes.name.as_ref().is_some_and(|name| *name != old.name) {
        return Err(FederatedRefusal::Invalid("name cannot be changed"));
    }
    let new = applied(old.clone(), changes)?;
    check_unique(present.iter().filter(|one| one.id != new.id), &new)?;
    present[place] = new;
    Ok(())
}

/// Takes the federated credential away that `key` means, an id or a name.
///
/// # Errors
/// [`FederatedRefusal::Unknown`]
pub fn remove_federated(
    present: &mut Vec<FederatedCredential>,
    key: &str,
) -> Result<(), FederatedRefusal> {
    let place = position(present, key)?;
    present.remove(place);
    Ok(())
}

/// The federated credential that `key` means, an id or a name.
///
/// # Errors
/// [`FederatedRefusal::Unknown`]
pub fn find_federated<'a>(
    present: &'a [FederatedCredential],
    key: &str,
) -> Result<&'a FederatedCredential, FederatedRefusal> {
    position(present, key).map(|place| &present[place])
}

/// An id first: a name that reads like another's id must not stand in its way.
fn position(present: &[FederatedCredential], key: &str) -> Result<usize, FederatedRefusal> {
    let id: Option<KeyId> = key.parse().ok();
    present
        .iter()
        .position(|one| Some(one.id) == id)
        .or_else(|| present.iter().position(|one| one.name == key))
        .ok_or_else(|| FederatedRefusal::Unknown(key.to_owned()))
}

fn applied(
    mut one: FederatedCredential,
    changes: FederatedChanges,
) -> Result<FederatedCredential, FederatedRefusal> {
    let invalid = FederatedRefusal::Invalid;
    one.name = changes.name.unwrap_or(one.name);
    one.issuer = changes.issuer.unwrap_or(one.issuer);
    one.subject = changes.subject.unwrap_or(one.subject);
    one.description = changes.description.unwrap_or(one.description);
    if let Some(audiences) = changes.audiences {
        let [audience] = <[String; 1]>::try_from(audiences)
            .map_err(|_| invalid("audiences must have exactly one value"))?;
        one.audience = audience;
    }
    if !is_name(&one.name) {
        return Err(invalid(
            "name must have 1 to 120 letters, digits, hyphens or underscores",
        ));
    }
    if !is_issuer(&one.issuer) || !is_text(&one.issuer) {
        return Err(invalid(
            "issuer must be an https address without a query, as the tokens have it",
        ));
    }
    if !is_text(&one.subject) || !is_text(&one.audience) {
        return Err(invalid(
            "subject and audience must have 1 to 600 characters, and no white space around them",
        ));
    }
    let is_long = |text: &String| text.chars().count() > MAX_TEXT;
    if one.description.as_ref().is_some_and(is_long) {
        return Err(invalid("description must have at most 600 characters"));
    }
    Ok(one)
}

/// A name stands in addresses.
fn is_name(text: &str) -> bool {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=MAX_NAME).contains(&text.len()) && text.chars().all(is_name_char)
}

/// What is invisible is never in a token on purpose.
fn is_text(text: &str) -> bool {
    (1..=MAX_TEXT).contains(&text.chars().count())
        && text.trim() == text
        && !text.contains(char::is_control)
}

/// An issuer's identifier (OpenID Connect Discovery 1.0 section 3).
pub(crate) fn is_issuer(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain
        && Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        })
}

fn check_unique<'a>(
    others: impl Iterator<Item = &'a FederatedCredential>,
    new: &FederatedCredential,
) -> Result<(), FederatedRefusal> {
    for other in others {
        if other.name == new.name {
            return Err(FederatedRefusal::Exists("name"));
        }
        if other.issuer == new.issuer && other.subject == new.subject {
            return Err(FederatedRefusal::Exists("issuer and subject"));
        }
    }
    Ok(())
}

/// The federated credential that an assertion's claims match, letter by letter. The claims
/// are not believed yet.
///
/// # Errors
/// [`AadError`] for the first claim that none matches.
pub(crate) fn matching<'a>(
    assertion: &ClientAssertion<'_>,
    federated: &'a [FederatedCredential],
) -> Result<&'a FederatedCredential, AadError> {
    if federated.is_empty() {
        return Err(AadError::NoFederatedCredential);
    }
    let issuer = assertion.issuer();
    let of_issuer = || {
        let all = federated.iter();
        all.filter(|one| issuer == Some(one.issuer.as_str()))
    };
    let of_audience = || of_issuer().filter(|one| assertion.is_for(&one.audience));
    if of_issuer().next().is_none() {
        return Err(AadError::FederatedIssuer);
    }
    if of_audience().next().is_none() {
        return Err(AadError::FederatedAudience);
    }
    let subject = assertion.subject();
    of_audience()
        .find(|one| subject == Some(one.subject.as_str()))
        .ok_or(AadError::FederatedSubject)
}

#[cfg(test)]
mod tests;
