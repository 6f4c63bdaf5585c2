//! `GET /portal/users`

use askama::Template;

use super::{Person, assignments};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

struct Row {
    person: Person,
    roles: String,
}

#[derive(Template)]
#[template(path = "portal/users/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    table: Table<Row>,
}

/// `GET /portal/users`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let directory = visitor.directory();
    let people: Vec<Person> = directory.list("/users?$top=999").await?;
    let held = assignments(&visitor).await?;
    let rows = people.into_iter().map(|person| {
        let own = held.iter().filter(|held| held.principal_id == person.id);
        let names = own.filter_map(|held| Some(held.role()?.display_name()));
        let names: Vec<_> = names.collect();
        Row {
            roles: names.join(", "),
            person,
        }
    });
    let columns = [
        Column::new("name", "Display name", |row: &Row| {
            Key::text(&row.person.display_name)
        }),
        Column::new("upn", "User principal name", |row| {
            Key::text(&row.person.user_principal_name)
        }),
        Column::new("roles", "Roles", |row| Key::text(&row.roles)),
        Column::new("enabled", "Account status", |row| {
            Key::Number(i64::from(row.person.account_enabled))
        }),
        Column::new("created", "Created on", |row| {
            Key::Number(row.person.created_date_time.0.millis())
        }),
    ];
    let text = |row: &Row| {
        let person = &row.person;
        format!(
            "{} {} {} {}",
            person.display_name, person.user_principal_name, person.id, row.roles
        )
    };
    let rows = rows.collect();
    let page = List {
        frame: Frame::new(&visitor, Section::Users, "Users and roles"),
        table: Table::new("/portal/users", &visitor.query, &[], &columns, rows, text),
    };
    Ok(page::show(&page, &visitor.context)?)
}
