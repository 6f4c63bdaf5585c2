//! The portal's first page.

use askama::Template;
use casbah_model::identity::FIRST_PARTY_TENANT;
use serde::de::IgnoredAny;

use super::api::Data;
use super::error::PortalError;
use super::objects::{Principal, SOON_DAYS};
use super::page::{self, Frame, Section};
use super::pages::Answer;
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    /// Applications that are registered here.
    registered: usize,
    /// Applications of other organisations.
    foreign: usize,
    /// Credentials that have ended or end soon; none for whoever may not see them.
    ending: Option<usize>,
}

/// `GET /portal/`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let directory = visitor.directory();
    let registered: Vec<IgnoredAny> = directory.list("/applications?$top=999&$select=id").await?;
    let principals: Vec<Principal> = directory.list("/servicePrincipals?$top=999").await?;
    let own = [visitor.tenant.id, FIRST_PARTY_TENANT];
    let foreign = principals
        .iter()
        .filter(|one| !own.contains(&one.app_owner_organization_id));
    let page = Overview {
        frame: Frame::new(&visitor, Section::Overview, "Overview"),
        registered: registered.len(),
        foreign: foreign.count(),
        ending: ending(&visitor).await?,
    };
    Ok(page::show(&page, &visitor.context)?)
}

async fn ending(visitor: &Visitor) -> Result<Option<usize>, PortalError> {
    let path = format!("/casbah/v1/credentials?expiringDays={SOON_DAYS}");
    let found: Result<Data<IgnoredAny>, _> = visitor.api().get(&path).await;
    match found {
        Ok(Data { data }) => Ok(Some(data.len())),
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}
