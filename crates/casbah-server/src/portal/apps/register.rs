//! A new application.

use askama::Template;
use casbah_model::identity::SignInAudience;
use casbah_model::ids::{AppId, ObjectId};
use serde::Deserialize;
use serde_json::json;

use super::authentication::Platform;
use super::object::{Tab, audience_title};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// What the form holds.
#[derive(Default)]
struct Entered {
    name: String,
    is_multitenant: bool,
    platform: String,
    redirect: String,
}

#[derive(Template)]
#[template(path = "portal/apps/register.html")]
struct Register<'a> {
    frame: Frame<'a>,
    single: String,
    any: String,
    entered: Entered,
    complaint: Option<String>,
}

/// `GET /portal/apps/new`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    form(&visitor, Entered::default(), None)
}

fn form(visitor: &Visitor, entered: Entered, complaint: Option<String>) -> Answer {
    let page = Register {
        frame: Frame::new(
            visitor,
            Section::AppRegistrations,
            "Register an application",
        ),
        single: audience_title(SignInAudience::AzureADMyOrg, &visitor.tenant),
        any: audience_title(SignInAudience::AzureADMultipleOrgs, &visitor.tenant),
        entered,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/new`
pub(super) async fn register(posted: Posted, (): ()) -> Answer {
    let entered = Entered {
        name: posted.text("name").to_owned(),
        is_multitenant: posted.text("audience") == SignInAudience::AzureADMultipleOrgs.value(),
        platform: posted.text("platform").to_owned(),
        redirect: posted.text("redirect").to_owned(),
    };
    match create(&posted.visitor, &entered).await {
        Ok(id) => Ok(Done::Registered.at(&Tab::Overview.address(id))),
        Err(error) => form(&posted.visitor, entered, Some(error.complaint()?)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: ObjectId,
    app_id: AppId,
}

/// Registers the application, and makes it present in its own tenant.
async fn create(visitor: &Visitor, entered: &Entered) -> Result<ObjectId, PortalError> {
    let audience = if entered.is_multitenant {
        SignInAudience::AzureADMultipleOrgs
    } else {
        SignInAudience::AzureADMyOrg
    };
    let mut body = json!({ "displayName": entered.name, "signInAudience": audience });
    if !entered.redirect.is_empty() {
        let platform = Platform::from_name(&entered.platform).ok_or(PortalError::Form)?;
        body[platform.member()] = json!({ "redirectUris": [entered.redirect] });
    }
    let directory = visitor.directory();
    let created: Created = serde_json::from_value(directory.post("/applications", &body).await?)?;
    let body = json!({ "appId": created.app_id });
    directory.post("/servicePrincipals", &body).await?;
    Ok(created.id)
}
