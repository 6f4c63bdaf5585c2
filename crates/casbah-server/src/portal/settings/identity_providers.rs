//! *Identity providers*: companies' own OpenID Connect providers, through which people
//! sign in.

mod change;
mod delete;
mod list;
mod show;

use casbah_model::identity::NameClaim;
use casbah_model::ids::ObjectId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::pages::Pages;
use crate::portal::visitor::Visitor;

const HERE: &str = "/portal/identity-providers";
/// The directory's list of them.
const LIST: &str = "/identity/identityProviders";

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/identity-providers", list::show)
        .page("/portal/identity-providers/new", change::new)
        .form("/portal/identity-providers/new", change::add)
        .page("/portal/identity-providers/{id}", show::show)
        .form("/portal/identity-providers/{id}", change::save)
        .form("/portal/identity-providers/{id}/test", show::test)
        .form(
            "/portal/identity-providers/{id}/accounts/{user}/forget",
            change::forget,
        )
        .page("/portal/identity-providers/{id}/delete", delete::ask)
        .form("/portal/identity-providers/{id}/delete", delete::delete)
}

/// A provider, as the directory answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    id: ObjectId,
    display_name: String,
    issuer: String,
    metadata_url: String,
    client_id: String,
    scope: String,
    claims_mapping: ClaimsMapping,
    domains: Vec<String>,
    is_user_creation_enabled: bool,
    is_enabled: bool,
}

#[derive(Debug, Deserialize)]
struct ClaimsMapping {
    email: String,
}

/// The address of a provider's page.
fn address(id: ObjectId) -> String {
    format!("{HERE}/{id}")
}

/// Its path in the directory.
fn path(id: ObjectId) -> String {
    format!("{LIST}/{id}")
}

async fn find(visitor: &Visitor, id: ObjectId) -> Result<Provider, PortalError> {
    visitor.directory().get(&path(id)).await
}

/// What the form of a provider holds, the secret apart.
#[derive(Debug)]
struct Entered {
    name: String,
    issuer: String,
    client_id: String,
    scope: String,
    claim: String,
    domains: Vec<String>,
    creates_people: bool,
    is_enabled: bool,
}

impl Default for Entered {
    /// A form that nobody has filled in.
    fn default() -> Self {
        Self {
            name: String::new(),
            issuer: String::new(),
            client_id: String::new(),
            scope: "openid profile email".to_owned(),
            claim: NameClaim::default().name().to_owned(),
            domains: Vec::new(),
            creates_people: false,
            is_enabled: true,
        }
    }
}

impl From<&Provider> for Entered {
    fn from(one: &Provider) -> Self {
        Self {
            name: one.display_name.clone(),
            issuer: one.issuer.clone(),
            client_id: one.client_id.clone(),
            scope: one.scope.clone(),
            claim: one.claims_mapping.email.clone(),
            domains: one.domains.clone(),
            creates_people: one.is_user_creation_enabled,
            is_enabled: one.is_enabled,
        }
    }
}

impl From<&Posted> for Entered {
    fn from(posted: &Posted) -> Self {
        let text = |name| posted.text(name).to_owned();
        let domains = posted.all("domain").into_iter();
        Self {
            name: text("name"),
            issuer: text("issuer"),
            client_id: text("client_id"),
            scope: text("scope"),
            claim: text("claim"),
            domains: domains.map(str::to_owned).collect(),
            creates_people: posted.text("creates_people") == "yes",
            is_enabled: posted.text("enabled") != "no",
        }
    }
}

impl Entered {
    /// The body of the directory's calls; the issuer and the secret stand beside it.
    fn body(&self) -> Value {
        json!({
            "displayName": self.name,
            "clientId": self.client_id,
            "scope": self.scope,
            "claimsMapping": { "userId": "sub", "email": self.claim },
            "domains": self.domains,
            "isUserCreationEnabled": self.creates_people,
            "isEnabled": self.is_enabled,
        })
    }

    /// Whether the people of a domain must sign in there.
    fn binds(&self, domain: &str) -> bool {
        let mut domains = self.domains.iter();
        domains.any(|one| one.eq_ignore_ascii_case(domain))
    }

    /// The claims that can name people: which, what is said of each, and whether it is chosen.
    fn claims(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            (
                NameClaim::Email,
                "The address, if the provider says that it is verified",
            ),
            (
                NameClaim::PreferredUsername,
                "The name at the provider; only where people cannot choose it themselves",
            ),
            (
                NameClaim::Upn,
                "The principal name of Microsoft Entra ID and AD FS",
            ),
        ]
        .map(|(claim, hint)| (claim.name(), hint, claim.name() == self.claim))
    }
}
