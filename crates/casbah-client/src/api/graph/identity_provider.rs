//! Companies' own providers, through which people of the tenant sign in.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::GraphClient;
use crate::api::segment;
use crate::error::Error;
use crate::transport::Repeat;

const PATH: &str = "/v1.0/identity/identityProviders";

/// A company's provider. Members not named here are kept in `rest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    /// Its id.
    pub id: String,
    /// The name that people read.
    pub display_name: String,
    /// `iss` of its tokens.
    pub issuer: String,
    /// The tenant's client there.
    pub client_id: String,
    /// Everything else.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

/// What is said of a provider; what is none stays as it is. The issuer never changes.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderChanges {
    /// The name that people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `iss` of its tokens: an https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The tenant's client there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// That client's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The scopes to ask for, with spaces between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The claims to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims_mapping: Option<ClaimsMapping>,
    /// The tenant's domains whose people must sign in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// Whether unknown people are created at their first sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_user_creation_enabled: Option<bool>,
    /// Whether anybody may sign in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}

/// The claims that are read of a provider's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimsMapping {
    /// The one that is compared with people's sign-in names: `email`, `preferred_username`
    /// or `upn`.
    pub email: String,
}

impl std::fmt::Debug for IdentityProviderChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityProviderChanges")
            .field("display_name", &self.display_name)
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Which account of a provider is whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderLink {
    /// The person.
    pub id: String,
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub issuer_assigned_id: String,
    /// Since when: ISO 8601.
    pub created_date_time: String,
}

impl GraphClient {
    /// The tenant's providers, without their secrets.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn identity_providers(&self) -> Result<Vec<IdentityProvider>, Error> {
        self.collection(PATH.to_owned()).await
    }

    /// Adds a provider.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn add_identity_provider(
        &self,
        new: &IdentityProviderChanges,
    ) -> Result<IdentityProvider, Error> {
        let body = json!(new);
        self.json(Method::POST, PATH, Repeat::Unsafe, Some(&body))
            .await
    }

    /// Changes a provider.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn update_identity_provider(
        &self,
        id: &str,
        changes: &IdentityProviderChanges,
    ) -> Result<(), Error> {
        let body = json!(changes);
        self.send(Method::PATCH, &path(id), Repeat::Unsafe, Some(&body))
            .await?;
        Ok(())
    }

    /// Deletes a provider, and forgets whom its accounts meant.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn delete_identity_provider(&self, id: &str) -> Result<(), Error> {
        self.send(Method::DELETE, &path(id), Repeat::Unsafe, None)
            .await?;
        Ok(())
    }

    /// Lets the server read a provider's metadata and keys: what of them is good, and in
    /// `problems` what is not. Casbah's own; the original has no such call.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn test_identity_provider(&self, id: &str) -> Result<Value, Error> {
        let path = format!("{}/test", path(id));
        self.json(Method::POST, &path, Repeat::Safe, None).await
    }

    /// Which of a provider's accounts is whose. Casbah's own.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn identity_provider_links(
        &self,
        id: &str,
    ) -> Result<Vec<IdentityProviderLink>, Error> {
        self.collection(format!("{}/links", path(id))).await
    }

    /// Forgets which of a provider's accounts is a person's. Casbah's own.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when none is.
    pub async fn unlink_identity_provider(&self, id: &str, person: &str) -> Result<(), Error> {
        let path = format!("{}/links/{}", path(id), segment(person));
        self.send(Method::DELETE, &path, Repeat::Unsafe, None)
            .await?;
        Ok(())
    }
}

fn path(id: &str) -> String {
    format!("{PATH}/{}", segment(id))
}
