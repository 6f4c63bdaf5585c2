//! An application object: the registration in its home tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AppRole, FederatedCredential, KeyCredential, PermissionScope};
use crate::ids::{AppId, KeyId, ObjectId, TenantId};
use crate::time::Timestamp;

/// Which tenants an application may be used in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum SignInAudience {
    /// The home tenant only.
    #[default]
    AzureADMyOrg,
    /// Any tenant that consents.
    AzureADMultipleOrgs,
}

impl SignInAudience {
    /// The name in Graph's form.
    pub const fn value(self) -> &'static str {
        match self {
            Self::AzureADMyOrg => "AzureADMyOrg",
            Self::AzureADMultipleOrgs => "AzureADMultipleOrgs",
        }
    }
}

impl fmt::Display for SignInAudience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value())
    }
}

/// A text is no audience that is offered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sign-in audience")]
pub struct ParseAudienceError;

impl FromStr for SignInAudience {
    type Err = ParseAudienceError;

    fn from_str(text: &str) -> Result<Self, ParseAudienceError> {
        [Self::AzureADMyOrg, Self::AzureADMultipleOrgs]
            .into_iter()
            .find(|audience| audience.value() == text)
            .ok_or(ParseAudienceError)
    }
}

/// The version of the access tokens that a resource wants to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum RequestedTokenVersion {
    /// 1
    V1,
    /// 2
    V2,
}

impl From<RequestedTokenVersion> for u8 {
    fn from(version: RequestedTokenVersion) -> Self {
        match version {
            RequestedTokenVersion::V1 => 1,
            RequestedTokenVersion::V2 => 2,
        }
    }
}

impl TryFrom<u8> for RequestedTokenVersion {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            _ => Err("an access token version is 1 or 2"),
        }
    }
}

/// Whether an application asks for an app role or a delegated scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResourceAccessType {
    /// An app role: an application permission.
    Role,
    /// A delegated scope.
    Scope,
}

/// One permission that an application asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResourceAccess {
    /// The id of the role or scope.
    pub id: KeyId,
    /// Which of the two it is.
    #[serde(rename = "type")]
    pub kind: ResourceAccessType,
}

/// The permissions that an application asks of one resource. To ask is not to
/// have: only consent grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequiredResourceAccess {
    /// The resource application.
    pub resource_app_id: AppId,
    /// What is asked for.
    pub resource_access: Vec<ResourceAccess>,
}

/// An application as registered in its home tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Object id of the registration.
    pub id: ObjectId,
    /// Client id, the same in every tenant.
    pub app_id: AppId,
    /// The home tenant.
    pub tenant: TenantId,
    /// The name that people read.
    pub display_name: String,
    /// Which tenants it may be used in.
    pub sign_in_audience: SignInAudience,
    /// The permissions that it asks for.
    pub required_resource_access: Vec<RequiredResourceAccess>,
    /// Where a web application may receive codes.
    pub web_redirect_uris: Vec<String>,
    /// Where an installed application may receive codes.
    pub public_client_redirect_uris: Vec<String>,
    /// Where a page without a server may receive codes.
    pub spa_redirect_uris: Vec<String>,
    /// Names under which it is asked for as a resource.
    pub identifier_uris: Vec<String>,
    /// App roles that it offers as a resource.
    pub app_roles: Vec<AppRole>,
    /// Delegated scopes that it offers as a resource.
    pub oauth2_permission_scopes: Vec<PermissionScope>,
    /// The version of the tokens it receives; none means version 1.
    pub requested_access_token_version: Option<RequestedTokenVersion>,
    /// Certificates by which it proves itself.
    #[serde(default)]
    pub key_credentials: Vec<KeyCredential>,
    /// Other issuers by whose tokens it proves itself.
    #[serde(default)]
    pub federated_credentials: Vec<FederatedCredential>,
    /// Whether an assertion, of its own or of another issuer, proves it once only.
    #[serde(default)]
    pub single_use_assertions: bool,
    /// Whether it is a public client where no redirect address tells: device
    /// code and password grants.
    pub is_fallback_public_client: bool,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was deleted; for 30 days it can be restored.
    pub deleted: Option<Timestamp>,
}

impl Application {
    /// Days for which a deleted application can be restored.
    pub const RESTORABLE_DAYS: i64 = 30;

    /// A new registration with nothing but a name.
    pub fn new(tenant: TenantId, display_name: impl Into<String>, created: Timestamp) -> Self {
        Self {
            id: ObjectId::random(),
            app_id: AppId::random(),
            tenant,
            display_name: display_name.into(),
            sign_in_audience: SignInAudience::default(),
            required_resource_access: Vec::new(),
            web_redirect_uris: Vec::new(),
            public_client_redirect_uris: Vec::new(),
            spa_redirect_uris: Vec::new(),
            identifier_uris: Vec::new(),
            app_roles: Vec::new(),
            oauth2_permission_scopes: Vec::new(),
            requested_access_token_version: None,
            key_credentials: Vec::new(),
            federated_credentials: Vec::new(),
            single_use_assertions: false,
            is_fallback_public_client: false,
            created,
            deleted: None,
        }
    }

    /// Whether the application may be used in `tenant`.
    pub fn is_offered_to(&self, tenant: TenantId) -> bool {
        self.tenant == tenant || self.sign_in_audience == SignInAudience::AzureADMultipleOrgs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_access_has_graphs_form() {
        let text = r#"{"resourceAppId":"05a65629-4c1b-48c1-a78b-804c4abdd4af","resourceAccess":[{"id":"83bc8d83-2679-44ef-b813-d5f556fc4474","type":"Role"}]}"#;
        let access: RequiredResourceAccess = serde_json::from_str(text).unwrap();
        assert_eq!(access.resource_access[0].kind, ResourceAccessType::Role);
        assert_eq!(serde_json::to_string(&access).unwrap(), text);
    }

    #[test]
    fn only_versions_one_and_two_exist() {
        for (text, expected) in [
            ("1", Some(RequestedTokenVersion::V1)),
            ("2", Some(RequestedTokenVersion::V2)),
            ("3", None),
            ("\"2\"", None),
        ] {
            assert_eq!(serde_json::from_str(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_single_tenant_application_stays_at_home() {
        let home = TenantId::random();
        let mut application = Application::new(home, "a", Timestamp(0));
        assert!(application.is_offered_to(home));
        assert!(!application.is_offered_to(TenantId::random()));
        application.sign_in_audience = "AzureADMultipleOrgs".parse().unwrap();
        assert!(application.is_offered_to(TenantId::random()));
        assert!(
            "PersonalMicrosoftAccount"
                .parse::<SignInAudience>()
                .is_err()
        );
    }
}
