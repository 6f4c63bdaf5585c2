//! The portal's first page.

use askama::Template;
use casbah_store::ApplicationCounts;
use serde::de::IgnoredAny;
use serde_json::json;

use super::api::Data;
use super::error::{PortalError, where_allowed};
use super::listing::Listed;
use super::objects::SOON_DAYS;
use super::page::{self, Frame, Section};
use super::pages::Answer;
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    applications: ApplicationCounts,
    /// Alerts that nobody has closed; none for whoever may not see them.
    alerts: Option<Listed<IgnoredAny>>,
    /// Credentials that have ended or end soon; none for whoever may not see them.
    ending: Option<usize>,
}

/// `GET /portal/`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let page = Overview {
        frame: Frame::new(&visitor, Section::Overview, "Overview"),
        applications: visitor.directory().count_applications().await?,
        alerts: alerts(&visitor).await?,
        ending: ending(&visitor).await?,
    };
    Ok(page::show(&page, &visitor.context)?)
}

async fn ending(visitor: &Visitor) -> Result<Option<usize>, PortalError> {
    let path = format!("/casbah/v1/credentials?expiringDays={SOON_DAYS}");
    let found = where_allowed(visitor.api().get(&path).await)?;
    Ok(found.map(|found: Data<IgnoredAny>| found.data.len()))
}

async fn alerts(visitor: &Visitor) -> Result<Option<Listed<IgnoredAny>>, PortalError> {
    let open = json!({"filters": {"alertOpen": {"eq": true}}, "limit": 1});
    where_allowed(visitor.api().post("/api/alerts", &open).await)
}
