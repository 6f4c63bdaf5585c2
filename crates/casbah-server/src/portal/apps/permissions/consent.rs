//! *Grant admin consent* and *Revoke admin consent*.

use casbah_model::ids::{AppId, KeyId, ObjectId};

use super::super::object::{Tab, find};
use super::super::overview::ensure_principal;
use super::{State, obstacle};
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::Principal;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::permissions::{Granted, Offered, kind_of};
use crate::portal::visitor::Visitor;

/// A permission in words.
fn line(one: &Offered) -> String {
    let Offered {
        resource_name,
        value,
        description,
        ..
    } = one;
    format!(
        "{resource_name}: {value} ({}) – {description}",
        one.kind_title()
    )
}

/// `GET /portal/apps/{id}/permissions/consent`
pub(super) async fn ask(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find(&visitor, id).await?;
    let state = State::read(&visitor, &app).await?;
    let tenant = &visitor.tenant.display_name;
    let title = format!("Grant admin consent for {tenant}?");
    let page = Confirm {
        frame: Frame::new(&visitor, Section::AppRegistrations, &title),
        text: format!(
            "{} gets these permissions for all accounts in {tenant}. Application permissions \
             work without a signed-in person.",
            app.display_name
        ),
        lines: state.missing().map(|entry| line(&entry.offered)).collect(),
        action: format!("/portal/apps/{id}/permissions/consent"),
        fields: Vec::new(),
        button: "Grant admin consent",
        is_dangerous: false,
        back: Tab::Permissions.address(id),
        typed: None,
        complaint: obstacle(&visitor.user, state.missing()).map(str::to_owned),
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/permissions/consent`
pub(super) async fn grant(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let app = find(visitor, id).await?;
    let directory = visitor.directory();
    let principal = ensure_principal(visitor, &app).await?;
    let granted = Granted::read(&directory, principal.id).await?;
    for required in &app.required_resource_access {
        let resource = Principal::of_app(&directory, required.resource_app_id).await?;
        // What this tenant does not have can be granted by nobody.
        let Some(resource) = resource else { continue };
        let wanted = required.resource_access.iter();
        let wanted: Vec<_> = wanted
            .filter_map(|access| resource.offer(access.kind, access.id))
            .collect();
        granted.add(&directory, &resource, &wanted).await?;
    }
    Ok(Done::ConsentGranted.at(&Tab::Permissions.address(id)))
}

/// A permission that a form or an address names.
struct Named {
    resource: AppId,
    kind: casbah_model::identity::ResourceAccessType,
    permission: KeyId,
}

impl Named {
    fn read<'a>(text: impl Fn(&'static str) -> &'a str) -> Result<Self, PortalError> {
        Ok(Self {
            resource: text("resource")
                .parse()
                .map_err(|_| PortalError::NotFound)?,
            kind: kind_of(text("kind")).ok_or(PortalError::NotFound)?,
            permission: text("permission")
                .parse()
                .map_err(|_| PortalError::NotFound)?,
        })
    }
}

/// `GET /portal/apps/{id}/permissions/revoke`
pub(super) async fn ask_revoke(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find(&visitor, id).await?;
    let named = Named::read(|name| visitor.query.text(name))?;
    let state = State::read(&visitor, &app).await?;
    let mut all = state.listed.iter().chain(&state.others);
    let entry = all.find(|entry| {
        entry.is_granted
            && entry.offered.resource == named.resource
            && entry.offered.kind == named.kind
            && entry.offered.id == named.permission
    });
    let entry = entry.ok_or(PortalError::NotFound)?;
    let page = Confirm {
        frame: Frame::new(&visitor, Section::AppRegistrations, "Revoke admin consent?"),
        text: format!(
            "{} loses this permission in {}, also in tokens that it has already.",
            app.display_name, visitor.tenant.display_name
        ),
        lines: vec![line(&entry.offered)],
        action: format!("/portal/apps/{id}/permissions/revoke"),
        fields: entry.fields().into(),
        button: "Revoke admin consent",
        is_dangerous: true,
        back: Tab::Permissions.address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/permissions/revoke`
pub(super) async fn revoke(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let app = find(visitor, id).await?;
    let Named {
        resource,
        kind,
        permission,
    } = Named::read(|name| posted.text(name))?;
    let directory = visitor.directory();
    let principal = Principal::of_app(&directory, app.app_id).await?;
    let principal = principal.ok_or(PortalError::NotFound)?;
    let granted = Granted::read(&directory, principal.id).await?;
    granted
        .revoke(&directory, resource, kind, permission, None)
        .await?;
    Ok(Done::ConsentRevoked.at(&Tab::Permissions.address(id)))
}
