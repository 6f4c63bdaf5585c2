//! Cloud discovery: reports, discovered apps, tags and block scripts.

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::api::Client;
use crate::api::list::{ListQuery, Page};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CLOUD_APP_SECURITY;

/// The appliance that a block script is for; the numbers are the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockScriptFormat {
    /// Blue Coat ProxySG.
    BlueCoat = 102,
    /// Cisco ASA.
    CiscoAsa = 104,
    /// FortiGate.
    FortiGate = 108,
    /// Palo Alto.
    PaloAlto = 112,
    /// Zscaler.
    Zscaler = 120,
    /// Juniper SRX.
    JuniperSrx = 129,
    /// Websense.
    Websense = 135,
}

/// What is asked of a discovery report.
#[derive(Debug, Clone)]
pub struct ReportQuery {
    /// The report (stream).
    pub stream_id: String,
    /// Days back: 7, 30 or 90.
    pub days: u32,
    /// Filters and bounds of the list.
    pub list: ListQuery,
}

#[derive(Deserialize)]
struct Streams<T> {
    streams: Vec<T>,
}

impl Client {
    /// The discovery reports.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn discovery_streams<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        let answer: Streams<T> = self.get("/api/discovery/streams/").await?;
        Ok(answer.streams)
    }

    /// One page of a report's discovered apps.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn discovered_apps<T: DeserializeOwned>(
        &self,
        query: &ReportQuery,
        skip: u64,
        limit: u64,
    ) -> Result<Page<T>, Error> {
        let mut body = report_body(query);
        body["skip"] = skip.into();
        body["limit"] = limit.into();
        let path = "/cas/api/v1/discovery/discovered_apps/";
        self.post(path, Repeat::Safe, &body).await
    }

    /// How many apps a report has in each category.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn discovery_categories<T: DeserializeOwned>(
        &self,
        query: &ReportQuery,
    ) -> Result<Vec<T>, Error> {
        let path = "/api/v1/discovery/discovered_apps/categories/";
        self.post(path, Repeat::Safe, &report_body(query)).await
    }

    /// One page of the users of a discovered app.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn app_users<T: DeserializeOwned>(
        &self,
        query: &ReportQuery,
        app_id: i64,
        skip: u64,
        limit: u64,
    ) -> Result<Page<T>, Error> {
        let mut body = report_body(query);
        body["appId"] = app_id.into();
        body["skip"] = skip.into();
        body["limit"] = limit.into();
        let path = "/cas/api/v1/discovery/app_users/";
        self.post(path, Repeat::Safe, &body).await
    }

    /// Tags a discovered app; `Sanctioned` and `Unsanctioned` are built in.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn tag_app(&self, app_id: i64, tag: &str) -> Result<(), Error> {
        self.change_tag(app_id, "add_tag", tag).await
    }

    /// Takes a tag from a discovered app.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn untag_app(&self, app_id: i64, tag: &str) -> Result<(), Error> {
        self.change_tag(app_id, "remove_tag", tag).await
    }

    async fn change_tag(&self, app_id: i64, change: &str, tag: &str) -> Result<(), Error> {
        let path = format!("/api/v1/discovery/discovery_app/{app_id}/{change}/");
        let body = json!({ "tagName": tag });
        self.send(
            CLOUD_APP_SECURITY,
            Method::POST,
            &path,
            Repeat::Safe,
            |request| request.json(&body),
        )
        .await?;
        Ok(())
    }

    /// The script that makes an appliance block the unsanctioned apps, or with
    /// `sanctioned` let the sanctioned ones pass.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn block_script(
        &self,
        format: BlockScriptFormat,
        sanctioned: bool,
    ) -> Result<String, Error> {
        let kind = if sanctioned { "allowed" } else { "banned" };
        let path = format!(
            "/api/discovery_block_scripts/?format={}&type={kind}",
            format as i32
        );
        let response = self
            .send(
                CLOUD_APP_SECURITY,
                Method::GET,
                &path,
                Repeat::Safe,
                |request| request,
            )
            .await?;
        Ok(response.text().await?)
    }
}

fn report_body(query: &ReportQuery) -> Value {
    let filters: &Map<String, Value> = query.list.filters();
    let mut body = json!({
        "streamId": query.stream_id,
        "timeFrame": query.days,
        "timeframe": query.days,
        "filters": filters,
    });
    query.list.put_order(&mut body);
    body
}
