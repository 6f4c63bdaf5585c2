//! The words of each error.
//!
//! One client library searches these texts for the names of OAuth errors about
//! consent and sign-in, so none of those names may stand in another's text.

use super::AadError;

/// The description, clean: see [`clean`].
#[expect(clippy::too_many_lines, reason = "one arm for each cause")]
pub(super) fn describe(error: &AadError) -> String {
    use AadError as E;
    match error {
        E::MissingParameter(name) => format!("The request must have the parameter '{name}'."),
        E::EmptyParameter(name) => format!("The parameter '{name}' must not be empty."),
        E::Malformed(why) => format!("The request is malformed: {why}."),
        E::TenantMalformed(name) => format!(
            "'{}' is neither a tenant id nor a domain name.",
            clean(name)
        ),
        E::TenantNotFound(name) => format!(
            "Tenant '{}' not found. Check the tenant id or the domain name.",
            clean(name)
        ),
        E::NoTenant => "The address must name a tenant by its id or one of its domains; \
            'common' and 'organizations' cannot be used with client credentials."
            .into(),
        E::UnknownInstance => "The authority asked about is not this server.".into(),
        E::UnknownGrantType(name) => format!("The grant type '{}' is not supported.", clean(name)),
        E::PasswordGrantOff => "The grant 'password' is switched off. Whoever runs the server \
            can allow it with: casbah serve --allow-password-grant"
            .into(),
        E::UnknownResponseType(name) => {
            format!("The response type '{}' is not supported.", clean(name))
        }
        E::ImplicitGrantDisabled => "The application is not allowed to get tokens straight from \
            the authorization endpoint. Use the response type 'code'."
            .into(),
        E::ApplicationNotFound(id) => format!(
            "Application with identifier '{}' was not found in this tenant. Either it does not \
             exist, or no administrator of the tenant has consented to it, or the request went \
             to the wrong tenant.",
            clean(id)
        ),
        E::NoServicePrincipal(id) => format!(
            "The application '{}' is registered in this tenant but has no service principal. \
             Create one, or consent to the application.",
            clean(id)
        ),
        E::ApplicationDisabled(id) => format!("The application '{}' is disabled.", clean(id)),
        E::NoClientCredential => "The grant 'client_credentials' needs the parameter \
            'client_secret' or 'client_assertion'."
            .into(),
        E::NoCredential => "The request must have the parameter 'client_secret' or \
            'client_assertion'."
            .into(),
        E::WrongSecret(id) => format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app '{}'.",
            clean(id)
        ),
        E::SecretExpired(id) => format!(
            "The client secret or certificate of app '{}' has expired. Add a new one.",
            clean(id)
        ),
        E::SecretFromPublicClient => "A public client must send neither 'client_secret' nor \
            'client_assertion'."
            .into(),
        E::AssertionSignature => "The client assertion is not signed by a key of the \
            application."
            .into(),
        E::AssertionMalformed => "The assertion is not a JSON Web Token.".into(),
        E::AssertionTime => "The client assertion is not within its valid time.".into(),
        E::AssertionClient => "The client assertion was issued for another application.".into(),
        E::AssertionAudience => "The client assertion's audience is not a token endpoint or the \
            issuer of this tenant."
            .into(),
        E::AssertionUsed => "The client assertion was used before, and the application takes \
            each only once. Sign a new one."
            .into(),
        E::NoFederatedCredential => "The application has no federated identity credential.".into(),
        E::FederatedIssuer => "No federated identity credential of the application matches the \
            issuer of the assertion."
            .into(),
        E::FederatedAudience => "No federated identity credential of the application matches \
            the audience of the assertion."
            .into(),
        E::FederatedSubject => "No federated identity credential of the application matches the \
            subject of the assertion."
            .into(),
        E::FederatedKeys => "The keys of the assertion's issuer could not be read.".into(),
        E::ResourceNotFound(name) => format!(
            "The resource principal named '{}' was not found in this tenant.",
            clean(name)
        ),
        E::RoleRequired => "The application has no role of the resource, and the resource \
            requires one."
            .into(),
        E::UserRoleRequired => "The signed-in user has no role of the resource, and the resource \
            requires one."
            .into(),
        E::ScopeNotDefault(scope) => format!(
            "The scope '{}' is not valid. For client credentials the scope must be the \
             resource's identifier with the suffix /.default.",
            clean(scope)
        ),
        E::ScopeMalformed(scope) => format!("The scope '{}' is not valid.", clean(scope)),
        E::SeveralResources => "The scopes belong to more than one resource.".into(),
        E::ConsentMissing => "consent_required: Neither the user nor an administrator has \
            consented to this use of the application."
            .into(),
        E::AdminConsentRequired => "An administrator of the organization has to grant the \
            permissions that the application asks for."
            .into(),
        E::ConsentRefused => "The user declined to consent to the application.".into(),
        E::SingleTenantOnCommon(id) => format!(
            "The application '{}' is for one tenant only. Use the address of its tenant.",
            clean(id)
        ),
        E::RedirectNotRegistered(uri) => format!(
            "The redirect URI '{}' is not one of those registered for the application.",
            clean(uri)
        ),
        E::NoRedirect => "No redirect URI is registered for the application.".into(),
        E::RedirectMismatch => "The redirect URI is not the one of the authorization \
            request."
            .into(),
        E::ChallengeRequired => "Proof Key for Code Exchange with the method S256 is required \
            for public clients."
            .into(),
        E::NotSignedIn => "login_required: Nobody is signed in, and the request forbade to \
            ask."
            .into(),
        E::GrantUnknown => "The code or refresh token is not valid for this client.".into(),
        E::CodeRedeemed => "The authorization code was redeemed before. Ask for a new one.".into(),
        E::CodeExpired => "The authorization code has expired. Ask for a new one.".into(),
        E::GrantOfOtherTenant => "The code or token was issued for another tenant.".into(),
        E::VerifierMismatch => "The code verifier does not match the code challenge of the \
            authorization request."
            .into(),
        E::RefreshTokenExpired => "The refresh token has expired. The user has to sign in \
            again."
            .into(),
        E::RefreshTokenRevoked => "The refresh token has been revoked. The user has to sign in \
            again."
            .into(),
        E::UserAssertionInvalid => "The assertion is not valid for this client.".into(),
        E::UserAssertionExpired => "The assertion has expired.".into(),
        E::WrongPassword => "Wrong user name or password.".into(),
        E::PasswordMustChange => "The password must be changed before it can be used here. Sign \
            in with the browser once."
            .into(),
        E::SecondFactorRequired => "The account is protected by a second factor. Sign in in a \
            browser instead."
            .into(),
        E::UserDisabled => "The account is disabled.".into(),
        E::BlockedByPolicy => "Access was blocked by an access policy.".into(),
        E::DevicePending => "The user has not finished the sign-in yet. Ask again after the \
            interval."
            .into(),
        E::DeviceDeclined => "The user declined the sign-in.".into(),
        E::DeviceCodeUnknown => "The device code is not known.".into(),
        E::DeviceCodeExpired => "The device code has expired.".into(),
        E::Throttled { retry_after } => {
            format!("Too many requests. Try again in {retry_after} seconds.")
        }
        E::Internal => "The server could not answer. Its log has the trace id.".into(),
    }
}

/// How much of a request's text is repeated at most.
const MAX_ECHO: usize = 200;

/// Text from a request, fit to be repeated: no quote, backslash, line end or
/// control character, which would need an escape in JSON (one client reads the
/// description without unescaping and fails on any), and not too long.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .take(MAX_ECHO)
        .map(|character| match character {
            '"' | '\\' => '\'',
            '\u{2028}' | '\u{2029}' => ' ',
            control if control.is_control() => ' ',
            other => other,
        })
        .collect()
}
