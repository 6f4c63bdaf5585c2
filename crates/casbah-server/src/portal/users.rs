//! *Users and roles*: people of the tenant, and what they may do.

mod change;
mod create;
mod list;
mod overview;

use casbah_model::identity::DirectoryRole;
use casbah_model::ids::ObjectId;
use serde::Deserialize;

use super::error::PortalError;
use super::moment::Moment;
use super::pages::Pages;
use super::visitor::Visitor;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/users", list::show)
        .page("/portal/users/new", create::show)
        .form("/portal/users/new", create::create)
        .page("/portal/users/{id}", overview::show)
        .form("/portal/users/{id}", change::rename)
        .form("/portal/users/{id}/enable", change::enable)
        .form("/portal/users/{id}/disable", change::disable)
        .form("/portal/users/{id}/roles", change::assign_role)
        .form(
            "/portal/users/{id}/roles/{role}/remove",
            change::remove_role,
        )
        .form("/portal/users/{id}/password", change::reset_password)
        .form("/portal/users/{id}/invite", change::invite)
        .form("/portal/users/{id}/methods/reset", change::reset_methods)
        .form("/portal/users/{id}/sign_out", change::sign_out)
        .page("/portal/users/{id}/delete", change::ask_to_delete)
        .form("/portal/users/{id}/delete", change::delete)
}

/// A person, as the directory answers her.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: ObjectId,
    display_name: String,
    user_principal_name: String,
    account_enabled: bool,
    created_date_time: Moment,
}

/// A role that someone has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    id: String,
    principal_id: ObjectId,
    role_definition_id: String,
}

impl Assignment {
    fn role(&self) -> Option<DirectoryRole> {
        let id = self.role_definition_id.parse().ok()?;
        DirectoryRole::by_template_id(id)
    }
}

/// The address of a person's page.
fn address(id: ObjectId) -> String {
    format!("/portal/users/{id}")
}

async fn find(visitor: &Visitor, id: ObjectId) -> Result<Person, PortalError> {
    visitor.directory().get(&format!("/users/{id}")).await
}

/// The roles of everybody.
async fn assignments(visitor: &Visitor) -> Result<Vec<Assignment>, PortalError> {
    let path = "/roleManagement/directory/roleAssignments?$top=999";
    visitor.directory().list(path).await
}
