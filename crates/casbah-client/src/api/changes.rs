//! Feeds of changes, which Casbah has and Microsoft's own service has not.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;

use crate::api::Client;
use crate::api::audit::encoded;
use crate::error::Error;
use crate::transport::{CALL_TIME, Repeat};
use crate::well_known::CLOUD_APP_SECURITY;

/// A feed of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Activities as they arrive.
    Activities,
    /// Alerts as they are made and change.
    Alerts,
}

/// Where to begin in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedStart {
    /// At its end: only what comes from now on.
    Now,
    /// At the oldest change that the server keeps.
    Oldest,
    /// Behind what was read before: [`Changes::next`].
    After(String),
}

/// What follows a place in a feed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes<T> {
    /// The records as they are now, in the order of the changes.
    pub data: Vec<T>,
    /// Where to go on.
    pub next: String,
    /// Whether there is more already.
    pub has_next: bool,
}

impl Client {
    /// What follows a place in a feed; where nothing does yet, waits for it as long as
    /// this and at most a minute.
    ///
    /// # Errors
    /// [`Error::Api`] with 410 when the server keeps the changes behind this place no more.
    pub async fn changes<T: serde::de::DeserializeOwned>(
        &self,
        feed: Feed,
        start: &FeedStart,
        wait: Duration,
    ) -> Result<Changes<T>, Error> {
        let after = match start {
            FeedStart::Now => None,
            FeedStart::Oldest => Some("start".to_owned()),
            FeedStart::After(place) => Some(place.clone()),
        };
        let mut parameters = vec![("wait", wait.as_secs().to_string())];
        parameters.extend(after.map(|after| ("after", after)));
        let list = match feed {
            Feed::Activities => "activities",
            Feed::Alerts => "alerts",
        };
        let path = format!("/casbah/v1/{list}/changes?{}", encoded(&parameters));
        let time = CALL_TIME.saturating_add(wait);
        let response = self
            .send_within(
                time,
                CLOUD_APP_SECURITY,
                Method::GET,
                &path,
                Repeat::Safe,
                |request| request,
            )
            .await?;
        Ok(response.json().await?)
    }
}
