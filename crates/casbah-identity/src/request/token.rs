//! A request to a token endpoint, understood but not yet decided.

use secrecy::SecretString;

use super::scope::client_credentials_resource;
use super::{DelegatedScopes, Params, PresentedClient};
use crate::error::AadError;

/// Which of the two token endpoints was asked. They read other parameters and
/// answer in other types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/{tenant}/oauth2/token`
    V1,
    /// `/{tenant}/oauth2/v2.0/token`
    V2,
}

/// The redemption of an authorisation code (RFC 6749 section 4.1.3).
#[derive(Debug)]
pub struct CodeRedemption {
    /// The code.
    pub code: SecretString,
    /// The redirect address of the authorisation request.
    pub redirect_uri: String,
    /// The verifier of the challenge (RFC 7636 section 4.5).
    pub verifier: Option<SecretString>,
    /// The scopes once more, in the client's spelling.
    pub scopes: Option<DelegatedScopes>,
}

/// The use of a refresh token (RFC 6749 section 6).
#[derive(Debug)]
pub struct RefreshRequest {
    /// The refresh token.
    pub token: SecretString,
    /// What is wanted now; nothing means the same as before.
    pub scopes: Option<DelegatedScopes>,
}

/// What a client asks for, by `grant_type`.
#[derive(Debug)]
pub enum GrantRequest {
    /// `client_credentials`
    ClientCredentials {
        /// The resource as it was named, without `/.default`.
        resource: String,
    },
    /// `authorization_code`
    Code(CodeRedemption),
    /// `refresh_token`
    Refresh(RefreshRequest),
    /// `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628)
    DeviceCode {
        /// The device code.
        device_code: SecretString,
    },
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` on behalf of a person
    OnBehalfOf {
        /// The person's access token for the caller.
        assertion: SecretString,
        /// What is wanted of the next resource.
        scopes: DelegatedScopes,
    },
    /// `password`
    Password {
        /// The sign-in name.
        username: String,
        /// The password.
        password: SecretString,
        /// What is wanted.
        scopes: DelegatedScopes,
    },
}

impl GrantRequest {
    /// The grant's name, as the audit keeps it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ClientCredentials { .. } => "client_credentials",
            Self::Code(_) => "authorization_code",
            Self::Refresh(_) => "refresh_token",
            Self::DeviceCode { .. } => "device_code",
            Self::OnBehalfOf { .. } => "on_behalf_of",
            Self::Password { .. } => "password",
        }
    }
}

/// A request to a token endpoint.
#[derive(Debug)]
pub struct TokenRequest {
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// Who asks.
    pub client: PresentedClient,
    /// What for.
    pub grant: GrantRequest,
    /// Whether a person's grant must answer `client_info`.
    pub wants_client_info: bool,
}

impl TokenRequest {
    /// Reads a request from its body and its `Authorization` header.
    ///
    /// # Errors
    /// [`AadError`] for the first thing that is missing or wrong: the grant, then
    /// the client, then the grant's own parameters.
    pub fn parse(
        endpoint: Endpoint,
        params: &Params,
        authorization: Option<&str>,
    ) -> Result<Self, AadError> {
        let kind = GrantKind::parse(params.required("grant_type")?)?;
        let client = PresentedClient::parse(params, authorization)?;
        let grant = kind.read(endpoint, params)?;
        Ok(Self {
            endpoint,
            client,
            grant,
            wants_client_info: params.wants_client_info(),
        })
    }
}

#[derive(Clone, Copy)]
enum GrantKind {
    ClientCredentials,
    Code,
    Refresh,
    DeviceCode,
    OnBehalfOf,
    Password,
}

impl GrantKind {
    fn parse(grant_type: &str) -> Result<Self, AadError> {
        match grant_type {
            "client_credentials" => Ok(Self::ClientCredentials),
            "authorization_code" => Ok(Self::Code),
            "refresh_token" => Ok(Self::Refresh),
            // The short form is the older endpoint's.
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => Ok(Self::DeviceCode),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => Ok(Self::OnBehalfOf),
            "password" => Ok(Self::Password),
            other => Err(AadError::UnknownGrantType(other.to_owned())),
        }
    }

    fn read(self, endpoint: Endpoint, params: &Params) -> Result<GrantRequest, AadError> {
        let secret = |name| params.required(name).map(SecretString::from);
        Ok(match self {
            Self::ClientCredentials => GrantRequest::ClientCredentials {
                resource: match endpoint {
                    Endpoint::V1 => params.required("resource")?.to_owned(),
                    Endpoint::V2 => client_credentials_resource(params.required("scope")?)?,
                },
            },
            Self::Code => GrantRequest::Code(CodeRedemption {
                code: secret("code")?,
                redirect_uri: params.required("redirect_uri")?.to_owned(),
                verifier: params.optional("code_verifier").map(SecretString::from),
                scopes: optional_scopes(endpoint, params)?,
            }),
            Self::Refresh => GrantRequest::Refresh(RefreshRequest {
                token: secret("refresh_token")?,
                scopes: optional_scopes(endpoint, params)?,
            }),
            Self::DeviceCode => GrantRequest::DeviceCode {
                // The older endpoint calls it `code`.
                device_code: match params.optional("code") {
                    Some(code) => code.into(),
                    None => secret("device_code")?,
                },
            },
            Self::OnBehalfOf => {
                if params.required("requested_token_use")? != "on_behalf_of" {
                    return Err(AadError::Malformed("requested_token_use is not supported"));
                }
                GrantRequest::OnBehalfOf {
                    assertion: secret("assertion")?,
                    scopes: required_scopes(endpoint, params)?,
                }
            }
            Self::Password => GrantRequest::Password {
                username: params.required("username")?.to_owned(),
                password: secret("password")?,
                scopes: required_scopes(endpoint, params)?,
            },
        })
    }
}

fn optional_scopes(
    endpoint: Endpoint,
    params: &Params,
) -> Result<Option<DelegatedScopes>, AadError> {
    let (resource, scope) = (params.optional("resource"), params.optional("scope"));
    match endpoint {
        Endpoint::V1 if resource.is_some() || scope.is_some() => {
            DelegatedScopes::parse_v1(resource, scope).map(Some)
        }
        Endpoint::V2 => scope.map(DelegatedScopes::parse).transpose(),
        Endpoint::V1 => Ok(None),
    }
}

/// The scopes that a client asks for, for a person.
///
/// # Errors
/// [`AadError::MissingParameter`] where none are named, or as [`DelegatedScopes::parse`].
pub fn delegated_scopes(endpoint: Endpoint, params: &Params) -> Result<DelegatedScopes, AadError> {
    required_scopes(endpoint, params)
}

fn required_scopes(endpoint: Endpoint, params: &Params) -> Result<DelegatedScopes, AadError> {
    optional_scopes(endpoint, params)?.ok_or(match endpoint {
        Endpoint::V1 => AadError::MissingParameter("resource"),
        Endpoint::V2 => AadError::MissingParameter("scope"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "2c0f8f5e-5a0c-4f58-b9a2-5d6a1d0f6a11";

    fn parse(endpoint: Endpoint, form: &str) -> Result<TokenRequest, AadError> {
        let form = form.replace("$ID", ID);
        TokenRequest::parse(endpoint, &Params::parse(form.as_bytes()).unwrap(), None)
    }

    #[test]
    fn each_endpoint_reads_its_own_parameter() {
        for (endpoint, form, expected) in [
            (
                Endpoint::V1,
                "resource=https://r/&scope=ignored",
                Ok("https://r/"),
            ),
            (
                Endpoint::V2,
                "scope=https://r//.default&resource=ignored",
                Ok("https://r/"),
            ),
            (
                Endpoint::V1,
                "scope=r/.default",
                Err(AadError::MissingParameter("resource")),
            ),
            (
                Endpoint::V2,
                "resource=r",
                Err(AadError::MissingParameter("scope")),
            ),
            (
                Endpoint::V2,
                "scope=",
                Err(AadError::EmptyParameter("scope")),
            ),
            (
                Endpoint::V2,
                "scope=r",
                Err(AadError::ScopeNotDefault("r".into())),
            ),
        ] {
            let form = format!("grant_type=client_credentials&client_id=$ID&{form}");
            let resource = parse(endpoint, &form).map(|request| match request.grant {
                GrantRequest::ClientCredentials { resource } => resource,
                other => panic!("{other:?}"),
            });
            assert_eq!(resource, expected.map(str::to_owned), "{form}");
        }
    }

    #[test]
    fn what_is_missing_is_named_in_order() {
        for (form, expected) in [
            ("", AadError::MissingParameter("grant_type")),
            ("grant_type=", AadError::EmptyParameter("grant_type")),
            (
                "grant_type=implicit",
                AadError::UnknownGrantType("implicit".into()),
            ),
            (
                "grant_type=client_credentials",
                AadError::MissingParameter("client_id"),
            ),
            (
                "grant_type=refresh_token&client_id=$ID",
                AadError::MissingParameter("refresh_token"),
            ),
            (
                "grant_type=authorization_code&client_id=$ID",
                AadError::MissingParameter("code"),
            ),
            (
                "grant_type=authorization_code&client_id=$ID&code=c",
                AadError::MissingParameter("redirect_uri"),
            ),
            (
                "grant_type=password&client_id=$ID&username=u",
                AadError::MissingParameter("password"),
            ),
            (
                "grant_type=password&client_id=$ID&username=u&password=p",
                AadError::MissingParameter("scope"),
            ),
        ] {
            assert_eq!(parse(Endpoint::V2, form).err(), Some(expected), "{form}");
        }
    }

    #[test]
    fn the_password_grant_of_old_scripts_names_its_resource_in_the_scope() {
        let form = "grant_type=password&client_id=$ID&username=u&password=p\
                    &scope=05a65629-4c1b-48c1-a78b-804c4abdd4af/Investigation.read";
        match parse(Endpoint::V1, form).unwrap().grant {
            GrantRequest::Password { scopes, .. } => {
                let resource = scopes.resource.unwrap().resource;
                assert_eq!(resource, "05a65629-4c1b-48c1-a78b-804c4abdd4af");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let form = "grant_type=password&client_id=$ID&client_secret=hush1&username=u\
                    &password=hush2&scope=a/b";
        let printed = format!("{:?}", parse(Endpoint::V2, form).unwrap());
        assert!(!printed.contains("hush"), "{printed}");
    }
}
