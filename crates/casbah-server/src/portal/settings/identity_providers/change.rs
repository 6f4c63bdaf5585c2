//! Adding and changing providers.

use askama::Template;
use casbah_model::ids::ObjectId;

use super::{Entered, LIST, address, find, path, show};
use crate::portal::done::Done;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::sign_in::provider_redirect_uri;
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/settings/provider/new.html")]
struct New<'a> {
    frame: Frame<'a>,
    redirect_uri: String,
    entered: &'a Entered,
    domains: &'a [String],
    is_change: bool,
    complaint: Option<String>,
}

/// `GET /portal/identity-providers/new`
pub(super) async fn new(visitor: Visitor, (): ()) -> Answer {
    render(&visitor, &Entered::default(), None)
}

fn render(visitor: &Visitor, entered: &Entered, complaint: Option<String>) -> Answer {
    let page = New {
        frame: Frame::new(visitor, Section::IdentityProviders, "Add a provider"),
        redirect_uri: provider_redirect_uri(&visitor.app.authority),
        entered,
        domains: &visitor.tenant.domains,
        is_change: false,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/identity-providers/new`
pub(super) async fn add(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let entered = Entered::from(&posted);
    let mut body = entered.body();
    body["issuer"] = entered.issuer.as_str().into();
    body["clientSecret"] = posted.raw("secret").into();
    match visitor.directory().post(LIST, &body).await {
        Ok(made) => {
            let id = serde_json::from_value(made["id"].clone())?;
            Ok(Done::ProviderAdded.at(&address(id)))
        }
        Err(error) => render(visitor, &entered, Some(error.complaint()?)),
    }
}

/// `POST /portal/identity-providers/{id}`; without a new secret the present one stays.
pub(super) async fn save(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let entered = Entered::from(&posted);
    let mut body = entered.body();
    let secret = posted.raw("secret");
    if !secret.is_empty() {
        body["clientSecret"] = secret.into();
    }
    match visitor.directory().patch(&path(id), &body).await {
        Ok(()) => Ok(Done::Saved.at(&address(id))),
        Err(error) => {
            let complaint = error.complaint()?;
            let provider = find(visitor, id).await?;
            show::again(visitor, &provider, &entered, complaint).await
        }
    }
}

/// `POST /portal/identity-providers/{id}/accounts/{user}/forget`
pub(super) async fn forget(posted: Posted, (id, user): (ObjectId, ObjectId)) -> Answer {
    let path = format!("{}/links/{user}", path(id));
    posted.visitor.directory().delete(&path).await?;
    Ok(Done::AccountForgotten.at(&address(id)))
}
