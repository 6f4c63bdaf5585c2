//! Where an application's sign-ins end, and who may sign in.

use askama::Template;
use casbah_model::identity::SignInAudience;
use casbah_model::ids::ObjectId;
use serde_json::json;

use super::object::{Object, Tab, audience_title, find};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::{Application, Redirects};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// What kind of program receives the answers of sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    Web,
    Spa,
    PublicClient,
}

impl Platform {
    pub(super) const ALL: [Self; 3] = [Self::Web, Self::Spa, Self::PublicClient];

    /// The platform that a form names.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.member() == name)
    }

    /// The member of an application that holds its addresses.
    pub(super) const fn member(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Spa => "spa",
            Self::PublicClient => "publicClient",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Web => "Web",
            Self::Spa => "Single-page application (SPA)",
            Self::PublicClient => "Public client/native (mobile & desktop)",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Web => "Programs on a server, which can keep a secret.",
            Self::Spa => {
                "Pages that ask for tokens in the browser, with PKCE and without a secret."
            }
            Self::PublicClient => {
                "Programs on a person's own machine, such as command lines. http://localhost may have any port."
            }
        }
    }

    const fn of(self, app: &Application) -> &Redirects {
        match self {
            Self::Web => &app.web,
            Self::Spa => &app.spa,
            Self::PublicClient => &app.public_client,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/apps/authentication.html")]
struct Authentication<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    platforms: Vec<(Platform, Table<&'a String>)>,
    single: String,
    any: String,
    entered: (&'a str, &'a str),
    complaint: Option<String>,
}

/// `GET /portal/apps/{id}/authentication`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    render(&visitor, id, ("", ""), None).await
}

async fn render(
    visitor: &Visitor,
    id: ObjectId,
    entered: (&str, &str),
    complaint: Option<String>,
) -> Answer {
    let app = find(visitor, id).await?;
    let platforms = Platform::ALL.map(|one| (one, table(visitor, &app, one)));
    let title = format!("{} - {}", Tab::Authentication.title(), app.display_name);
    let page = Authentication {
        frame: Frame::new(visitor, Section::AppRegistrations, &title),
        object: Object::read(visitor, &app, Tab::Authentication).await?,
        platforms: platforms.into(),
        single: audience_title(SignInAudience::AzureADMyOrg, &visitor.tenant),
        any: audience_title(SignInAudience::AzureADMultipleOrgs, &visitor.tenant),
        entered,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// The redirect URIs of a platform.
fn table<'a>(visitor: &Visitor, app: &'a Application, platform: Platform) -> Table<&'a String> {
    let columns = [
        Column::new("uri", "Redirect URI", |uri: &&String| Key::text(uri)),
        Column::actions(),
    ];
    let path = Tab::Authentication.address(app.id);
    let uris = platform.of(app).redirect_uris.iter().collect();
    Table::part(&path, &visitor.query, platform.member(), &columns, uris)
}

/// `POST /portal/apps/{id}/authentication`: who may sign in, and how.
pub(super) async fn save(posted: Posted, id: ObjectId) -> Answer {
    let body = json!({
        "signInAudience": posted.text("audience"),
        "isFallbackPublicClient": posted.text("public_flows") == "yes",
    });
    change(&posted, id, &body, Done::Saved).await
}

/// `POST /portal/apps/{id}/redirects/add`
pub(super) async fn add(posted: Posted, id: ObjectId) -> Answer {
    let app = find(&posted.visitor, id).await?;
    let platform = Platform::from_name(posted.text("platform")).ok_or(PortalError::Form)?;
    let mut uris = platform.of(&app).redirect_uris.clone();
    let uri = posted.text("uri").to_owned();
    if !uris.contains(&uri) {
        uris.push(uri);
    }
    let body = json!({ platform.member(): { "redirectUris": uris } });
    change(&posted, id, &body, Done::RedirectAdded).await
}

/// `POST /portal/apps/{id}/redirects/remove`
pub(super) async fn remove(posted: Posted, id: ObjectId) -> Answer {
    let app = find(&posted.visitor, id).await?;
    let platform = Platform::from_name(posted.text("platform")).ok_or(PortalError::Form)?;
    let mut uris = platform.of(&app).redirect_uris.clone();
    uris.retain(|uri| uri != posted.raw("uri"));
    let body = json!({ platform.member(): { "redirectUris": uris } });
    change(&posted, id, &body, Done::RedirectRemoved).await
}

async fn change(posted: &Posted, id: ObjectId, body: &serde_json::Value, done: Done) -> Answer {
    let visitor = &posted.visitor;
    let changed = visitor
        .directory()
        .patch(&format!("/applications/{id}"), body)
        .await;
    match changed {
        Ok(()) => Ok(done.at(&Tab::Authentication.address(id))),
        Err(error) => {
            let complaint = Some(error.complaint()?);
            let entered = (posted.text("platform"), posted.text("uri"));
            render(visitor, id, entered, complaint).await
        }
    }
}
