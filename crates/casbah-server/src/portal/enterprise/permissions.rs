//! What an application may do in the tenant, and taking it back.

use std::collections::HashMap;

use askama::Template;
use casbah_model::identity::ResourceAccessType;
use casbah_model::ids::{AppId, KeyId, ObjectId};
use serde::Deserialize;

use super::object::{Object, Tab};
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::permissions::{Granted, Held, kind_of, may_grant};
use crate::portal::query::address;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/enterprise/permissions.html")]
struct Permissions<'a> {
    frame: Frame<'a>,
    object: &'a Object,
    /// What was granted for everyone.
    everyone: Table<Held>,
    /// What single persons granted for themselves, with their names.
    people: Table<(Held, String)>,
    /// Whether the visitor may take back all of it.
    may_revoke_all: bool,
}

impl Permissions<'_> {
    /// Whether the visitor may take back nothing at all.
    fn may_revoke_none(&self) -> bool {
        ![ResourceAccessType::Role, ResourceAccessType::Scope]
            .into_iter()
            .any(|kind| may_grant(self.frame.user, kind))
    }

    fn may_revoke(&self, held: &Held) -> bool {
        may_grant(self.frame.user, held.offered.kind)
    }

    fn revoke(&self, held: &Held) -> String {
        let id = self.object.principal.id;
        let person = held.person.map_or_else(String::new, |id| id.to_string());
        address(
            &format!("/portal/enterprise_apps/{id}/permissions/revoke"),
            &[
                ("resource", &held.offered.resource.to_string()),
                ("kind", held.offered.kind_name()),
                ("permission", &held.offered.id.to_string()),
                ("person", &person),
            ],
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    user_principal_name: String,
}

/// `GET /portal/enterprise_apps/{id}/permissions`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let object = Object::find(&visitor, id, Tab::Permissions).await?;
    let directory = visitor.directory();
    let granted = Granted::read(&directory, id).await?;
    let all = granted.held();
    let may_revoke_all = !all.is_empty()
        && all
            .iter()
            .all(|held| may_grant(&visitor.user, held.offered.kind));
    let (mut everyone, mut people) = (Vec::new(), Vec::new());
    let mut names: HashMap<ObjectId, String> = HashMap::new();
    for held in all {
        let Some(person) = held.person else {
            everyone.push(held);
            continue;
        };
        let name = match names.get(&person) {
            Some(name) => name.clone(),
            None => match directory.get::<Person>(&format!("/users/{person}")).await {
                Ok(found) => found.user_principal_name,
                // Who is gone since is told by the id.
                Err(error) if error.is_missing() => person.to_string(),
                Err(error) => return Err(error),
            },
        };
        names.insert(person, name.clone());
        people.push((held, name));
    }
    let title = format!("Permissions - {}", object.principal.display_name);
    let page = Permissions {
        frame: Frame::new(&visitor, Section::EnterpriseApps, &title),
        object: &object,
        everyone: everyone_table(&visitor, id, everyone),
        people: people_table(&visitor, id, people),
        may_revoke_all,
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn everyone_table(visitor: &Visitor, id: ObjectId, rows: Vec<Held>) -> Table<Held> {
    let columns = [
        Column::new("api", "API name", |held: &Held| {
            Key::text(&held.offered.resource_name)
        }),
        Column::new("value", "Claim value", |held| {
            Key::text(&held.offered.value)
        }),
        Column::new("permission", "Permission", |held| {
            Key::text(&held.offered.description)
        }),
        Column::new("type", "Type", |held| Key::text(held.offered.kind_name())),
        Column::new("since", "Granted on", |held| {
            Key::Number(held.since.map_or(0, |since| since.0.millis()))
        }),
        Column::actions(),
    ];
    let path = Tab::Permissions.address(id);
    Table::part(&path, &visitor.query, "everyone", &columns, rows)
}

fn people_table(
    visitor: &Visitor,
    id: ObjectId,
    rows: Vec<(Held, String)>,
) -> Table<(Held, String)> {
    let columns = [
        Column::new("api", "API name", |(held, _): &(Held, String)| {
            Key::text(&held.offered.resource_name)
        }),
        Column::new("value", "Claim value", |(held, _)| {
            Key::text(&held.offered.value)
        }),
        Column::new("permission", "Permission", |(held, _)| {
            Key::text(&held.offered.description)
        }),
        Column::new("person", "Granted by", |(_, name)| Key::text(name)),
        Column::actions(),
    ];
    let path = Tab::Permissions.address(id);
    Table::part(&path, &visitor.query, "people", &columns, rows)
}

/// A granted permission that a form or an address names.
struct Named {
    resource: AppId,
    kind: ResourceAccessType,
    permission: KeyId,
    person: Option<ObjectId>,
}

impl Named {
    fn read<'a>(text: impl Fn(&'static str) -> &'a str) -> Result<Self, PortalError> {
        let missing = |_| PortalError::NotFound;
        let person = match text("person") {
            "" => None,
            id => Some(id.parse().map_err(missing)?),
        };
        Ok(Self {
            resource: text("resource").parse().map_err(missing)?,
            kind: kind_of(text("kind")).ok_or(PortalError::NotFound)?,
            permission: text("permission").parse().map_err(missing)?,
            person,
        })
    }

    fn is(&self, held: &Held) -> bool {
        held.offered.resource == self.resource
            && held.offered.kind == self.kind
            && held.offered.id == self.permission
            && held.person == self.person
    }
}

/// A granted permission in words.
fn line(held: &Held) -> String {
    let offered = &held.offered;
    format!(
        "{}: {} ({}) – {}",
        offered.resource_name,
        offered.value,
        offered.kind_title(),
        offered.description
    )
}

/// `GET /portal/enterprise_apps/{id}/permissions/revoke`
pub(super) async fn ask(visitor: Visitor, id: ObjectId) -> Answer {
    let named = Named::read(|name| visitor.query.text(name))?;
    let object = Object::find(&visitor, id, Tab::Permissions).await?;
    let granted = Granted::read(&visitor.directory(), id).await?;
    let mut held = granted.held().into_iter();
    let held = held.find(|held| named.is(held));
    let held = held.ok_or(PortalError::NotFound)?;
    let person = held.person.map(|id| id.to_string()).unwrap_or_default();
    let page = Confirm {
        frame: Frame::new(&visitor, Section::EnterpriseApps, "Revoke permission?"),
        text: format!(
            "{} loses this permission in {}, also in tokens that it has already.",
            object.principal.display_name, visitor.tenant.display_name
        ),
        lines: vec![line(&held)],
        action: format!("/portal/enterprise_apps/{id}/permissions/revoke"),
        fields: vec![
            ("resource", held.offered.resource.to_string()),
            ("kind", held.offered.kind_name().to_owned()),
            ("permission", held.offered.id.to_string()),
            ("person", person),
        ],
        button: "Revoke permission",
        is_dangerous: true,
        back: Tab::Permissions.address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/enterprise_apps/{id}/permissions/revoke`
pub(super) async fn revoke(posted: Posted, id: ObjectId) -> Answer {
    let named = Named::read(|name| posted.text(name))?;
    let directory = posted.visitor.directory();
    let granted = Granted::read(&directory, id).await?;
    let Named {
        resource,
        kind,
        permission,
        person,
    } = named;
    granted
        .revoke(&directory, resource, kind, permission, person)
        .await?;
    Ok(Done::ConsentRevoked.at(&Tab::Permissions.address(id)))
}

/// `GET /portal/enterprise_apps/{id}/permissions/revoke_all`
pub(super) async fn ask_all(visitor: Visitor, id: ObjectId) -> Answer {
    let object = Object::find(&visitor, id, Tab::Permissions).await?;
    let granted = Granted::read(&visitor.directory(), id).await?;
    let page = Confirm {
        frame: Frame::new(&visitor, Section::EnterpriseApps, "Revoke all permissions?"),
        text: format!(
            "{} loses every permission in {}, also in tokens that it has already.",
            object.principal.display_name, visitor.tenant.display_name
        ),
        lines: granted.held().iter().map(line).collect(),
        action: format!("/portal/enterprise_apps/{id}/permissions/revoke_all"),
        fields: Vec::new(),
        button: "Revoke all permissions",
        is_dangerous: true,
        back: Tab::Permissions.address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/enterprise_apps/{id}/permissions/revoke_all`
pub(super) async fn revoke_all(posted: Posted, id: ObjectId) -> Answer {
    let directory = posted.visitor.directory();
    let granted = Granted::read(&directory, id).await?;
    granted.revoke_all(&directory).await?;
    Ok(Done::ConsentRevoked.at(&Tab::Permissions.address(id)))
}
