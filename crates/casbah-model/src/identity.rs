//! The directory: tenants, people, applications and what they were granted.
//!
//! Shapes that clients of Microsoft Graph see inside an application
//! ([`AppRole`], [`PermissionScope`], [`RequiredResourceAccess`]) serialise to
//! Graph's own form. Credentials ([`ClientSecret`], [`AuthorizationCode`] and
//! the like) hold digests or sealed bytes and have no serialised form, so that
//! none of them can reach an answer or a log by accident.

mod api_token;
mod application;
mod assignment;
mod device;
mod federated_credential;
mod first_party;
mod grant;
mod hash;
mod held_credential;
mod identity_provider;
mod key_credential;
mod keys;
mod object;
mod permission;
mod role;
mod second_factor;
mod secret;
mod service_principal;
mod tenant;
mod user;

pub use api_token::{ApiToken, ApiTokenState, may_have_api_tokens, may_manage_api_tokens};
pub use application::{
    Application, ParseAudienceError, RequestedTokenVersion, RequiredResourceAccess, ResourceAccess,
    ResourceAccessType, SignInAudience,
};
pub use assignment::{AppRoleAssignment, ConsentGrant, ConsentType, PrincipalType};
pub use device::{DeviceGrant, DeviceRequest, DeviceState};
pub use federated_credential::FederatedCredential;
pub use first_party::{
    AZURE_CLI, CASBAH, CASBAH_CLI, CLOUD_APP_SECURITY, FIRST_PARTY_TENANT, FirstPartyApp,
    MICROSOFT_GRAPH, RESOURCE_MANAGER,
};
pub use grant::{
    AuthorizationCode, CodeChallenge, Platform, RefreshStanding, RefreshToken, RequestedResource,
    Session,
};
pub use hash::{Digest, PasswordHash, Sealed};
pub use held_credential::{CredentialKind, HeldCredential};
pub use identity_provider::{
    IdentityProvider, NameClaim, ParseNameClaimError, ProviderLink, ProviderSignIn, SignInAddress,
};
pub use key_credential::KeyCredential;
pub use keys::{DataKeyRecord, PepperRecord, SigningKeyRecord};
pub use object::DirectoryObject;
pub use permission::{AppRole, MemberType, PermissionScope, ScopeType};
pub use role::{DirectoryRole, ParseRoleError};
pub use second_factor::{AuthenticatorApp, Passkey, SecondFactors, SignInStep, StepKind};
pub use secret::ClientSecret;
pub use service_principal::ServicePrincipal;
pub use tenant::Tenant;
pub use user::{PASSWORD_METHOD, PresentUser, User};
