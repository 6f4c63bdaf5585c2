//! The tables of an application's credentials.

use casbah_model::ids::ObjectId;

use super::Kind;
use crate::portal::objects::{Application, Certificate, Federated, Secret};
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

fn part<T>(
    visitor: &Visitor,
    id: ObjectId,
    kind: Kind,
    columns: &[Column<T>],
    rows: Vec<T>,
) -> Table<T> {
    let path = super::Tab::Credentials.address(id);
    Table::part(&path, &visitor.query, kind.name(), columns, rows)
}

pub(super) fn secrets<'a>(visitor: &Visitor, app: &'a Application) -> Table<&'a Secret> {
    let columns = [
        Column::new("description", "Description", |one: &&Secret| {
            Key::text(one.display_name.as_deref().unwrap_or_default())
        }),
        Column::new("expires", "Expires", |one| {
            Key::Number(one.end_date_time.0.millis())
        }),
        Column::new("value", "Value", |one| Key::text(&one.hint)),
        Column::new("id", "Secret ID", |one| Key::text(&one.key_id.to_string())),
        Column::actions(),
    ];
    let rows = app.password_credentials.iter().collect();
    part(visitor, app.id, Kind::Secrets, &columns, rows)
}

pub(super) fn certificates<'a>(visitor: &Visitor, app: &'a Application) -> Table<&'a Certificate> {
    let columns = [
        Column::new("thumbprint", "Thumbprint", |one: &&Certificate| {
            Key::text(&one.thumbprint())
        }),
        Column::new("description", "Description", |one| {
            Key::text(one.display_name.as_deref().unwrap_or_default())
        }),
        Column::new("start", "Start date", |one| {
            Key::Number(one.start_date_time.0.millis())
        }),
        Column::new("expires", "Expires", |one| {
            Key::Number(one.end_date_time.0.millis())
        }),
        Column::new("id", "Certificate ID", |one| {
            Key::text(&one.key_id.to_string())
        }),
        Column::actions(),
    ];
    let rows = app.key_credentials.iter().collect();
    part(visitor, app.id, Kind::Certificates, &columns, rows)
}

pub(super) fn federated(visitor: &Visitor, id: ObjectId, rows: Vec<Federated>) -> Table<Federated> {
    let columns = [
        Column::new("name", "Name", |one: &Federated| Key::text(&one.name)),
        Column::new("issuer", "Issuer", |one| Key::text(&one.issuer)),
        Column::new("subject", "Subject identifier", |one| {
            Key::text(&one.subject)
        }),
        Column::new("audience", "Audience", |one| {
            Key::text(&one.audiences.join(" "))
        }),
        Column::actions(),
    ];
    part(visitor, id, Kind::Federated, &columns, rows)
}
