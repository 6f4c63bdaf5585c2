//! *Grant admin consent* and *Revoke admin consent*.

use casbah_model::identity::Application;
use casbah_model::ids::{AppId, KeyId, ObjectId};

use super::super::object::{Tab, find};
use super::{State, obstacle};
use crate::identity::consent::{ApprovalError, Asked, Proposal};
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

/// The registration, which the visitor may see, as the rules of consent need it.
async fn registration(visitor: &Visitor, id: ObjectId) -> Result<Application, PortalError> {
    let seen = find(visitor, id).await?;
    let store = &visitor.app.store;
    let found = store.application(visitor.tenant.id, seen.id).await?;
    found.ok_or(PortalError::NotFound)
}

async fn proposal<'a>(
    visitor: &'a Visitor,
    application: &'a Application,
) -> Result<Proposal<'a>, PortalError> {
    let asked = Asked::Registered(Vec::new());
    Ok(Proposal::find(&visitor.app, application, asked, &visitor.user).await?)
}

/// `GET /portal/apps/{id}/permissions/consent`
pub(super) async fn ask(visitor: Visitor, id: ObjectId) -> Answer {
    render(&visitor, id, None).await
}

async fn render(visitor: &Visitor, id: ObjectId, complaint: Option<&str>) -> Answer {
    let application = registration(visitor, id).await?;
    let proposal = proposal(visitor, &application).await?;
    let plan = proposal.missing();
    let wanted = Offered::planned(&plan);
    let tenant = &visitor.tenant.display_name;
    let title = format!("Grant admin consent for {tenant}?");
    let nothing = "There is nothing to grant: all permissions that this directory knows are \
                   granted already.";
    let complaint = complaint
        .or_else(|| plan.is_empty().then_some(nothing))
        .or_else(|| obstacle(&visitor.user, wanted.iter()));
    let page = Confirm {
        frame: Frame::new(visitor, Section::AppRegistrations, &title),
        text: format!(
            "{} gets these permissions for all accounts in {tenant}. Application permissions \
             work without a signed-in person.",
            application.display_name
        ),
        lines: wanted.iter().map(line).collect(),
        action: format!("/portal/apps/{id}/permissions/consent"),
        fields: vec![("mark", plan.mark())],
        button: "Grant admin consent",
        is_dangerous: false,
        back: Tab::Permissions.address(id),
        typed: None,
        complaint: complaint.map(str::to_owned),
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/permissions/consent`: grants what the page showed, whole or not
/// at all.
pub(super) async fn grant(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let application = registration(visitor, id).await?;
    let proposal = proposal(visitor, &application).await?;
    let mark = posted.text("mark");
    match proposal.approve(&visitor.app, mark, &visitor.context).await {
        Ok(()) => Ok(Done::ConsentGranted.at(&Tab::Permissions.address(id))),
        Err(ApprovalError::Changed) => {
            let changed = "What is asked for or granted has changed since this page was shown. \
                           Nothing was granted. Please read it again.";
            render(visitor, id, Some(changed)).await
        }
        Err(error) => Err(error.into()),
    }
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
