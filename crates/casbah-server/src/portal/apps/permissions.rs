//! The permissions that an application asks for, and which of them were granted.

mod add;
mod consent;
mod tables;

use askama::Template;
use casbah_model::identity::{ResourceAccess, ResourceAccessType, User};
use casbah_model::ids::ObjectId;
use serde_json::json;

use self::tables::Configured;
use super::object::{Object, Tab, find};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::{Application, Principal};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::{Answer, Pages};
use crate::portal::permissions::{Granted, Offered, kind_name, kind_of, may_grant};
use crate::portal::table::Table;
use crate::portal::visitor::Visitor;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/apps/{id}/permissions", show)
        .form("/portal/apps/{id}/permissions/remove", remove)
        .page("/portal/apps/{id}/permissions/add", add::resources)
        .page("/portal/apps/{id}/permissions/add/{resource}", add::show)
        .form("/portal/apps/{id}/permissions/add/{resource}", add::add)
        .page("/portal/apps/{id}/permissions/consent", consent::ask)
        .form("/portal/apps/{id}/permissions/consent", consent::grant)
        .page("/portal/apps/{id}/permissions/revoke", consent::ask_revoke)
        .form("/portal/apps/{id}/permissions/revoke", consent::revoke)
}

/// A permission that is asked for, granted, or both.
struct Entry {
    offered: Offered,
    is_granted: bool,
}

impl Entry {
    /// The fields by which a form or an address names it.
    fn fields(&self) -> [(&'static str, String); 3] {
        [
            ("resource", self.offered.resource.to_string()),
            ("kind", self.offered.kind_name().to_owned()),
            ("permission", self.offered.id.to_string()),
        ]
    }

    fn revoke(&self, id: ObjectId) -> String {
        let fields = self.fields();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        crate::portal::query::address(&format!("/portal/apps/{id}/permissions/revoke"), &fields)
    }
}

/// All permissions of an application.
struct State {
    principal: Option<Principal>,
    /// Those that the registration lists.
    listed: Vec<Entry>,
    /// Those that were granted but are not in the list any more.
    others: Vec<Entry>,
    /// Listed ones that no resource of this tenant offers.
    unknown: Vec<ResourceAccess>,
}

impl State {
    async fn read(visitor: &Visitor, app: &Application) -> Result<Self, PortalError> {
        let directory = visitor.directory();
        let principal = Principal::of_app(&directory, app.app_id).await?;
        let granted = match &principal {
            Some(principal) => Some(Granted::read(&directory, principal.id).await?),
            None => None,
        };
        let (mut listed, mut unknown) = (Vec::new(), Vec::new());
        for required in &app.required_resource_access {
            let resource = Principal::of_app(&directory, required.resource_app_id).await?;
            for access in &required.resource_access {
                let offered = resource
                    .as_ref()
                    .and_then(|one| one.offer(access.kind, access.id));
                match offered {
                    Some(offered) => listed.push(Entry {
                        is_granted: granted.as_ref().is_some_and(|all| all.has(&offered)),
                        offered,
                    }),
                    None => unknown.push(*access),
                }
            }
        }
        let is_listed = |one: &Offered| {
            listed.iter().any(|entry| {
                entry.offered.id == one.id
                    && entry.offered.kind == one.kind
                    && entry.offered.resource == one.resource
            })
        };
        let held = granted.as_ref().map(Granted::held).unwrap_or_default();
        let others = held
            .into_iter()
            .filter(|held| held.person.is_none() && !is_listed(&held.offered))
            .map(|held| Entry {
                offered: held.offered,
                is_granted: true,
            })
            .collect();
        Ok(Self {
            principal,
            listed,
            others,
            unknown,
        })
    }

    /// What is asked for and not granted.
    fn missing(&self) -> impl Iterator<Item = &Offered> {
        let missing = self.listed.iter().filter(|entry| !entry.is_granted);
        missing.map(|entry| &entry.offered)
    }
}

/// Why the visitor cannot consent to all of these. The directory decides; this only
/// tells beforehand.
fn obstacle<'a>(
    user: &User,
    mut wanted: impl Iterator<Item = &'a Offered>,
) -> Option<&'static str> {
    let has_role = wanted.any(|one| one.kind == ResourceAccessType::Role);
    if has_role && !may_grant(user, ResourceAccessType::Role) {
        return Some(
            "Application permissions are granted by a Global Administrator or a Privileged Role \
             Administrator: ask one of them.",
        );
    }
    (!may_grant(user, ResourceAccessType::Scope)).then_some(
        "Permissions are granted for everyone by a Global Administrator, a Privileged Role \
         Administrator, a Cloud Application Administrator or an Application Administrator: ask \
         one of them.",
    )
}

#[derive(Template)]
#[template(path = "portal/apps/permissions.html")]
struct Permissions<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    state: &'a State,
    configured: Table<Configured<'a>>,
    others: Table<&'a Entry>,
    obstacle: Option<&'static str>,
}

/// `GET /portal/apps/{id}/permissions`
async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find(&visitor, id).await?;
    let state = State::read(&visitor, &app).await?;
    let title = format!("{} - {}", Tab::Permissions.title(), app.display_name);
    let page = Permissions {
        frame: Frame::new(&visitor, Section::AppRegistrations, &title),
        object: Object::read(&visitor, &app, Tab::Permissions).await?,
        obstacle: obstacle(&visitor.user, state.missing()),
        configured: tables::configured(&visitor, id, &state),
        others: tables::others(&visitor, id, &state),
        state: &state,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/permissions/remove`: asks for it no more. What was granted
/// stays granted.
async fn remove(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let app = find(visitor, id).await?;
    let kind = kind_of(posted.text("kind")).ok_or(PortalError::Form)?;
    let permission = posted
        .text("permission")
        .parse()
        .map_err(|_| PortalError::Form)?;
    let mut required = app.required_resource_access;
    for one in &mut required {
        one.resource_access
            .retain(|access| access.kind != kind || access.id != permission);
    }
    required.retain(|one| !one.resource_access.is_empty());
    let body = json!({ "requiredResourceAccess": required });
    visitor
        .directory()
        .patch(&format!("/applications/{id}"), &body)
        .await?;
    Ok(Done::PermissionRemoved.at(&Tab::Permissions.address(id)))
}

/// The kind of a listed permission that no resource offers, for its form.
fn unknown_kind(access: &ResourceAccess) -> &'static str {
    kind_name(access.kind)
}
