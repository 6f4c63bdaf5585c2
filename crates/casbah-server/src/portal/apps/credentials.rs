//! What an application proves itself with.

mod certificates;
mod federated;
mod secrets;
mod tables;

use askama::Template;
use casbah_model::ids::ObjectId;

use self::federated::{Entity, Scenario};
use super::object::{Object, Tab, find};
use crate::portal::moment::Moment;
use crate::portal::objects::{Application, Certificate, Federated, Secret, Status};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::{Answer, Pages};
use crate::portal::table::Table;
use crate::portal::visitor::Visitor;
use secrets::{Life, NewSecret};

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/apps/{id}/credentials", show)
        .form("/portal/apps/{id}/secrets", secrets::add)
        .page("/portal/apps/{id}/secrets/{key}/delete", secrets::ask)
        .form("/portal/apps/{id}/secrets/{key}/delete", secrets::delete)
        .form("/portal/apps/{id}/certificates", certificates::add)
        .page(
            "/portal/apps/{id}/certificates/{key}/delete",
            certificates::ask,
        )
        .form(
            "/portal/apps/{id}/certificates/{key}/delete",
            certificates::delete,
        )
        .form("/portal/apps/{id}/federated", federated::add)
        .page("/portal/apps/{id}/federated/{key}/delete", federated::ask)
        .form(
            "/portal/apps/{id}/federated/{key}/delete",
            federated::delete,
        )
}

/// A kind of credential, the recommended one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Federated,
    Certificates,
    Secrets,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Federated, Self::Certificates, Self::Secrets];

    const fn name(self) -> &'static str {
        match self {
            Self::Federated => "federated",
            Self::Certificates => "certificates",
            Self::Secrets => "secrets",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Federated => "Federated credentials",
            Self::Certificates => "Certificates",
            Self::Secrets => "Client secrets",
        }
    }

    /// The page of this kind of an application's credentials.
    fn address(self, id: ObjectId) -> String {
        format!("{}?tab={}", Tab::Credentials.address(id), self.name())
    }
}

/// What a form held that has to be put right, or the page as it is shown first.
#[derive(Default)]
struct Entered {
    complaint: Option<String>,
    secret: secrets::Entered,
    certificate: certificates::Entered,
    federated: Option<federated::Entered>,
    /// The only page that ever shows a secret's value.
    new_secret: Option<NewSecret>,
}

#[derive(Template)]
#[template(path = "portal/apps/credentials.html")]
struct Credentials<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    kind: Kind,
    federated: Table<Federated>,
    certificates: Table<&'a Certificate>,
    secrets: Table<&'a Secret>,
    now: casbah_model::time::Timestamp,
    filled: federated::Entered,
    entered: Entered,
}

impl Credentials<'_> {
    fn count(&self, kind: Kind) -> usize {
        let app = self.object.app;
        match kind {
            Kind::Federated => self.federated.controls.found,
            Kind::Certificates => app.key_credentials.len(),
            Kind::Secrets => app.password_credentials.len(),
        }
    }

    fn status(&self, end: Moment) -> Status {
        Status::of(std::iter::once(end), self.now)
    }
}

/// `GET /portal/apps/{id}/credentials`
async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let wanted = visitor.query.text("tab");
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == wanted);
    let app = find(&visitor, id).await?;
    // Where there is something to see already, that is what people come for.
    let has_only_secrets = app.key_credentials.is_empty() && !app.password_credentials.is_empty();
    let first = if has_only_secrets {
        Kind::Secrets
    } else {
        Kind::Federated
    };
    render(&visitor, &app, kind.unwrap_or(first), Entered::default()).await
}

async fn render(visitor: &Visitor, app: &Application, kind: Kind, entered: Entered) -> Answer {
    let path = format!("/applications/{}/federatedIdentityCredentials", app.id);
    let federated: Vec<Federated> = visitor.directory().list(&path).await?;
    let title = format!("{} - {}", Tab::Credentials.title(), app.display_name);
    let scenario = Scenario::from_name(visitor.query.text("scenario"));
    let mut entered = entered;
    let filled = entered.federated.take();
    let page = Credentials {
        frame: Frame::new(visitor, Section::AppRegistrations, &title),
        object: Object::read(visitor, app, Tab::Credentials).await?,
        kind,
        federated: tables::federated(visitor, app.id, federated),
        certificates: tables::certificates(visitor, app),
        secrets: tables::secrets(visitor, app),
        now: visitor.context.now,
        filled: filled.unwrap_or_else(|| federated::Entered::first(scenario)),
        entered,
    };
    Ok(page::show(&page, &visitor.context)?)
}
