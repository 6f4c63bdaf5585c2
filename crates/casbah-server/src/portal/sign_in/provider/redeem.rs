//! A provider's code for an ID token (OpenID Connect Core 1.0 section 3.1.3).

use casbah_identity::crypto::SealError;
use casbah_identity::identity_provider::{ClientMethod, secret_place};
use casbah_model::identity::IdentityProvider;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::ProviderError;
use super::redirect_uri;
use crate::identity::issuers::Published;
use crate::portal::sign_in::error::SignInError;
use crate::state::App;

/// The longest error of a provider that is repeated, characters.
const MAX_ERROR: usize = 300;

/// What is read of a token endpoint's answer.
#[derive(Deserialize, Default)]
struct Answer {
    id_token: Option<String>,
    access_token: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

/// What a code was worth.
pub(super) struct Redeemed {
    /// The ID token, which is not believed yet.
    pub(super) id_token: String,
    /// The access token, for the `UserInfo` endpoint.
    pub(super) access_token: Option<SecretString>,
}

/// Redeems a code.
pub(super) async fn redeem(
    app: &App,
    provider: &IdentityProvider,
    published: &Published,
    code: &str,
    verifier: &SecretString,
) -> Result<Redeemed, SignInError> {
    let metadata = &published.metadata;
    let endpoint = metadata.token_endpoint().map_err(ProviderError::Metadata)?;
    let method = metadata.client_method().map_err(ProviderError::Metadata)?;
    let sealed = app
        .store
        .identity_provider_secret(provider.tenant, provider.id)
        .await?
        .ok_or(ProviderError::Gone)?;
    let secret = app
        .vault
        .open(&secret_place(provider), &sealed)
        .map_err(ProviderError::Seal)?;
    let secret = std::str::from_utf8(&secret).map_err(|_| ProviderError::Seal(SealError::Form))?;
    let redirect_uri = redirect_uri(&app.authority);
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", verifier.expose_secret()),
    ];
    // Both are encoded before they go into the header (RFC 6749 section 2.3.1).
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let (id, password): (String, String) = (encoded(&provider.client_id), encoded(secret));
    let password = SecretString::from(password);
    let basic = match method {
        ClientMethod::Basic => Some((id.as_str(), password.expose_secret())),
        ClientMethod::Post => {
            fields.push(("client_id", &provider.client_id));
            fields.push(("client_secret", secret));
            None
        }
    };
    let answer = app
        .issuers
        .submit(endpoint, &fields, basic)
        .await
        .map_err(ProviderError::Connect)?;
    let read: Answer = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        let error = [read.error, read.error_description];
        let error = told(error.iter().flatten().map(String::as_str));
        let status = answer.status;
        return Err(ProviderError::Redeem { status, error }.into());
    }
    Ok(Redeemed {
        id_token: read.id_token.ok_or(ProviderError::NoToken)?,
        access_token: read.access_token,
    })
}

/// Another service's words, as far as they are repeated.
pub(super) fn told<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let text = words.join(": ");
    let visible = text.chars().filter(|c| !c.is_control());
    visible.take(MAX_ERROR).collect()
}
