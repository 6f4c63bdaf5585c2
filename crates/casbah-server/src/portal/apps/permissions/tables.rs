//! The tables of an application's permissions.

use casbah_model::identity::ResourceAccess;
use casbah_model::ids::ObjectId;

use super::{Entry, State};
use crate::portal::apps::object::Tab;
use crate::portal::permissions::kind_name;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// A permission that the registration lists.
pub(super) enum Configured<'a> {
    /// One that an API of the tenant offers.
    Offered(&'a Entry),
    /// One that none offers.
    Unknown(&'a ResourceAccess),
}

impl<'a> Configured<'a> {
    fn entry(&self) -> Option<&'a Entry> {
        match self {
            Self::Offered(entry) => Some(entry),
            Self::Unknown(_) => None,
        }
    }

    fn name(&self) -> Key {
        match self {
            Self::Offered(entry) => name(entry),
            Self::Unknown(access) => Key::text(&access.id.to_string()),
        }
    }

    fn kind(&self) -> Key {
        Key::text(match self {
            Self::Offered(entry) => entry.offered.kind_name(),
            Self::Unknown(access) => kind_name(access.kind),
        })
    }
}

fn name(entry: &Entry) -> Key {
    let offered = &entry.offered;
    Key::text(&format!("{} {}", offered.resource_name, offered.value))
}

/// What the registration lists.
pub(super) fn configured<'a>(
    visitor: &Visitor,
    id: ObjectId,
    state: &'a State,
) -> Table<Configured<'a>> {
    let columns = [
        Column::new("name", "API / Permissions name", Configured::name),
        Column::new("type", "Type", Configured::kind),
        Column::new("description", "Description", |row| {
            Key::text(row.entry().map_or("", |entry| &entry.offered.description))
        }),
        Column::new("consent", "Admin consent required", |row| {
            let needs = row.entry().map(|entry| entry.offered.needs_admin);
            Key::Number(needs.map_or(2, i64::from))
        }),
        Column::new("status", "Status", |row| {
            let is_granted = row.entry().map(|entry| entry.is_granted);
            Key::Number(is_granted.map_or(2, i64::from))
        }),
        Column::actions(),
    ];
    let offered = state.listed.iter().map(Configured::Offered);
    let unknown = state.unknown.iter().map(Configured::Unknown);
    let rows = offered.chain(unknown).collect();
    let path = Tab::Permissions.address(id);
    Table::part(&path, &visitor.query, "configured", &columns, rows)
}

/// What was granted and is not listed any more.
pub(super) fn others<'a>(visitor: &Visitor, id: ObjectId, state: &'a State) -> Table<&'a Entry> {
    let columns = [
        Column::new("name", "API / Permissions name", |entry: &&Entry| {
            name(entry)
        }),
        Column::new("type", "Type", |entry| Key::text(entry.offered.kind_name())),
        Column::new("description", "Description", |entry| {
            Key::text(&entry.offered.description)
        }),
        Column::new("status", "Status", |entry| {
            Key::Number(i64::from(entry.is_granted))
        }),
        Column::actions(),
    ];
    let rows = state.others.iter().collect();
    let path = Tab::Permissions.address(id);
    Table::part(&path, &visitor.query, "others", &columns, rows)
}
