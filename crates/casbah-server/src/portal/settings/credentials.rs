//! Credentials of all applications, those that end first before the others.

use askama::Template;
use casbah_model::ids::AppId;
use serde::Deserialize;

use crate::portal::api::Data;
use crate::portal::moment::Moment;
use crate::portal::objects::SOON_DAYS;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    app_id: AppId,
    display_name: String,
    holder: String,
    kind: String,
    key_id: String,
    name: Option<String>,
    hint: Option<String>,
    end: Option<Moment>,
    days_left: Option<i64>,
    expired: bool,
}

impl Credential {
    fn kind(&self) -> &str {
        match self.kind.as_str() {
            "secret" => "Client secret",
            "certificate" => "Certificate",
            "federated" => "Federated credential",
            other => other,
        }
    }

    fn is_of_principal(&self) -> bool {
        self.holder == "servicePrincipal"
    }

    fn ends_soon(&self) -> bool {
        self.days_left.is_some_and(|days| days <= SOON_DAYS)
    }

    /// One that never ends stands last.
    fn sort_end(&self) -> Key {
        Key::Number(self.end.map_or(i64::MAX, |end| end.0.millis()))
    }
}

#[derive(Template)]
#[template(path = "portal/settings/credentials.html")]
struct Credentials<'a> {
    frame: Frame<'a>,
    only_ending: bool,
    all: usize,
    table: Table<Credential>,
}

/// `GET /portal/credentials`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let only_ending = visitor.query.text("show") != "all";
    let Data { data } = visitor.api().get("/casbah/v1/credentials").await?;
    let mut rows: Vec<Credential> = data;
    let all = rows.len();
    if only_ending {
        rows.retain(|row| row.expired || row.ends_soon());
    }
    rows.sort_by_cached_key(Credential::sort_end);
    let columns = [
        Column::new("app", "Application", |row: &Credential| {
            Key::text(&row.display_name)
        }),
        Column::new("kind", "Type", |row| Key::text(row.kind())),
        Column::new("name", "Description", |row| {
            Key::text(row.name.as_deref().unwrap_or_default())
        }),
        Column::new("end", "Expires", Credential::sort_end),
        Column::new("status", "Status", Credential::sort_end),
    ];
    let text = |row: &Credential| {
        let name = row.name.as_deref().unwrap_or_default();
        format!(
            "{} {} {name} {} {}",
            row.display_name,
            row.app_id,
            row.kind(),
            row.key_id
        )
    };
    let page = Credentials {
        frame: Frame::new(&visitor, Section::Credentials, "Credentials"),
        only_ending,
        all,
        table: Table::new(
            "/portal/credentials",
            &visitor.query,
            &["show"],
            &columns,
            rows,
            text,
        ),
    };
    Ok(page::show(&page, &visitor.context)?)
}
