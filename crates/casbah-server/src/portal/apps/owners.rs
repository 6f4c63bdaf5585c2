//! Who may manage an application without a role.

use askama::Template;
use casbah_model::ids::ObjectId;
use serde::Deserialize;
use serde_json::json;

use super::object::{Object, Tab, find};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::{Owner, segment};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/apps/owners.html")]
struct Owners<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    all: Table<Owner>,
    entered: &'a str,
    complaint: Option<String>,
}

/// `GET /portal/apps/{id}/owners`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    render(&visitor, id, "", None).await
}

async fn render(
    visitor: &Visitor,
    id: ObjectId,
    entered: &str,
    complaint: Option<String>,
) -> Answer {
    let app = find(visitor, id).await?;
    let path = format!("/applications/{id}/owners?$top=999");
    let title = format!("{} - {}", Tab::Owners.title(), app.display_name);
    let page = Owners {
        frame: Frame::new(visitor, Section::AppRegistrations, &title),
        object: Object::read(visitor, &app, Tab::Owners).await?,
        all: table(visitor, id, visitor.directory().list(&path).await?),
        entered,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn table(visitor: &Visitor, id: ObjectId, owners: Vec<Owner>) -> Table<Owner> {
    let columns = [
        Column::new("name", "Name", |owner: &Owner| {
            Key::text(owner.display_name.as_deref().unwrap_or_default())
        }),
        Column::new("user", "User name", |owner| {
            Key::text(owner.user_principal_name.as_deref().unwrap_or_default())
        }),
        Column::new("id", "Object ID", |owner| Key::text(&owner.id.to_string())),
        Column::actions(),
    ];
    let path = Tab::Owners.address(id);
    Table::part(&path, &visitor.query, "owners", &columns, owners)
}

#[derive(Deserialize)]
struct Person {
    id: ObjectId,
}

/// `POST /portal/apps/{id}/owners`
pub(super) async fn add(posted: Posted, id: ObjectId) -> Answer {
    let (visitor, upn) = (&posted.visitor, posted.text("upn"));
    // Whoever may not see the application learns nothing of people.
    find(visitor, id).await?;
    match add_person(visitor, id, upn).await {
        Ok(()) => Ok(Done::OwnerAdded.at(&Tab::Owners.address(id))),
        Err(error) if error.is_missing() => {
            let complaint = format!("There is no person with the sign-in name “{upn}”.");
            render(visitor, id, upn, Some(complaint)).await
        }
        Err(error) => render(visitor, id, upn, Some(error.complaint()?)).await,
    }
}

async fn add_person(visitor: &Visitor, id: ObjectId, upn: &str) -> Result<(), PortalError> {
    if upn.is_empty() {
        return Err(PortalError::NotFound);
    }
    let directory = visitor.directory();
    let person: Person = directory.get(&format!("/users/{}", segment(upn))).await?;
    let origin = visitor.app.authority.origin();
    let body = json!({ "@odata.id": format!("{origin}/v1.0/users/{}", person.id) });
    let path = format!("/applications/{id}/owners/$ref");
    directory.post(&path, &body).await.map(drop)
}

/// `POST /portal/apps/{id}/owners/{owner}/remove`
pub(super) async fn remove(posted: Posted, (id, owner): (ObjectId, ObjectId)) -> Answer {
    let path = format!("/applications/{id}/owners/{owner}/$ref");
    posted.visitor.directory().delete(&path).await?;
    Ok(Done::OwnerRemoved.at(&Tab::Owners.address(id)))
}
