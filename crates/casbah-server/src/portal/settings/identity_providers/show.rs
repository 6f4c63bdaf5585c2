//! One provider: what it must know of us, its settings, and whose its accounts are.

use askama::Template;
use casbah_model::ids::ObjectId;
use serde::Deserialize;
use serde_json::json;

use super::{Entered, Provider, address, find, path};
use crate::portal::form::Posted;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::sign_in::provider_redirect_uri;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// What a test of the provider found.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    is_good: bool,
    problems: Vec<String>,
}

/// An account at the provider that means a person.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    id: ObjectId,
    issuer_assigned_id: String,
    created_date_time: Moment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: ObjectId,
    user_principal_name: String,
}

struct Account {
    link: Link,
    upn: String,
}

#[derive(Template)]
#[template(path = "portal/settings/provider/show.html")]
struct Page<'a> {
    frame: Frame<'a>,
    provider: &'a Provider,
    redirect_uri: String,
    entered: &'a Entered,
    domains: &'a [String],
    is_change: bool,
    tested: Option<Tested>,
    accounts: Table<Account>,
    complaint: Option<String>,
}

/// `GET /portal/identity-providers/{id}`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let provider = find(&visitor, id).await?;
    let entered = Entered::from(&provider);
    render(&visitor, &provider, &entered, None, None).await
}

/// `POST /portal/identity-providers/{id}/test`: the server reads the provider's metadata
/// and keys at this moment.
pub(super) async fn test(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let provider = find(visitor, id).await?;
    let path = format!("{}/test", path(id));
    let tested = visitor.directory().post(&path, &json!({})).await?;
    let tested = Some(serde_json::from_value(tested)?);
    let entered = Entered::from(&provider);
    render(visitor, &provider, &entered, tested, None).await
}

/// The page again, with what was typed and why it was not taken.
pub(super) async fn again(
    visitor: &Visitor,
    provider: &Provider,
    entered: &Entered,
    complaint: String,
) -> Answer {
    render(visitor, provider, entered, None, Some(complaint)).await
}

async fn render(
    visitor: &Visitor,
    provider: &Provider,
    entered: &Entered,
    tested: Option<Tested>,
    complaint: Option<String>,
) -> Answer {
    let page = Page {
        frame: Frame::new(visitor, Section::IdentityProviders, &provider.display_name),
        redirect_uri: provider_redirect_uri(&visitor.app.authority),
        entered,
        domains: &visitor.tenant.domains,
        is_change: true,
        tested,
        accounts: accounts(visitor, provider.id).await?,
        complaint,
        provider,
    };
    Ok(page::show(&page, &visitor.context)?)
}

async fn accounts(
    visitor: &Visitor,
    id: ObjectId,
) -> Result<Table<Account>, crate::portal::error::PortalError> {
    let directory = visitor.directory();
    let links: Vec<Link> = directory.list(&format!("{}/links", path(id))).await?;
    let people: Vec<Person> = if links.is_empty() {
        Vec::new()
    } else {
        directory.list("/users?$top=999").await?
    };
    let rows = links.into_iter().map(|link| {
        let mut people = people.iter();
        let person = people.find(|person| person.id == link.id);
        Account {
            upn: person.map_or_else(
                || link.id.to_string(),
                |person| person.user_principal_name.clone(),
            ),
            link,
        }
    });
    let columns = [
        Column::new("person", "Person", |row: &Account| Key::text(&row.upn)),
        Column::new("account", "Account at the provider (sub)", |row| {
            Key::text(&row.link.issuer_assigned_id)
        }),
        Column::new("since", "First sign-in", |row| {
            Key::Number(row.link.created_date_time.0.millis())
        }),
        Column::actions(),
    ];
    let text = |row: &Account| format!("{} {}", row.upn, row.link.issuer_assigned_id);
    let here = address(id);
    let rows = rows.collect();
    Ok(Table::new(&here, &visitor.query, &[], &columns, rows, text))
}
