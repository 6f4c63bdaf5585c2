//! Legacy API tokens.

use askama::Template;
use casbah_model::identity::may_manage_api_tokens;
use casbah_model::ids::KeyId;
use serde::Deserialize;
use serde_json::json;

use crate::portal::api::Data;
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::{PortalError, where_allowed};
use crate::portal::form::Posted;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::{Answer, Pages};
use crate::portal::table::{Column, Key as SortKey, Table};
use crate::portal::visitor::Visitor;

const HERE: &str = "/portal/api-tokens";
const LIST: &str = "/casbah/v1/api_tokens";
const TITLE: &str = "API tokens";

/// Who may have tokens.
const WHY: &str = "A legacy API token carries the rights of whoever made it. Security Readers, \
    Security Operators and administrators of security make them; other roles have none.";

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(HERE, show)
        .form(HERE, create)
        .page("/portal/api-tokens/{id}/revoke", ask)
        .form("/portal/api-tokens/{id}/revoke", revoke)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiToken {
    id: KeyId,
    name: String,
    issuer: String,
    state: String,
    created: Moment,
    last_used: Option<Moment>,
}

impl ApiToken {
    /// How the state looks.
    fn look(&self) -> &'static str {
        match self.state.as_str() {
            "Active" => "good",
            "Inactive" => "soon",
            _ => "",
        }
    }
}

/// A token just made.
#[derive(Deserialize)]
struct NewApiToken {
    name: String,
    token: String,
}

#[derive(Template)]
#[template(path = "portal/settings/api_tokens.html")]
struct ApiTokens<'a> {
    frame: Frame<'a>,
    table: Table<ApiToken>,
    /// Whether everybody's are shown, not the visitor's alone.
    are_all: bool,
    new: Option<NewApiToken>,
    /// What was wrong with the name that was typed.
    complaint: Option<String>,
}

/// `GET /portal/api-tokens`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    list(&visitor, None, None).await
}

/// The page, with a token just made or what was wrong with the form.
async fn list(visitor: &Visitor, new: Option<NewApiToken>, complaint: Option<String>) -> Answer {
    let Some(tokens) = find(visitor).await? else {
        return closed(visitor);
    };
    let columns = [
        Column::new("name", "Name", |token: &ApiToken| {
            SortKey::text(&token.name)
        }),
        Column::new("issuer", "Issuer", |token| SortKey::text(&token.issuer)),
        Column::new("state", "State", |token| SortKey::text(&token.state)),
        Column::new("created", "Created", |token| {
            SortKey::Number(token.created.0.millis())
        }),
        Column::new("used", "Last used", |token| {
            SortKey::Number(token.last_used.map_or(0, |used| used.0.millis()))
        }),
        Column::actions(),
    ];
    let text = |token: &ApiToken| format!("{} {} {}", token.name, token.issuer, token.state);
    let page = ApiTokens {
        frame: Frame::new(visitor, Section::ApiTokens, TITLE),
        table: Table::new(HERE, &visitor.query, &[], &columns, tokens, text),
        are_all: visitor
            .user
            .roles
            .iter()
            .any(|role| may_manage_api_tokens(*role)),
        new,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// The tokens, or nothing for whoever may have none.
async fn find(visitor: &Visitor) -> Result<Option<Vec<ApiToken>>, PortalError> {
    let found = where_allowed(visitor.api().get(LIST).await)?;
    Ok(found.map(|Data { data }| data))
}

fn closed(visitor: &Visitor) -> Answer {
    page::closed(visitor, Section::ApiTokens, TITLE, WHY)
}

/// `POST /portal/api-tokens`
pub(super) async fn create(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let body = json!({ "name": posted.text("name") });
    let made: Result<NewApiToken, _> = visitor.api().post(LIST, &body).await;
    match made {
        Ok(new) => list(visitor, Some(new), None).await,
        Err(error) if error.is_forbidden() => closed(visitor),
        Err(PortalError::Api { status, .. }) if status.is_client_error() => {
            let complaint = "Give the token a name of at most 100 characters.".to_owned();
            list(visitor, None, Some(complaint)).await
        }
        Err(error) => Err(error),
    }
}

/// `GET /portal/api-tokens/{id}/revoke`
pub(super) async fn ask(visitor: Visitor, id: KeyId) -> Answer {
    let Some(tokens) = find(&visitor).await? else {
        return closed(&visitor);
    };
    let token = tokens.into_iter().find(|token| token.id == id);
    let token = token.ok_or(PortalError::NotFound)?;
    let title = format!("Revoke {}", token.name);
    let page = Confirm {
        frame: Frame::new(&visitor, Section::ApiTokens, &title),
        text: "Whatever uses the token is refused from now on. A token cannot be brought back."
            .to_owned(),
        lines: vec![format!("Issuer: {}", token.issuer)],
        action: format!("{HERE}/{id}/revoke"),
        fields: Vec::new(),
        button: "Revoke",
        is_dangerous: true,
        back: HERE.to_owned(),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/api-tokens/{id}/revoke`
pub(super) async fn revoke(posted: Posted, id: KeyId) -> Answer {
    let visitor = &posted.visitor;
    let revoked = visitor.api().delete(&format!("{LIST}/{id}")).await;
    match where_allowed(revoked)? {
        Some(()) => Ok(Done::ApiTokenRevoked.at(HERE)),
        None => closed(visitor),
    }
}
