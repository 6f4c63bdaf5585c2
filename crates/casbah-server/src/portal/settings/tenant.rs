//! The organisation: what it is called, its domains, and what its people may do.

use askama::Template;
use serde::Deserialize;
use serde_json::json;

use crate::identity::graph::Right;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

const HERE: &str = "/portal/tenant";
const POLICY: &str = "/policies/authorizationPolicy";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    display_name: String,
    created_date_time: Moment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    id: String,
    is_default: bool,
    is_initial: bool,
    is_verified: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationPolicy {
    default_user_role_permissions: Permissions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    allowed_to_create_apps: bool,
}

#[derive(Template)]
#[template(path = "portal/settings/tenant.html")]
struct Page<'a> {
    frame: Frame<'a>,
    organization: Organization,
    domains: Table<Domain>,
    permissions: Permissions,
    can_rename: bool,
    can_set_policies: bool,
    /// A name that was typed and not taken.
    entered: Option<&'a str>,
    complaint: Option<String>,
}

/// `GET /portal/tenant`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    render(&visitor, None, None).await
}

async fn render(visitor: &Visitor, entered: Option<&str>, complaint: Option<String>) -> Answer {
    let directory = visitor.directory();
    let organization = directory.get(&organization_path(visitor)).await?;
    let domains = directory.list("/domains").await?;
    let policy: AuthorizationPolicy = directory.get(POLICY).await?;
    let columns = [
        Column::new("name", "Name", |domain: &Domain| Key::text(&domain.id)),
        Column::new("status", "Status", |domain| {
            Key::Number(i64::from(domain.is_verified))
        }),
        Column::new("default", "Default", |domain| {
            Key::Number(i64::from(domain.is_default))
        }),
        Column::new("initial", "Initial", |domain| {
            Key::Number(i64::from(domain.is_initial))
        }),
    ];
    let text = |domain: &Domain| domain.id.clone();
    let page = Page {
        frame: Frame::new(visitor, Section::Tenant, "Tenant"),
        organization,
        domains: Table::new(HERE, &visitor.query, &[], &columns, domains, text),
        permissions: policy.default_user_role_permissions,
        can_rename: directory.lets_do(Right::RenameOrganization),
        can_set_policies: directory.lets_do(Right::SetPolicies),
        entered,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn organization_path(visitor: &Visitor) -> String {
    format!("/organization/{}", visitor.tenant.id)
}

/// `POST /portal/tenant`
pub(super) async fn rename(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let name = posted.text("name");
    let body = json!({ "displayName": name });
    let path = organization_path(visitor);
    match visitor.directory().patch(&path, &body).await {
        Ok(()) => Ok(Done::Renamed.at(HERE)),
        Err(error) => render(visitor, Some(name), Some(error.complaint()?)).await,
    }
}

/// `POST /portal/tenant/policies`
pub(super) async fn set_policies(posted: Posted, (): ()) -> Answer {
    let may = match posted.text("register") {
        "yes" => true,
        "no" => false,
        _ => return Err(PortalError::Entry("Choose whether people may do it.")),
    };
    let body = json!({ "defaultUserRolePermissions": { "allowedToCreateApps": may } });
    posted.visitor.directory().patch(POLICY, &body).await?;
    Ok(Done::Saved.at(HERE))
}
