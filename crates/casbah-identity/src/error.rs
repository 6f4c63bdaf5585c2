//! Errors of the token and sign-in endpoints, as Entra ID numbers them.

mod report;
mod text;

pub use report::{ErrorBody, ErrorReport};

/// Why a request was refused; one variant for each cause.
///
/// Each has Entra's number and the OAuth error that belongs to it
/// ([`AadError::wire`]); the words are our own. Text that came from the request
/// is cleaned before it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AadError {
    /// A required parameter is absent.
    MissingParameter(&'static str),
    /// A required parameter is there without a value.
    EmptyParameter(&'static str),
    /// The request breaks a rule of OAuth's own; says which.
    Malformed(&'static str),
    /// The tenant in the address is neither an id, a domain nor an alias.
    TenantMalformed(String),
    /// No tenant has this id or domain.
    TenantNotFound(String),
    /// Client credentials need a tenant; `common` names none.
    NoTenant,
    /// The instance that was asked about is not this server.
    UnknownInstance,
    /// `grant_type` is none that is offered.
    UnknownGrantType(String),
    /// The password grant, which the operator has not allowed.
    PasswordGrantOff,
    /// `response_type` is none that is offered.
    UnknownResponseType(String),
    /// A token straight from the authorisation endpoint, which is not enabled.
    ImplicitGrantDisabled,
    /// No such application, or it may not be used in this tenant.
    ApplicationNotFound(String),
    /// The application is registered here but has no service principal.
    NoServicePrincipal(String),
    /// The service principal is switched off.
    ApplicationDisabled(String),
    /// Client credentials without a credential.
    NoClientCredential,
    /// A confidential client's user grant without a credential.
    NoCredential,
    /// The client secret is none of the application's.
    WrongSecret(String),
    /// The client secret or certificate has ended.
    SecretExpired(String),
    /// A public client sent a secret.
    SecretFromPublicClient,
    /// The client assertion is signed by no key of the application.
    AssertionSignature,
    /// The client assertion is no token.
    AssertionMalformed,
    /// The client assertion is not yet or no longer good.
    AssertionTime,
    /// The client assertion speaks for another application.
    AssertionClient,
    /// The client assertion is meant for another endpoint or tenant.
    AssertionAudience,
    /// The assertion proved the client before, and may do so once only.
    AssertionUsed,
    /// The application trusts no other issuer.
    NoFederatedCredential,
    /// The other issuer is not trusted.
    FederatedIssuer,
    /// The other issuer's token has another audience.
    FederatedAudience,
    /// The other issuer's token has another subject.
    FederatedSubject,
    /// The other issuer's keys could not be read.
    FederatedKeys,
    /// The tenant has no resource of this name.
    ResourceNotFound(String),
    /// The resource wants an app role and the application has none.
    RoleRequired,
    /// The resource wants an app role and the person has none.
    UserRoleRequired,
    /// A client-credentials scope without `/.default`.
    ScopeNotDefault(String),
    /// A scope that cannot be understood.
    ScopeMalformed(String),
    /// Scopes of several resources in one request.
    SeveralResources,
    /// Nobody consented to what the client asks.
    ConsentMissing,
    /// Only an administrator can consent to what the client asks.
    AdminConsentRequired,
    /// The person said no on the consent page.
    ConsentRefused,
    /// A single-tenant application was used on `common`.
    SingleTenantOnCommon(String),
    /// The redirect address is not registered.
    RedirectNotRegistered(String),
    /// The application has no redirect address at all.
    NoRedirect,
    /// The redirect address at redemption is not that of the authorisation.
    RedirectMismatch,
    /// A public client asked for a code without a challenge.
    ChallengeRequired,
    /// `prompt=none` and nobody is signed in.
    NotSignedIn,
    /// The code or refresh token is not known, or belongs to another client.
    GrantUnknown,
    /// The code was redeemed before.
    CodeRedeemed,
    /// The code has ended.
    CodeExpired,
    /// The code or token belongs to another tenant.
    GrantOfOtherTenant,
    /// `code_verifier` does not fit the challenge.
    VerifierMismatch,
    /// The refresh token has ended.
    RefreshTokenExpired,
    /// The refresh token was ended: used twice, or sign-in revoked.
    RefreshTokenRevoked,
    /// The on-behalf-of assertion is not good.
    UserAssertionInvalid,
    /// The on-behalf-of assertion has ended.
    UserAssertionExpired,
    /// Wrong user name or password.
    WrongPassword,
    /// The password is right, but was given by someone else and must be changed on the
    /// sign-in page first.
    PasswordMustChange,
    /// The person has second factors, which this way of signing in cannot ask for.
    SecondFactorRequired,
    /// The person may not sign in.
    UserDisabled,
    /// An access policy says no.
    BlockedByPolicy,
    /// The person has not finished the device sign-in.
    DevicePending,
    /// The person refused the device sign-in.
    DeviceDeclined,
    /// The device code is not known.
    DeviceCodeUnknown,
    /// The device code has ended.
    DeviceCodeExpired,
    /// Too many requests.
    Throttled {
        /// Seconds until the next is worth while; goes into `Retry-After`.
        retry_after: u32,
    },
    /// Something failed in the server; the log knows what.
    Internal,
}

/// The wire's view of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// Entra's number; a few errors of plain OAuth have none.
    pub code: Option<u32>,
    /// OAuth's `error`.
    pub error: &'static str,
    /// HTTP status.
    pub status: u16,
    /// `suberror`, where one is known.
    pub suberror: Option<&'static str>,
}

impl AadError {
    /// Number, OAuth error, status and suberror of this cause.
    pub const fn wire(&self) -> Wire {
        const fn is(code: u32, error: &'static str, status: u16) -> Wire {
            Wire {
                code: Some(code),
                error,
                status,
                suberror: None,
            }
        }
        const fn sub(wire: Wire, suberror: &'static str) -> Wire {
            Wire {
                suberror: Some(suberror),
                ..wire
            }
        }
        const fn bare(error: &'static str, status: u16) -> Wire {
            Wire {
                code: None,
                error,
                status,
                suberror: None,
            }
        }
        match self {
            Self::MissingParameter(_) => is(900_144, "invalid_request", 400),
            Self::EmptyParameter(_) => is(90_014, "invalid_request", 400),
            Self::Malformed(_) => is(9_002_313, "invalid_request", 400),
            Self::TenantMalformed(_) => is(900_023, "invalid_request", 400),
            Self::TenantNotFound(_) => is(90_002, "invalid_request", 400),
            Self::NoTenant => is(50_059, "invalid_request", 400),
            Self::UnknownInstance => is(50_049, "invalid_instance", 400),
            Self::UnknownGrantType(_) | Self::PasswordGrantOff => {
                is(70_003, "unsupported_grant_type", 400)
            }
            Self::UnknownResponseType(_) => is(70_005, "unsupported_response_type", 400),
            Self::ImplicitGrantDisabled => is(700_054, "unsupported_response_type", 400),
            Self::ApplicationNotFound(_) => is(700_016, "unauthorized_client", 400),
            Self::NoServicePrincipal(_) => is(7_000_229, "invalid_client", 401),
            Self::ApplicationDisabled(_) => is(7_000_112, "unauthorized_client", 400),
            Self::NoClientCredential => is(7_000_216, "invalid_client", 401),
            Self::NoCredential => is(7_000_218, "invalid_client", 401),
            Self::WrongSecret(_) => is(7_000_215, "invalid_client", 401),
            Self::SecretExpired(_) => is(7_000_222, "invalid_client", 401),
            Self::SecretFromPublicClient => is(700_025, "invalid_client", 400),
            Self::AssertionSignature | Self::AssertionAudience => {
                is(700_027, "invalid_client", 401)
            }
            Self::AssertionMalformed => is(50_027, "invalid_request", 400),
            Self::AssertionTime | Self::AssertionUsed => is(700_024, "invalid_client", 401),
            Self::AssertionClient => is(700_021, "invalid_client", 401),
            Self::NoFederatedCredential => is(70_025, "invalid_client", 401),
            Self::FederatedIssuer => is(700_211, "invalid_client", 401),
            Self::FederatedAudience => is(700_212, "invalid_client", 401),
            Self::FederatedSubject => is(700_213, "invalid_client", 401),
            Self::FederatedKeys => is(90_061, "invalid_request", 400),
            Self::ResourceNotFound(_) => is(500_011, "invalid_resource", 400),
            Self::RoleRequired => is(501_051, "invalid_grant", 400),
            Self::UserRoleRequired => is(50_105, "invalid_grant", 400),
            Self::ScopeNotDefault(_) => is(1_002_012, "invalid_scope", 400),
            Self::ScopeMalformed(_) => is(70_011, "invalid_scope", 400),
            Self::SeveralResources => is(28_000, "invalid_scope", 400),
            Self::ConsentMissing => sub(is(65_001, "invalid_grant", 400), "consent_required"),
            Self::AdminConsentRequired => is(90_094, "access_denied", 400),
            Self::ConsentRefused => is(65_004, "access_denied", 400),
            Self::SingleTenantOnCommon(_) => is(50_194, "invalid_request", 400),
            Self::RedirectNotRegistered(_) => is(50_011, "invalid_request", 400),
            Self::NoRedirect => is(500_113, "invalid_request", 400),
            Self::RedirectMismatch => is(500_112, "invalid_client", 400),
            Self::ChallengeRequired => is(9_002_325, "invalid_request", 400),
            Self::NotSignedIn => is(50_058, "login_required", 400),
            Self::GrantUnknown => is(70_000, "invalid_grant", 400),
            Self::CodeRedeemed => is(54_005, "invalid_grant", 400),
            Self::CodeExpired => is(70_008, "invalid_grant", 400),
            Self::GrantOfOtherTenant => is(700_005, "invalid_grant", 400),
            Self::VerifierMismatch => is(501_481, "invalid_grant", 400),
            Self::RefreshTokenExpired => is(700_082, "invalid_grant", 400),
            Self::RefreshTokenRevoked => sub(is(50_173, "invalid_grant", 400), "bad_token"),
            Self::UserAssertionInvalid => is(50_013, "invalid_grant", 400),
            Self::UserAssertionExpired => is(500_133, "invalid_grant", 400),
            Self::WrongPassword => is(50_126, "invalid_grant", 400),
            Self::PasswordMustChange => is(50_055, "invalid_grant", 400),
            Self::SecondFactorRequired => is(50_076, "invalid_grant", 400),
            Self::UserDisabled => is(50_057, "invalid_grant", 400),
            Self::BlockedByPolicy => sub(is(53_003, "access_denied", 400), "message_only"),
            Self::DevicePending => is(70_016, "authorization_pending", 400),
            Self::DeviceDeclined => bare("authorization_declined", 400),
            Self::DeviceCodeUnknown => bare("bad_verification_code", 400),
            Self::DeviceCodeExpired => bare("expired_token", 400),
            Self::Throttled { .. } => bare("temporarily_unavailable", 429),
            Self::Internal => bare("server_error", 500),
        }
    }

    /// The `error` of a metadata document, where an unknown tenant has a name of
    /// its own.
    pub const fn metadata_error(&self) -> &'static str {
        match self {
            Self::TenantMalformed(_) | Self::TenantNotFound(_) => "invalid_tenant",
            other => other.wire().error,
        }
    }
}

impl std::fmt::Display for AadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&text::describe(self))
    }
}

impl std::error::Error for AadError {}
