//! The first page of an application.

use askama::Template;
use casbah_model::ids::{AppId, ObjectId};
use serde_json::json;

use super::object::{Object, Tab, audience_title, find as find_app};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::{Application, Federated, Principal, Status};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/apps/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    audience: String,
    status: Status,
    federated: usize,
    principal: Option<Principal>,
    links: Option<ConsentLinks>,
    name: &'a str,
    complaint: Option<String>,
}

/// Links by which an administrator of another tenant consents.
struct ConsentLinks {
    admin_consent: String,
    v1: String,
    /// Where the browser goes afterwards; none shows an error after the consent.
    redirect: Option<String>,
}

impl ConsentLinks {
    fn new(origin: &str, app: &Application) -> Self {
        let id = app.app_id;
        let all = [&app.web, &app.spa, &app.public_client];
        let redirect = all.iter().find_map(|one| one.redirect_uris.first());
        Self {
            admin_consent: format!("{origin}/common/adminconsent?client_id={id}"),
            v1: format!(
                "{origin}/common/oauth2/authorize?prompt=consent&client_id={id}\
                 &response_type=code&sso_reload=true"
            ),
            redirect: redirect.cloned(),
        }
    }
}

/// `GET /portal/apps/{id}`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find_app(&visitor, id).await?;
    let name = app.display_name.clone();
    render(&visitor, &app, &name, None).await
}

async fn render(
    visitor: &Visitor,
    app: &Application,
    name: &str,
    complaint: Option<String>,
) -> Answer {
    let directory = visitor.directory();
    let path = format!("/applications/{}/federatedIdentityCredentials", app.id);
    let federated: Vec<Federated> = directory.list(&path).await?;
    let origin = visitor.app.authority.origin();
    let page = Overview {
        frame: Frame::new(visitor, Section::AppRegistrations, &app.display_name),
        object: Object::read(visitor, app, Tab::Overview).await?,
        audience: audience_title(app.sign_in_audience, &visitor.tenant),
        status: app.status(visitor.context.now),
        federated: federated.len(),
        principal: Principal::of_app(&directory, app.app_id).await?,
        links: app.is_multitenant().then(|| ConsentLinks::new(origin, app)),
        name,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `GET /portal/apps/by_client_id/{app_id}`: other pages know the client id alone.
pub(super) async fn find(visitor: Visitor, app_id: AppId) -> Answer {
    let path = format!("/applications(appId='{app_id}')");
    let app: Application = visitor.directory().get(&path).await?;
    Ok(page::go(&Tab::Overview.address(app.id)))
}

/// `POST /portal/apps/{id}/rename`
pub(super) async fn rename(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let name = posted.text("name");
    let body = json!({ "displayName": name });
    let changed = visitor
        .directory()
        .patch(&format!("/applications/{id}"), &body)
        .await;
    match changed {
        Ok(()) => Ok(Done::Renamed.at(&Tab::Overview.address(id))),
        Err(error) => {
            let complaint = error.complaint()?;
            let app = find_app(visitor, id).await?;
            render(visitor, &app, name, Some(complaint)).await
        }
    }
}

/// `POST /portal/apps/{id}/principal`: makes the application present in its own tenant,
/// where whoever registered it did not.
pub(super) async fn create_principal(posted: Posted, id: ObjectId) -> Answer {
    let app = find_app(&posted.visitor, id).await?;
    ensure_principal(&posted.visitor, &app).await?;
    Ok(Done::PrincipalCreated.at(&Tab::Overview.address(id)))
}

/// The application's principal in its own tenant, made if it is not there.
pub(super) async fn ensure_principal(
    visitor: &Visitor,
    app: &Application,
) -> Result<Principal, PortalError> {
    let directory = visitor.directory();
    if let Some(principal) = Principal::of_app(&directory, app.app_id).await? {
        return Ok(principal);
    }
    let body = json!({ "appId": app.app_id });
    let created = directory.post("/servicePrincipals", &body).await?;
    Ok(serde_json::from_value(created)?)
}
