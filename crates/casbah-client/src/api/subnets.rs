//! IP ranges (`subnet` on the wire).

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::list::{ListQuery, Pages, Walk};
use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CLOUD_APP_SECURITY;

/// An IP range to create, or to put in another's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubnetRule {
    /// Its name, unique in the tenant.
    pub name: String,
    /// What it is: 0 none, 1 corporate, 2 administrative, 3 risky, 4 VPN,
    /// 5 cloud provider, 6 other.
    pub category: i64,
    /// Networks in CIDR notation.
    pub subnets: Vec<String>,
    /// The organization (ISP) that it is registered to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Names of tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Client {
    /// The tenant's IP ranges.
    pub fn subnets<T: DeserializeOwned>(&self, query: ListQuery) -> Pages<T> {
        Pages::new(self.clone(), "/api/v1/subnet/", query, Walk::Skip)
    }

    /// One IP range.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn subnet<T: DeserializeOwned>(&self, id: &str) -> Result<T, Error> {
        self.get(&format!("/api/v1/subnet/{}/", segment(id))).await
    }

    /// Creates an IP range and gives its id.
    ///
    /// # Errors
    /// [`Error::Api`] when the name is taken or a network overlaps another range.
    pub async fn create_subnet(&self, rule: &SubnetRule) -> Result<String, Error> {
        self.post("/api/v1/subnet/create_rule/", Repeat::Unsafe, rule)
            .await
    }

    /// Puts `rule` in the place of an IP range; what it leaves out becomes empty.
    ///
    /// # Errors
    /// As [`Client::create_subnet`].
    pub async fn update_subnet<T: DeserializeOwned>(
        &self,
        id: &str,
        rule: &SubnetRule,
    ) -> Result<T, Error> {
        let path = format!("/api/v1/subnet/{}/update_rule/", segment(id));
        self.post(&path, Repeat::Safe, rule).await
    }

    /// Deletes an IP range.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn delete_subnet(&self, id: &str) -> Result<(), Error> {
        let path = format!("/api/v1/subnet/{}/", segment(id));
        self.send(
            CLOUD_APP_SECURITY,
            Method::DELETE,
            &path,
            Repeat::Safe,
            |request| request,
        )
        .await?;
        Ok(())
    }
}
