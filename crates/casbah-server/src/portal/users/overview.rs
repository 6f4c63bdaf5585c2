//! `GET /portal/users/{id}`

use askama::Template;
use casbah_model::identity::DirectoryRole;
use casbah_model::ids::ObjectId;
use serde::Deserialize;

use super::{Assignment, Person, assignments, find};
use crate::portal::error::{PortalError, where_allowed};
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// Something that a person proves herself with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Method {
    #[serde(rename = "@odata.type")]
    kind: String,
    pub(super) id: String,
    display_name: Option<String>,
    created_date_time: Option<Moment>,
}

impl Method {
    fn name(&self) -> String {
        match (self.set(), &self.display_name) {
            (Some("fido2Methods"), Some(name)) => format!("Passkey “{name}”"),
            (Some("fido2Methods"), None) => "Passkey".to_owned(),
            (Some(_), _) => "Authenticator app".to_owned(),
            (None, _) => "Password".to_owned(),
        }
    }

    /// The collection that it is deleted from; a password has none.
    pub(super) fn set(&self) -> Option<&'static str> {
        match self.kind.as_str() {
            "#microsoft.graph.softwareOathAuthenticationMethod" => Some("softwareOathMethods"),
            "#microsoft.graph.fido2AuthenticationMethod" => Some("fido2Methods"),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/users/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    person: &'a Person,
    /// The assignments with their roles.
    held: Table<(String, DirectoryRole)>,
    others: Vec<DirectoryRole>,
    /// None where the visitor may not look after them.
    methods: Option<Vec<Method>>,
    complaint: Option<String>,
}

impl Overview<'_> {
    fn has_password(&self) -> bool {
        let methods = self.methods.iter().flatten();
        methods.into_iter().any(|method| method.set().is_none())
    }

    fn has_factors(&self) -> bool {
        let methods = self.methods.iter().flatten();
        methods.into_iter().any(|method| method.set().is_some())
    }
}

/// `GET /portal/users/{id}`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    render(&visitor, id, None).await
}

/// The page, with what was wrong with a form of it.
pub(super) async fn render(visitor: &Visitor, id: ObjectId, complaint: Option<String>) -> Answer {
    let person = find(visitor, id).await?;
    let held = assignments(visitor).await?;
    let held = held.into_iter().filter(|held| held.principal_id == id);
    let named = |held: Assignment| Some((held.id.clone(), held.role()?));
    let held: Vec<_> = held.filter_map(named).collect();
    let has = |role: &DirectoryRole| held.iter().any(|(_, held)| held == role);
    let others = DirectoryRole::ALL.into_iter();
    let others = others.filter(|role| !has(role)).collect();
    let methods = where_allowed(methods(visitor, id).await)?;
    let page = Overview {
        frame: Frame::new(visitor, Section::Users, &person.display_name),
        person: &person,
        held: table(visitor, id, held),
        others,
        methods,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn table(
    visitor: &Visitor,
    id: ObjectId,
    held: Vec<(String, DirectoryRole)>,
) -> Table<(String, DirectoryRole)> {
    let columns = [
        Column::new("role", "Role", |(_, role): &(String, DirectoryRole)| {
            Key::text(role.display_name())
        }),
        Column::new("description", "Description", |(_, role)| {
            Key::text(role.description())
        }),
        Column::actions(),
    ];
    let path = format!("/portal/users/{id}");
    Table::part(&path, &visitor.query, "roles", &columns, held)
}

/// What a person proves herself with.
pub(super) async fn methods(visitor: &Visitor, id: ObjectId) -> Result<Vec<Method>, PortalError> {
    let path = format!("/users/{id}/authentication/methods");
    visitor.directory().list(&path).await
}
