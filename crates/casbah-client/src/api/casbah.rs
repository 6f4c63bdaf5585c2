//! What only Casbah has: ingest, tenants, the state of uploads and detection.

use std::path::Path;
use std::sync::Arc;

use casbah_token::Algorithm;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::api::file::{UploadProgress, pieces};
use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::{LONG_CALL_TIME, Repeat};
use crate::well_known::CASBAH;

/// What became of the events of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestAnswer {
    /// Records that arrived.
    pub received: u64,
    /// Records that became activities.
    pub accepted: u64,
    /// Records that were there before.
    pub duplicates: u64,
    /// Accepted records that came too late for the detections to see them in order.
    #[serde(default)]
    pub late: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Why, for the first of them.
    #[serde(default)]
    pub errors: Vec<IngestError>,
}

/// Why a record was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestError {
    /// The record's number within its request, from 1.
    pub record: u64,
    /// What is wrong.
    pub error: String,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Its name.
    pub display_name: String,
    /// Its first verified domain.
    pub default_domain: String,
    /// When it was made.
    pub created: serde_json::Value,
}

/// A tenant just made, with its first administrator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewTenant {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: Tenant,
    /// Who may sign in to it, once with this password.
    pub administrator: NewAdministrator,
}

/// A tenant's first administrator.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAdministrator {
    /// The name to sign in with.
    pub user_principal_name: String,
    /// The password for the first time.
    pub one_time_password: String,
}

impl std::fmt::Debug for NewAdministrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAdministrator")
            .field("user_principal_name", &self.user_principal_name)
            .finish_non_exhaustive()
    }
}

/// A key that signs tokens, its private half aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its name in tokens and in the key set.
    pub kid: String,
    /// What it signs with.
    pub algorithm: String,
    /// `published`, `signing` or `retired`.
    pub state: String,
    /// When it was made and published.
    pub created: String,
    /// When it begins to sign.
    pub signs_from: String,
    /// When it ceases to sign.
    pub signs_until: String,
    /// When it is published no longer.
    pub published_until: String,
}

/// How far the detections are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DetectorState {
    /// All activities up to this time were looked at, Unix milliseconds.
    pub position: Option<i64>,
    /// Activities that wait.
    pub pending: u64,
}

#[derive(Deserialize)]
struct Data<T> {
    data: Vec<T>,
}

impl Client {
    /// Sends a file of audit events: JSON lines, or JSON arrays, packed with gzip or
    /// not. Sending the same again does nothing.
    ///
    /// It goes in one request, because the detections wait for a request's end: events
    /// of one file may come in any order.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Api`]
    pub async fn ingest(
        &self,
        source: &str,
        file: &Path,
        progress: UploadProgress,
    ) -> Result<IngestAnswer, Error> {
        let is_gzip = begins_like_gzip(file).await.map_err(|source| Error::File {
            path: file.display().to_string(),
            source,
        })?;
        let path = format!("/casbah/v1/events/{}", segment(source));
        let complete = |request: RequestBuilder| {
            let request = request.header(CONTENT_TYPE, "application/x-ndjson");
            let request = if is_gzip {
                request.header(CONTENT_ENCODING, "gzip")
            } else {
                request
            };
            request.body(pieces(file.to_owned(), Arc::clone(&progress)))
        };
        let repeat = Repeat::Unsafe;
        let response = self
            .send_within(
                LONG_CALL_TIME,
                CASBAH,
                Method::POST,
                &path,
                repeat,
                complete,
            )
            .await?;
        Ok(response.json().await?)
    }

    /// All tenants.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        let answer: Data<Tenant> = self.get_casbah("/casbah/v1/tenants").await?;
        Ok(answer.data)
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn tenant(&self, id: &str) -> Result<Tenant, Error> {
        self.get_casbah(&format!("/casbah/v1/tenants/{}", segment(id)))
            .await
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// [`Error::Api`] when the domain is taken.
    pub async fn create_tenant(
        &self,
        display_name: &str,
        default_domain: &str,
    ) -> Result<NewTenant, Error> {
        let body = json!({ "displayName": display_name, "defaultDomain": default_domain });
        let path = "/casbah/v1/tenants";
        let response = self
            .send(CASBAH, Method::POST, path, Repeat::Unsafe, |request| {
                request.json(&body)
            })
            .await?;
        Ok(response.json().await?)
    }

    /// The keys that sign tokens.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, Error> {
        let answer: Data<SigningKey> = self.get_casbah("/casbah/v1/keys").await?;
        Ok(answer.data)
    }

    /// Makes and publishes the next key, for the present algorithm where none is given.
    /// `now` ends the present ones at once, and with them every token that was issued.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn rotate_signing_keys(
        &self,
        now: bool,
        algorithm: Option<Algorithm>,
    ) -> Result<SigningKey, Error> {
        let body = json!({ "now": now, "algorithm": algorithm.map(Algorithm::name) });
        let path = "/casbah/v1/keys/rotate";
        let response = self
            .send(CASBAH, Method::POST, path, Repeat::Unsafe, |request| {
                request.json(&body)
            })
            .await?;
        Ok(response.json().await?)
    }

    /// The uploaded logs and what became of them.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn uploads<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        let answer: Data<T> = self.get("/casbah/v1/discovery/uploads").await?;
        Ok(answer.data)
    }

    /// One uploaded log.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn uploaded<T: DeserializeOwned>(&self, id: &str) -> Result<T, Error> {
        self.get(&format!("/casbah/v1/discovery/uploads/{}", segment(id)))
            .await
    }

    /// How far the detections are.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn detector(&self) -> Result<DetectorState, Error> {
        self.get("/casbah/v1/detector").await
    }

    pub(super) async fn get_casbah<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let response = self
            .send(CASBAH, Method::GET, path, Repeat::Safe, |request| request)
            .await?;
        Ok(response.json().await?)
    }
}

/// Whether a file has gzip's magic number (RFC 1952 2.3.1).
async fn begins_like_gzip(file: &Path) -> std::io::Result<bool> {
    let mut magic = Vec::with_capacity(2);
    let file = File::open(file).await?;
    file.take(2).read_to_end(&mut magic).await?;
    Ok(magic == [0x1f, 0x8b])
}
