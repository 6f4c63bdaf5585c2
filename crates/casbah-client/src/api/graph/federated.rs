//! Other issuers that applications trust.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::GraphClient;
use crate::api::segment;
use crate::error::Error;
use crate::transport::Repeat;

/// Another issuer that an application trusts. Tokens must have all three of these claims,
/// letter by letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedCredential {
    /// The credential's id.
    pub id: String,
    /// Its name, unique in the application.
    pub name: String,
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `aud`
    pub audiences: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// An issuer to trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewFederatedCredential {
    /// A name, unique in the application, that never changes.
    pub name: String,
    /// `iss` of the tokens: the issuer's https address.
    pub issuer: String,
    /// `sub` of the tokens.
    pub subject: String,
    /// `aud` of the tokens: exactly one.
    pub audiences: [String; 1],
    /// What it is for.
    pub description: Option<String>,
}

impl GraphClient {
    /// The other issuers that an application trusts.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn federated_credentials(
        &self,
        object_id: &str,
    ) -> Result<Vec<FederatedCredential>, Error> {
        self.collection(federated_path(object_id)).await
    }

    /// Lets an application prove itself with tokens of another issuer.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn add_federated_credential(
        &self,
        object_id: &str,
        new: &NewFederatedCredential,
    ) -> Result<FederatedCredential, Error> {
        let path = federated_path(object_id);
        let body = json!(new);
        self.json(Method::POST, &path, Repeat::Unsafe, Some(&body))
            .await
    }

    /// Ends the trust that `key` means, an id or a name.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn remove_federated_credential(
        &self,
        object_id: &str,
        key: &str,
    ) -> Result<(), Error> {
        let path = format!("{}/{}", federated_path(object_id), segment(key));
        self.send(Method::DELETE, &path, Repeat::Unsafe, None)
            .await?;
        Ok(())
    }
}

fn federated_path(object_id: &str) -> String {
    let application = segment(object_id);
    format!("/v1.0/applications/{application}/federatedIdentityCredentials")
}
