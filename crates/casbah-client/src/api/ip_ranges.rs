//! Built-in IP ranges, and what a change of ranges changes.

use std::path::Path;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CLOUD_APP_SECURITY;

/// What is said of a list of addresses; what its format says itself may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BuiltInImport {
    /// `cloud provider`, `anonymous proxy`, `tor` or `botnet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The list's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `aws`, `azure`, `google`, `tor` or `plain`; by default the content tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// How far a change of IP ranges has come to the activities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrichmentState {
    /// How many times the ranges have changed.
    pub revision: i64,
    /// Whether there are activities to be looked at.
    pub pending: bool,
    /// When the changes began that the numbers are of, RFC 3339.
    pub began: Option<String>,
    /// When all was finished; none while there is more.
    pub finished: Option<String>,
    /// Activities that were looked at.
    pub done: u64,
    /// Activities that are to be looked at, as far as they are counted.
    pub total: u64,
}

#[derive(Deserialize)]
struct Data {
    data: Vec<Value>,
}

impl Client {
    /// Imports a published list of addresses, in the place of what was imported under its
    /// name before. Answers its name and how many ranges and networks it has.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Api`] when the list cannot be read.
    pub async fn import_built_in_ranges(
        &self,
        file: &Path,
        import: &BuiltInImport,
    ) -> Result<Value, Error> {
        let list = tokio::fs::read(file).await.map_err(|source| Error::File {
            path: file.display().to_string(),
            source,
        })?;
        let path = "/casbah/v1/ip_ranges/built_in";
        self.call(Method::POST, path, Repeat::Safe, |request| {
            request.query(import).body(list.clone())
        })
        .await
    }

    /// The lists that were imported.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn built_in_lists(&self) -> Result<Vec<Value>, Error> {
        let answer: Data = self.get("/casbah/v1/ip_ranges/built_in").await?;
        Ok(answer.data)
    }

    /// Deletes the built-in ranges of a list.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is no such list.
    pub async fn delete_built_in_ranges(&self, name: &str) -> Result<(), Error> {
        let path = format!("/casbah/v1/ip_ranges/built_in/{}", segment(name));
        let (method, repeat) = (Method::DELETE, Repeat::Safe);
        self.send(CLOUD_APP_SECURITY, method, &path, repeat, |request| request)
            .await?;
        Ok(())
    }

    /// How far the last change of IP ranges has come.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn enrichment(&self) -> Result<EnrichmentState, Error> {
        self.get("/casbah/v1/ip_ranges/enrichment").await
    }
}
