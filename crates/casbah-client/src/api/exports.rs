//! Exports: where a Casbah server sends what happens in a tenant.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CASBAH;

/// Who gets what an export sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ExportTarget {
    /// A URL that signed JSON documents are posted to.
    Webhook {
        /// The URL.
        url: String,
    },
    /// A receiver of CEF in syslog.
    Syslog {
        /// `udp`, `tcp` or `tls`.
        transport: String,
        /// A name or an address.
        host: String,
        /// The port; 514, or 6514 for TLS, unless given.
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
}

/// An export that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewExport {
    /// What people call it.
    pub name: String,
    /// Who gets what it sends.
    #[serde(flatten)]
    pub target: ExportTarget,
    /// `activities`, `alerts` or both; both if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<String>,
    /// `now`, or `start` for the oldest change that is kept.
    pub from: String,
}

/// How far an export is in a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFeed {
    /// `activities` or `alerts`.
    pub feed: String,
    /// What is before it was sent.
    pub place: String,
    /// How often changes were missed because they were kept no more.
    pub gaps: u32,
}

/// An export and how it stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `running`, `failing` or `disabled`.
    pub state: String,
    /// Who gets what it sends.
    #[serde(flatten)]
    pub target: ExportTarget,
    /// What it follows.
    pub feeds: Vec<ExportedFeed>,
    /// When it was made.
    pub created: String,
    /// How many records it has sent.
    pub sent: u64,
    /// When it last sent some.
    pub last_sent: Option<String>,
    /// How many tries have failed since.
    pub failures: u32,
    /// Why the last of them did.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_try: Option<String>,
    /// The secret of a webhook, in the answer that made it and nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// How a test of an export went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportTest {
    /// Whether the receiver took the record, as far as can be known.
    pub sent: bool,
    /// Why not.
    pub error: Option<String>,
}

#[derive(Deserialize)]
struct Exports {
    data: Vec<Export>,
}

const PATH: &str = "/casbah/v1/exports";

impl Client {
    /// The tenant's exports.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn exports(&self) -> Result<Vec<Export>, Error> {
        let answer: Exports = self.get_casbah(PATH).await?;
        Ok(answer.data)
    }

    /// One export.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn export(&self, id: &str) -> Result<Export, Error> {
        self.get_casbah(&format!("{PATH}/{}", segment(id))).await
    }

    /// Makes an export; the answer of a webhook holds its secret.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn create_export(&self, export: &NewExport) -> Result<Export, Error> {
        let response = self
            .send(CASBAH, Method::POST, PATH, Repeat::Unsafe, |request| {
                request.json(export)
            })
            .await?;
        Ok(response.json().await?)
    }

    /// Lets an export run or rest.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn switch_export(&self, id: &str, enabled: bool) -> Result<Export, Error> {
        let what = if enabled { "enable" } else { "disable" };
        let path = format!("{PATH}/{}/{what}", segment(id));
        let response = self
            .send(CASBAH, Method::POST, &path, Repeat::Safe, |request| request)
            .await?;
        Ok(response.json().await?)
    }

    /// Sends a made-up record by an export.
    ///
    /// # Errors
    /// [`Error::Api`], but not when the receiver fails.
    pub async fn test_export(&self, id: &str) -> Result<ExportTest, Error> {
        let path = format!("{PATH}/{}/test", segment(id));
        let response = self
            .send(CASBAH, Method::POST, &path, Repeat::Unsafe, |request| {
                request
            })
            .await?;
        Ok(response.json().await?)
    }

    /// Deletes an export.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn delete_export(&self, id: &str) -> Result<(), Error> {
        let path = format!("{PATH}/{}", segment(id));
        self.send(CASBAH, Method::DELETE, &path, Repeat::Safe, |request| {
            request
        })
        .await?;
        Ok(())
    }
}
