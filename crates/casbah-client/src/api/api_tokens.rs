//! Legacy API tokens of a Casbah server. Microsoft's are made in its portal alone.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;
use crate::well_known::CASBAH;

/// A legacy API token (`Authorization: Token …`), its text aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The name of the person whose rights it carries.
    pub issuer: String,
    /// That person's object id.
    pub issuer_id: String,
    /// `Generated` (never used), `Active` (used within seven days) or `Inactive`.
    pub state: String,
    /// When it was made.
    pub created: String,
    /// When it was used last, to the hour.
    pub last_used: Option<String>,
}

/// A legacy API token just made, with its text.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewApiToken {
    /// The token.
    #[serde(flatten)]
    pub token: ApiToken,
    /// The text, which is in this answer and nowhere else.
    #[serde(rename = "token", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl std::fmt::Debug for NewApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiToken")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Tokens {
    data: Vec<ApiToken>,
}

impl Client {
    /// One's own tokens; all of the tenant for its administrators.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, Error> {
        let answer: Tokens = self.get_casbah("/casbah/v1/api_tokens").await?;
        Ok(answer.data)
    }

    /// Makes a token that carries the rights of the person who calls.
    ///
    /// # Errors
    /// [`Error::Api`] when an application calls by itself, or the person may have none.
    pub async fn create_api_token(&self, name: &str) -> Result<NewApiToken, Error> {
        let (path, body) = ("/casbah/v1/api_tokens", json!({ "name": name }));
        let response = self
            .send(CASBAH, Method::POST, path, Repeat::Unsafe, |request| {
                request.json(&body)
            })
            .await?;
        Ok(response.json().await?)
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn revoke_api_token(&self, id: &str) -> Result<(), Error> {
        let path = format!("/casbah/v1/api_tokens/{}", segment(id));
        self.send(CASBAH, Method::DELETE, &path, Repeat::Safe, |request| {
            request
        })
        .await?;
        Ok(())
    }
}
