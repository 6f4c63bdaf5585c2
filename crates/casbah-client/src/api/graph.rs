//! Registering applications: the part of Microsoft Graph that it takes.

mod federated;
mod identity_provider;
mod people;

use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::segment;
use crate::auth::{TokenSource, origin};
use crate::error::{Error, GraphError};
use crate::transport::Repeat;

pub use federated::{FederatedCredential, NewFederatedCredential};
pub use identity_provider::{
    ClaimsMapping, IdentityProvider, IdentityProviderChanges, IdentityProviderLink,
};
pub use people::{
    AuthenticationMethod, Invitation, NewPerson, Person, RoleAssignment, RoleDefinition,
};

/// Calls the directory of one tenant. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GraphClient {
    tokens: TokenSource,
}

/// An application object. Members not named here are kept in `rest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// The object's id.
    pub id: String,
    /// The client id, the same in every tenant.
    pub app_id: String,
    /// The name.
    pub display_name: String,
    /// Permissions that it asks for.
    #[serde(default)]
    pub required_resource_access: Vec<RequiredResource>,
    /// Its client secrets, without their values.
    #[serde(default)]
    pub password_credentials: Vec<PasswordCredential>,
    /// Its certificates, without their bytes.
    #[serde(default)]
    pub key_credentials: Vec<Value>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

/// The permissions that an application asks of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequiredResource {
    /// The resource.
    pub resource_app_id: String,
    /// The permissions.
    pub resource_access: Vec<ResourceAccess>,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceAccess {
    /// The app role's or scope's id.
    pub id: String,
    /// `Role` (application permission) or `Scope` (delegated).
    #[serde(rename = "type")]
    pub kind: String,
}

/// A client secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordCredential {
    /// Its id; not the secret.
    pub key_id: String,
    /// What it is for.
    pub display_name: Option<String>,
    /// From when it is good: ISO 8601.
    pub start_date_time: Option<String>,
    /// Until when it is good: ISO 8601.
    pub end_date_time: Option<String>,
    /// Its first characters.
    pub hint: Option<String>,
    /// The secret, in the answer that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_text: Option<String>,
}

impl std::fmt::Debug for PasswordCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordCredential")
            .field("key_id", &self.key_id)
            .field("display_name", &self.display_name)
            .field("end_date_time", &self.end_date_time)
            .finish_non_exhaustive()
    }
}

/// An application's presence in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipal {
    /// The object's id.
    pub id: String,
    /// The application's client id.
    pub app_id: String,
    /// The name.
    pub display_name: String,
    /// The application permissions that it offers.
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
}

/// An application permission that a resource offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRole {
    /// The id.
    pub id: String,
    /// What stands in a token's `roles`.
    pub value: Option<String>,
    /// The name.
    #[serde(default)]
    pub display_name: String,
}

/// A granted application permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRoleAssignment {
    /// The grant's id.
    pub id: String,
    /// The permission.
    pub app_role_id: String,
    /// To whom.
    pub principal_id: String,
    /// By which resource's principal.
    pub resource_id: String,
    /// The resource's name.
    pub resource_display_name: Option<String>,
}

#[derive(Deserialize)]
struct Collection<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

impl GraphClient {
    /// A client of the directory that `tokens` belongs to.
    pub fn new(tokens: TokenSource) -> Self {
        Self { tokens }
    }

    /// The tenant's applications, those whose name begins with `prefix` if that
    /// is said.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn applications(&self, prefix: Option<&str>) -> Result<Vec<Application>, Error> {
        let mut path = "/v1.0/applications".to_owned();
        if let Some(prefix) = prefix {
            let filter = format!("startswith(displayName,'{}')", quoted(prefix));
            path = format!("{path}?$filter={}", segment(&filter));
        }
        self.collection(path).await
    }

    /// The application with this client id.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn application(&self, app_id: &str) -> Result<Application, Error> {
        let path = format!("/v1.0/applications(appId='{}')", segment(&quoted(app_id)));
        self.json(Method::GET, &path, Repeat::Safe, None).await
    }

    /// Registers an application.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn create_application(
        &self,
        display_name: &str,
        multi_tenant: bool,
    ) -> Result<Application, Error> {
        let audience = if multi_tenant {
            "AzureADMultipleOrgs"
        } else {
            "AzureADMyOrg"
        };
        let body = json!({ "displayName": display_name, "signInAudience": audience });
        let path = "/v1.0/applications";
        self.json(Method::POST, path, Repeat::Unsafe, Some(&body))
            .await
    }

    /// Says which permissions an application asks for, in place of all before.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn require(
        &self,
        object_id: &str,
        resources: &[RequiredResource],
    ) -> Result<(), Error> {
        let path = format!("/v1.0/applications/{}", segment(object_id));
        let body = json!({ "requiredResourceAccess": resources });
        self.send(Method::PATCH, &path, Repeat::Safe, Some(&body))
            .await?;
        Ok(())
    }

    /// Deletes an application; it can be restored for 30 days.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn delete_application(&self, object_id: &str) -> Result<(), Error> {
        let path = format!("/v1.0/applications/{}", segment(object_id));
        self.send(Method::DELETE, &path, Repeat::Safe, None).await?;
        Ok(())
    }

    /// Makes a client secret. Its value is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn add_password(
        &self,
        object_id: &str,
        display_name: &str,
        end: Option<&str>,
    ) -> Result<PasswordCredential, Error> {
        let mut credential = json!({ "displayName": display_name });
        if let Some(end) = end {
            credential["endDateTime"] = end.into();
        }
        let path = format!("/v1.0/applications/{}/addPassword", segment(object_id));
        let body = json!({ "passwordCredential": credential });
        self.json(Method::POST, &path, Repeat::Unsafe, Some(&body))
            .await
    }

    /// Takes a client secret away.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn remove_password(&self, object_id: &str, key_id: &str) -> Result<(), Error> {
        let path = format!("/v1.0/applications/{}/removePassword", segment(object_id));
        let body = json!({ "keyId": key_id });
        self.send(Method::POST, &path, Repeat::Unsafe, Some(&body))
            .await?;
        Ok(())
    }

    /// Sets an application's certificates. An entry as it was read, without its bytes,
    /// stays what it is; a new one has the certificate as `key`, base64 of its DER.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn set_key_credentials(
        &self,
        object_id: &str,
        credentials: &[Value],
    ) -> Result<(), Error> {
        let path = format!("/v1.0/applications/{}", segment(object_id));
        let body = json!({ "keyCredentials": credentials });
        self.send(Method::PATCH, &path, Repeat::Unsafe, Some(&body))
            .await?;
        Ok(())
    }

    /// Says whether an assertion proves an application once only (Casbah's own property
    /// `isSingleUseAssertionRequired`; the original has none).
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn require_single_use_assertions(
        &self,
        object_id: &str,
        is_single_use: bool,
    ) -> Result<(), Error> {
        let path = format!("/v1.0/applications/{}", segment(object_id));
        let body = json!({ "isSingleUseAssertionRequired": is_single_use });
        self.send(Method::PATCH, &path, Repeat::Safe, Some(&body))
            .await?;
        Ok(())
    }

    /// The tenant's service principal of an application, if it has one.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn service_principal(&self, app_id: &str) -> Result<Option<ServicePrincipal>, Error> {
        let filter = format!("appId eq '{}'", quoted(app_id));
        let path = format!("/v1.0/servicePrincipals?$filter={}", segment(&filter));
        Ok(self.collection(path).await?.into_iter().next())
    }

    /// The service principal with this object id.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn service_principal_by_id(
        &self,
        object_id: &str,
    ) -> Result<ServicePrincipal, Error> {
        let path = format!("/v1.0/servicePrincipals/{}", segment(object_id));
        self.json(Method::GET, &path, Repeat::Safe, None).await
    }

    /// Brings an application into the tenant.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn create_service_principal(&self, app_id: &str) -> Result<ServicePrincipal, Error> {
        let body = json!({ "appId": app_id });
        let path = "/v1.0/servicePrincipals";
        self.json(Method::POST, path, Repeat::Unsafe, Some(&body))
            .await
    }

    /// The application permissions that were granted to a service principal.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn app_role_assignments(
        &self,
        principal_id: &str,
    ) -> Result<Vec<AppRoleAssignment>, Error> {
        let path = format!(
            "/v1.0/servicePrincipals/{}/appRoleAssignments",
            segment(principal_id)
        );
        self.collection(path).await
    }

    /// Grants an application permission: this is admin consent.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn assign_app_role(
        &self,
        principal_id: &str,
        resource_id: &str,
        app_role_id: &str,
    ) -> Result<AppRoleAssignment, Error> {
        let body = json!({
            "principalId": principal_id, "resourceId": resource_id, "appRoleId": app_role_id,
        });
        let path = format!(
            "/v1.0/servicePrincipals/{}/appRoleAssignments",
            segment(principal_id)
        );
        self.json(Method::POST, &path, Repeat::Unsafe, Some(&body))
            .await
    }

    async fn collection<T: DeserializeOwned>(&self, path: String) -> Result<Vec<T>, Error> {
        let home = self.tokens.authority().graph();
        let mut records = Vec::new();
        let mut next = Some(format!("{home}{path}"));
        while let Some(address) = next {
            let response = self
                .send_to(Method::GET, &address, Repeat::Safe, None)
                .await?;
            let page: Collection<T> = response.json().await?;
            records.extend(page.value);
            next = page.next_link;
            if let Some(link) = &next {
                only_from(home, link)?;
            }
        }
        Ok(records)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        repeat: Repeat,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        Ok(self.send(method, path, repeat, body).await?.json().await?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        repeat: Repeat,
        body: Option<&Value>,
    ) -> Result<Response, Error> {
        let address = format!("{}{path}", self.tokens.authority().graph());
        self.send_to(method, &address, repeat, body).await
    }

    async fn send_to(
        &self,
        method: Method,
        address: &str,
        repeat: Repeat,
        body: Option<&Value>,
    ) -> Result<Response, Error> {
        let resource = self.tokens.authority().graph_resource();
        let authorization = self.tokens.authorization(resource).await?;
        let with_body = |request: RequestBuilder| match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = self
            .tokens
            .transport()
            .send(repeat, |http| {
                let request = http.request(method.clone(), address);
                with_body(request.header("Authorization", authorization.clone()))
            })
            .await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Error::Graph(Box::new(refusal(response).await?)))
    }
}

/// A page's link gets the token too, so it must not lead elsewhere.
fn only_from(home: &str, link: &str) -> Result<(), Error> {
    let inside = url::Url::parse(link).is_ok_and(|link| {
        origin(home).is_ok_and(|home| link.origin().ascii_serialization() == home)
    });
    if inside {
        Ok(())
    } else {
        Err(Error::answer("a next link that leads to another host"))
    }
}

/// A text within the single quotes of an `OData` literal.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

async fn refusal(response: Response) -> Result<GraphError, Error> {
    let status = response.status();
    let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(GraphError {
        status,
        code: text("/error/code").unwrap_or_else(|| status.as_u16().to_string()),
        message: text("/error/message").unwrap_or_else(|| "refused without a reason".to_owned()),
        request_id: text("/error/innerError/request-id"),
    })
}
