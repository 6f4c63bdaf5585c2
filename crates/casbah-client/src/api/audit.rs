//! The audit, the use of permissions, and credentials that end.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CASBAH;

/// One page of the audit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AuditPage {
    /// The records.
    pub data: Vec<Value>,
    /// What to give as `after` for the next page; none on the last.
    pub next: Option<String>,
}

/// What verifying the audit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditVerification {
    /// Whether nothing is wrong.
    pub intact: bool,
    /// The chains and what they hold.
    pub chains: Vec<Value>,
    /// What is wrong.
    pub findings: Vec<Value>,
    /// Records that wait to be linked.
    pub waiting: i64,
}

impl Client {
    /// One page of the audit. The parameters are those of the API: `actor`,
    /// `appId`, `action`, `outcome`, `correlationId`, `since`, `until`,
    /// `sortDirection` (`desc`, the newest first, or `asc`), `limit`, `after`.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn audit(&self, parameters: &[(&str, String)]) -> Result<AuditPage, Error> {
        let path = format!("/casbah/v1/audit?{}", encoded(parameters));
        self.get_casbah(&path).await
    }

    /// The ends of the audit's chains, to be kept elsewhere.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn audit_head(&self) -> Result<Value, Error> {
        self.get_casbah("/casbah/v1/audit/head").await
    }

    /// Verifies the audit, against ends that were kept if there are any.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn verify_audit(&self, head: Option<&Value>) -> Result<AuditVerification, Error> {
        let body = json!({ "head": head });
        let path = "/casbah/v1/audit/verify";
        let response = self
            .send(CASBAH, Method::POST, path, Repeat::Safe, |request| {
                request.json(&body)
            })
            .await?;
        Ok(response.json().await?)
    }

    /// How applications use the permissions that they were granted, and which they
    /// could do without.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn apps_usage(&self) -> Result<Vec<Value>, Error> {
        let answer: Data = self.get_casbah("/casbah/v1/apps/usage").await?;
        Ok(answer.data)
    }

    /// The same of one application.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when the tenant does not have it.
    pub async fn app_usage(&self, app_id: &str) -> Result<Value, Error> {
        self.get_casbah(&format!("/casbah/v1/apps/{}/usage", segment(app_id)))
            .await
    }

    /// The credentials of all applications, those that end first before the others;
    /// only those that end within so many days, if a number is given.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn credentials(&self, expiring_days: Option<i64>) -> Result<Vec<Value>, Error> {
        let days = expiring_days.map(|days| ("expiringDays", days.to_string()));
        let parameters: Vec<_> = days.into_iter().collect();
        let path = format!("/casbah/v1/credentials?{}", encoded(&parameters));
        let answer: Data = self.get_casbah(&path).await?;
        Ok(answer.data)
    }
}

#[derive(Deserialize)]
struct Data {
    data: Vec<Value>,
}

pub(super) fn encoded(parameters: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}
