//! `GET /portal/identity-providers`

use askama::Template;

use super::{HERE, LIST, Provider};
use crate::portal::error::where_allowed;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::sign_in::provider_redirect_uri;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

const TITLE: &str = "Identity providers";

/// Who may see them.
const WHY: &str = "Whoever says through which providers people sign in can sign in as anybody \
    of the tenant. So only Global Administrators see and change identity providers.";

#[derive(Template)]
#[template(path = "portal/settings/provider/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    table: Table<Provider>,
    redirect_uri: String,
}

/// `GET /portal/identity-providers`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let found = visitor.directory().list(&format!("{LIST}?$top=999")).await;
    let Some(rows): Option<Vec<Provider>> = where_allowed(found)? else {
        return page::closed(&visitor, Section::IdentityProviders, TITLE, WHY);
    };
    let columns = [
        Column::new("name", "Display name", |one: &Provider| {
            Key::text(&one.display_name)
        }),
        Column::new("issuer", "Issuer", |one| Key::text(&one.issuer)),
        Column::new("client", "Client ID", |one| Key::text(&one.client_id)),
        Column::new("domains", "Required for", |one| {
            Key::text(&one.domains.join(" "))
        }),
        Column::new("status", "Status", |one| {
            Key::Number(i64::from(one.is_enabled))
        }),
    ];
    let text = |one: &Provider| {
        let domains = one.domains.join(" ");
        format!(
            "{} {} {} {} {domains}",
            one.display_name, one.issuer, one.client_id, one.id
        )
    };
    let page = List {
        frame: Frame::new(&visitor, Section::IdentityProviders, TITLE),
        table: Table::new(HERE, &visitor.query, &[], &columns, rows, text),
        redirect_uri: provider_redirect_uri(&visitor.app.authority),
    };
    Ok(page::show(&page, &visitor.context)?)
}
