//! Programs that use an application, with the addresses and IDs of this tenant in them.
//!
//! What is filled in is an ID or the server's own address, whose letters mean nothing
//! special between the quotes of any of the languages. A name never becomes code.

mod language;

use askama::Template;
use casbah_model::claims::API_AUDIENCE;
use casbah_model::ids::{AppId, TenantId};
use casbah_model::permission::{Action, Permission};
use serde::Deserialize;

use self::language::Language;
use super::Tool;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::query::address;
use crate::portal::visitor::Visitor;

/// What stands in place of an application's ID until one is chosen.
const CLIENT: &str = "CLIENT_ID";

/// A program in one language.
#[derive(Template)]
#[template(path = "portal/tokens/code/snippet.txt")]
struct Snippet<'a> {
    language: Language,
    tenant: TenantId,
    client: &'a str,
    origin: &'a str,
    host: &'a str,
    scope: &'a str,
}

/// An application that can be chosen.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choice {
    app_id: AppId,
    display_name: String,
}

#[derive(Template)]
#[template(path = "portal/tokens/code.html")]
struct Code<'a> {
    frame: Frame<'a>,
    tool: Tool,
    language: Language,
    apps: Vec<Choice>,
    chosen: Option<AppId>,
    /// Whether the address asks for an application that is not here.
    is_unknown: bool,
    program: String,
    /// Permissions each of which is enough.
    permissions: Vec<&'static str>,
    has_own_ca: bool,
}

impl Code<'_> {
    fn is_chosen(&self, app: &Choice) -> bool {
        self.chosen == Some(app.app_id)
    }

    /// This page in another language.
    fn at(&self, language: Language) -> String {
        let app = self.chosen.map(|one| one.to_string()).unwrap_or_default();
        let parameters = [("app", &*app), ("lang", language.name())];
        address(self.tool.address(), &parameters)
    }
}

/// `GET /portal/tokens/code`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let path = "/applications?$top=999&$select=appId,displayName";
    let mut apps: Vec<Choice> = visitor.directory().list(path).await?;
    apps.sort_by_cached_key(|app| (app.display_name.to_lowercase(), app.app_id));
    let language = Language::from_name(visitor.query.text("lang"));
    let wanted = visitor.query.text("app");
    let chosen = wanted.parse().ok();
    let chosen = chosen.filter(|id| apps.iter().any(|app| app.app_id == *id));
    let authority = &visitor.app.authority;
    let program = Snippet {
        language,
        tenant: visitor.tenant.id,
        client: &chosen.map_or_else(|| CLIENT.to_owned(), |id| id.to_string()),
        origin: authority.origin(),
        host: authority.host(),
        scope: &format!("{API_AUDIENCE}/.default"),
    };
    let permissions = Action::AlertsRead.permissions();
    let page = Code {
        frame: Frame::new(&visitor, Section::TokenTools, Tool::Code.title()),
        tool: Tool::Code,
        language,
        apps,
        chosen,
        is_unknown: !wanted.is_empty() && chosen.is_none(),
        program: program.render()?,
        permissions: permissions.iter().map(Permission::value).collect(),
        has_own_ca: visitor.app.config.certificate.is_none(),
    };
    Ok(page::show(&page, &visitor.context)?)
}

#[cfg(test)]
mod tests {
    use casbah_identity::authority::Authority;

    use super::*;

    fn code(language: Language, public_url: &str, client: &str) -> (String, TenantId) {
        let authority = Authority::parse(public_url).unwrap();
        let tenant = TenantId::random();
        let snippet = Snippet {
            language,
            tenant,
            client,
            origin: authority.origin(),
            host: authority.host(),
            scope: &format!("{API_AUDIENCE}/.default"),
        };
        (snippet.render().unwrap(), tenant)
    }

    #[test]
    fn every_language_holds_all_that_a_client_needs_and_no_secret() {
        for url in ["https://casbah.example", "https://[::1]:8443"] {
            for language in Language::ALL {
                let client = AppId::random().to_string();
                let (code, tenant) = code(language, url, &client);
                for expected in [
                    format!("{url}/{tenant}"),
                    format!("{url}/api/v1/alerts/"),
                    format!("{API_AUDIENCE}/.default"),
                    "CASBAH_CLIENT_SECRET".to_owned(),
                    client,
                ] {
                    assert!(code.contains(&expected), "{language:?} {expected}: {code}");
                }
                assert!(!code.contains("{{") && !code.contains("{%"), "{code}");
                assert!(!code.starts_with('\n') && !code.ends_with('\n'), "{code}");
            }
        }
    }

    #[test]
    fn no_program_is_that_of_another_language() {
        for (language, own) in [
            (Language::Curl, "curl --silent"),
            (Language::PowerShell, "Invoke-RestMethod"),
            (Language::Python, "import msal"),
            (Language::CSharp, "using Azure.Identity;"),
            (Language::Rust, "use casbah_client::"),
            (Language::Node, "from \"@azure/msal-node\""),
        ] {
            for other in Language::ALL {
                let (code, _) = code(other, "https://casbah.example", CLIENT);
                assert_eq!(code.contains(own), other == language, "{other:?}: {code}");
            }
        }
    }
}
