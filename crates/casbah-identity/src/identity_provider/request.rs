//! What a sign-in sends to a provider.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::{Digest, IdentityProvider, ProviderSignIn, SignInAddress};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::crypto::{SealContext, SealError, Vault};
use crate::random::{NoRandomness, bearer_token, digest_of};

/// How long a person may take at the provider, milliseconds.
const LIFE_MS: i64 = 10 * 60 * 1000;

/// A sign-in that begins.
pub struct NewSignIn {
    /// What is kept of it.
    pub stored: ProviderSignIn,
    /// `state`
    pub state: String,
    /// `nonce`
    pub nonce: String,
    /// `code_challenge` (RFC 7636), by `S256`.
    pub challenge: String,
}

/// A sign-in cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The verifier cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Begins a sign-in of the browser with this cookie, to go on at `return_to`.
///
/// # Errors
/// [`BeginError`]
pub fn begin(
    vault: &Vault,
    provider: &IdentityProvider,
    browser: &str,
    return_to: SignInAddress,
    now: Timestamp,
) -> Result<NewSignIn, BeginError> {
    let random = || bearer_token();
    // The answer does not say whose it is, and rows are looked for within a tenant.
    let state = format!("{}.{}", provider.tenant, random()?.expose_secret());
    let nonce = random()?.expose_secret().to_owned();
    let verifier = random()?;
    let verifier = verifier.expose_secret();
    let digest = digest_of(&state);
    let place = verifier_place(provider.tenant, &digest);
    Ok(NewSignIn {
        stored: ProviderSignIn {
            tenant: provider.tenant,
            state: digest,
            provider: provider.id,
            browser: digest_of(browser),
            nonce: digest_of(&nonce),
            verifier: vault.seal(&place, verifier.as_bytes())?,
            return_to,
            expires: now.plus_millis(LIFE_MS),
        },
        challenge: URL_SAFE_NO_PAD.encode(digest_of(verifier).as_bytes()),
        state,
        nonce,
    })
}

/// The verifier of a sign-in that came back.
///
/// # Errors
/// [`SealError`]
pub fn verifier(vault: &Vault, sign_in: &ProviderSignIn) -> Result<SecretString, SealError> {
    let place = verifier_place(sign_in.tenant, &sign_in.state);
    let opened = vault.open(&place, &sign_in.verifier)?;
    let text = std::str::from_utf8(&opened).map_err(|_| SealError::Form)?;
    Ok(text.into())
}

fn verifier_place(tenant: TenantId, state: &Digest) -> SealContext {
    let row = URL_SAFE_NO_PAD.encode(state.as_bytes());
    SealContext::tenant(tenant, "identity_provider_sign_in", row)
}

/// The place of the secret of a provider's client.
pub fn secret_place(provider: &IdentityProvider) -> SealContext {
    let row = provider.id.to_string();
    SealContext::tenant(provider.tenant, "identity_provider", row)
}

/// The tenant that an answer's `state` says it belongs to; the stored row proves it.
pub fn state_tenant(state: &str) -> Option<TenantId> {
    state.split_once('.')?.0.parse().ok()
}

/// When a sign-in began that came back.
pub const fn begun(sign_in: &ProviderSignIn) -> Timestamp {
    sign_in.expires.plus_millis(-LIFE_MS)
}

/// What a provider is to ask a person for whom it may know already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Nothing that it need not.
    Nothing,
    /// Which account it shall be.
    Account,
    /// To sign in anew.
    SignIn,
}

impl Ask {
    /// The parameters that say so (OpenID Connect Core 1.0 section 3.1.2.1). `max_age` is
    /// what obliges a provider to say when the person signed in.
    const fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Nothing => &[],
            Self::Account => &[("prompt", "select_account")],
            Self::SignIn => &[("prompt", "login"), ("max_age", "0")],
        }
    }
}

/// What the browser is sent to the provider with (OpenID Connect Core 1.0 section 3.1.2.1).
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// The provider.
    pub provider: &'a IdentityProvider,
    /// Where its answer comes to.
    pub redirect_uri: &'a str,
    /// The name that the person typed; empty if none was.
    pub login_hint: &'a str,
    /// What the person must be asked even if the provider knows who it is.
    pub ask: Ask,
}

impl AuthorizationRequest<'_> {
    /// The address at the provider.
    pub fn address(&self, endpoint: Url, sign_in: &NewSignIn) -> Url {
        let mut address = endpoint;
        let scope = self.provider.scopes.join(" ");
        {
            let mut query = address.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &self.provider.client_id)
                .append_pair("redirect_uri", self.redirect_uri)
                .append_pair("scope", &scope)
                .append_pair("state", &sign_in.state)
                .append_pair("nonce", &sign_in.nonce)
                .append_pair("code_challenge", &sign_in.challenge)
                .append_pair("code_challenge_method", "S256");
            if !self.login_hint.is_empty() {
                query.append_pair("login_hint", self.login_hint);
            }
            query.extend_pairs(self.ask.parameters());
        }
        address
    }
}
