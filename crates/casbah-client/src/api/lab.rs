//! Laboratories: faults, clock and reset of a server that was started as one.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CASBAH;

const FAULTS: &str = "/casbah/v1/lab/faults";
const CLOCK: &str = "/casbah/v1/lab/clock";

/// A rule by which requests fail; what is left out has the server's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultRule {
    /// Which paths; `*` stands for any characters.
    pub path: String,
    /// `throttled`, `status`, `slow`, `cut`, `lost-answer`, `expired-token` or
    /// `duplicated-page`.
    pub kind: String,
    /// Which method; any, if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How many requests fail at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many of those that it is about fail, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What decides which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// `Retry-After` of `throttled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The status of `status`, 500 to 599.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How much later `slow` answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
}

/// A change of the laboratory's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClockChange {
    /// The time to set, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// How many seconds to go on from there, or from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advance: Option<i64>,
    /// Whether it then stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<bool>,
    /// Back to the system's clock.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub system: bool,
}

#[derive(Deserialize)]
struct Data {
    data: Vec<Value>,
}

impl Client {
    /// The rules by which requests of the tenant fail.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when the server is no laboratory; so of all calls here.
    pub async fn fault_rules(&self) -> Result<Vec<Value>, Error> {
        let answer: Data = self.get_casbah(FAULTS).await?;
        Ok(answer.data)
    }

    /// Adds a rule behind the others.
    ///
    /// # Errors
    /// [`Error::Api`] when the rule is not good.
    pub async fn add_fault_rule(&self, rule: &FaultRule) -> Result<Value, Error> {
        self.post_lab(FAULTS, rule).await
    }

    /// Takes a rule away.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn remove_fault_rule(&self, id: &str) -> Result<(), Error> {
        self.delete_lab(&format!("{FAULTS}/{}", segment(id))).await
    }

    /// Takes all rules away.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn clear_fault_rules(&self) -> Result<(), Error> {
        self.delete_lab(FAULTS).await
    }

    /// The laboratory's clock.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn lab_clock(&self) -> Result<Value, Error> {
        self.get_casbah(CLOCK).await
    }

    /// Changes the laboratory's clock, which all tenants share.
    ///
    /// # Errors
    /// [`Error::Api`] outside the home tenant, and for a time at which no key signs.
    pub async fn set_lab_clock(&self, change: &ClockChange) -> Result<Value, Error> {
        self.post_lab(CLOCK, change).await
    }

    /// Deletes the tenant's data; its directory stays.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn reset_lab(&self, seed: Option<u64>) -> Result<(), Error> {
        let body = serde_json::json!({ "seed": seed });
        self.post_lab("/casbah/v1/lab/reset", &body).await?;
        Ok(())
    }

    async fn post_lab(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<Value, Error> {
        let (method, repeat) = (Method::POST, Repeat::Unsafe);
        let response = self
            .send(CASBAH, method, path, repeat, |request| request.json(body))
            .await?;
        Ok(response.json().await?)
    }

    async fn delete_lab(&self, path: &str) -> Result<(), Error> {
        let (method, repeat) = (Method::DELETE, Repeat::Safe);
        self.send(CASBAH, method, path, repeat, |request| request)
            .await?;
        Ok(())
    }
}
