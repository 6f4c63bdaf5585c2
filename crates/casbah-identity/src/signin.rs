//! Sign-in of people: authorisation requests, codes, refresh tokens.

mod admin_consent;
mod authenticator;
mod authorize;
mod client;
mod code;
mod device;
mod grant;
mod on_behalf_of;
mod opaque;
mod recovery_code;
mod refresh;
mod response;

pub use admin_consent::AdminConsentRequest;
pub use authenticator::AuthenticatorSecret;
pub use authorize::{AuthorizeRefusal, AuthorizeRequest, NextStep, Prompt, Redirect};
pub use client::{SignInClient, authenticate_client};
pub use code::{CODE_SECONDS, CodeGrant, NewCode, Refusal, new_code, redeem_code};
pub use device::{
    DEVICE_INTERVAL, DEVICE_SECONDS, NewDeviceRequest, check_device_poll, new_device_request,
    user_code_digest,
};
pub use grant::{UserGrant, UserGrantFacts, client_info, pairwise_subject, user_grant};
pub use on_behalf_of::check_user_assertion;
pub(crate) use opaque::fresh as fresh_opaque;
pub use opaque::{OpaqueKind, tenant_of};
pub use recovery_code::{
    NewRecoveryCodes, RECOVERY_CODES, new_recovery_codes, recovery_code_digests,
};
pub use refresh::{
    NewRefreshToken, REUSE_GRACE_SECONDS, RefreshGrant, check_refresh, first_refresh, next_refresh,
};
pub use response::{AuthorizeResponse, ResponseMode};
