//! Authorisation codes: giving and redeeming (RFC 6749 section 4.1, RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::{AuthorizationCode, CodeChallenge, Platform, RequestedResource, User};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::authorize::AuthorizeRequest;
use super::opaque::{self, OpaqueKind};
use crate::error::AadError;
use crate::random::{NoRandomness, digest_of};
use crate::request::CodeRedemption;

/// How long a code can be redeemed, seconds.
pub const CODE_SECONDS: i64 = 600;

/// A code that was just made: the only moment its text exists.
#[derive(Debug)]
pub struct NewCode {
    /// The text, for the client.
    pub text: SecretString,
    /// What is kept.
    pub stored: AuthorizationCode,
}

/// What was granted to the client.
#[derive(Debug, Clone)]
pub struct CodeGrant<'a> {
    /// Who signed in.
    pub user: &'a User,
    /// Values of the granted scopes, OpenID's own among them.
    pub scopes: Vec<String>,
    /// What the scopes belong to.
    pub resource: Option<RequestedResource>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// How.
    pub methods: Vec<String>,
}

/// Makes a code for `redirect_uri` of the request.
///
/// # Errors
/// [`NoRandomness`]
pub fn new_code(
    request: &AuthorizeRequest,
    redirect_uri: &str,
    grant: CodeGrant<'_>,
    now: Timestamp,
) -> Result<NewCode, NoRandomness> {
    let text = opaque::fresh(OpaqueKind::Code, grant.user.tenant)?;
    let stored = AuthorizationCode {
        hash: digest_of(text.expose_secret()),
        tenant: grant.user.tenant,
        client: request.client,
        user: grant.user.id,
        redirect_uri: redirect_uri.to_owned(),
        scopes: grant.scopes,
        resource: grant.resource,
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        auth_time: grant.auth_time,
        methods: grant.methods,
        wants_auth_time: request.max_age.is_some(),
        created: now,
        expires: now.plus_millis(CODE_SECONDS * 1000),
        redeemed: None,
        family: ObjectId::random(),
    };
    Ok(NewCode { text, stored })
}

/// A grant is refused, and perhaps something must end with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the client is told.
    pub error: AadError,
    /// A family of refresh tokens to end: the code or token was used twice, so
    /// one of the users is a thief (RFC 9700 section 4.14.2).
    pub ends_family: Option<ObjectId>,
}

impl From<AadError> for Refusal {
    fn from(error: AadError) -> Self {
        Self {
            error,
            ends_family: None,
        }
    }
}

/// Checks the redemption of a code. `client` was authenticated before, `platform`
/// is that of the redirect address; `tenant` is the one the address names, if it
/// names one. On success the caller marks the code redeemed in the same
/// transaction that read it, and asks again if another was faster.
///
/// # Errors
/// [`Refusal`]
pub fn redeem_code(
    stored: Option<&AuthorizationCode>,
    redemption: &CodeRedemption,
    client: AppId,
    platform: Platform,
    tenant: Option<TenantId>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let code = stored
        .filter(|code| code.client == client)
        .ok_or(AadError::GrantUnknown)?;
    if tenant.is_some_and(|tenant| tenant != code.tenant) {
        return Err(AadError::GrantOfOtherTenant.into());
    }
    if code.redeemed.is_some() {
        return Err(Refusal {
            error: AadError::CodeRedeemed,
            ends_family: Some(code.family),
        });
    }
    if code.expires <= now {
        return Err(AadError::CodeExpired.into());
    }
    if code.redirect_uri != redemption.redirect_uri {
        return Err(AadError::RedirectMismatch.into());
    }
    if !is_verified(
        code.challenge.as_ref(),
        redemption.verifier.as_ref(),
        platform,
    ) {
        return Err(AadError::VerifierMismatch.into());
    }
    Ok(())
}

/// Whether the verifier fits the challenge. A verifier without a challenge is
/// refused as well, else a stolen code could be injected into a client that
/// believes itself protected (RFC 9700 section 2.1.1).
fn is_verified(
    challenge: Option<&CodeChallenge>,
    verifier: Option<&SecretString>,
    platform: Platform,
) -> bool {
    match (challenge, verifier) {
        (None, None) => !platform.is_public(),
        (Some(CodeChallenge::S256(expected)), Some(verifier)) => {
            let hash = digest(&SHA256, verifier.expose_secret().as_bytes());
            let actual = URL_SAFE_NO_PAD.encode(hash);
            actual.as_bytes().ct_eq(expected.as_bytes()).into()
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::request::{Endpoint, Params};
    use crate::signin::SignInClient;
    use casbah_model::identity::CASBAH_CLI;

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);
    /// The example of RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const REDIRECT: &str = "http://localhost:51234";

    fn made() -> NewCode {
        let client = SignInClient::first_party(&CASBAH_CLI).unwrap();
        let form = format!(
            "response_type=code&redirect_uri={REDIRECT}&scope=openid&nonce=n\
             &code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        let params = Params::parse(form.as_bytes()).unwrap();
        let request = AuthorizeRequest::parse(Endpoint::V2, &params, &client).unwrap();
        let user = User {
            id: ObjectId::random(),
            tenant: TenantId::random(),
            upn: "ada@a.example".into(),
            display_name: "Ada".into(),
            roles: BTreeSet::new(),
            enabled: true,
            password: None,
            must_change_password: false,
            created: NOW,
            sign_ins_from: Timestamp(0),
            tokens_from: 0,
        };
        let grant = CodeGrant {
            user: &user,
            scopes: vec!["openid".into()],
            resource: None,
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
        };
        new_code(&request, REDIRECT, grant, NOW).unwrap()
    }

    fn redemption(redirect_uri: &str, verifier: Option<&str>) -> CodeRedemption {
        CodeRedemption {
            code: "unused".into(),
            redirect_uri: redirect_uri.to_owned(),
            verifier: verifier.map(SecretString::from),
            scopes: None,
        }
    }

    fn redeem(stored: &AuthorizationCode, redemption: &CodeRedemption) -> Result<(), Refusal> {
        let platform = Platform::PublicClient;
        redeem_code(
            Some(stored),
            redemption,
            stored.client,
            platform,
            Some(stored.tenant),
            NOW,
        )
    }

    #[test]
    fn a_code_is_redeemed_by_who_knows_the_verifier() {
        let code = made();
        assert_eq!(code.stored.hash, digest_of(code.text.expose_secret()));
        let good = redemption(REDIRECT, Some(VERIFIER));
        assert_eq!(redeem(&code.stored, &good), Ok(()));
        for verifier in [None, Some(""), Some("dBjftJeZ4CVP"), Some(CHALLENGE)] {
            assert_eq!(
                redeem(&code.stored, &redemption(REDIRECT, verifier)),
                Err(AadError::VerifierMismatch.into())
            );
        }
    }

    #[test]
    fn each_obstacle_has_its_own_error() {
        let code = made().stored;
        let good = redemption(REDIRECT, Some(VERIFIER));
        let with = |change: fn(&mut AuthorizationCode)| {
            let mut changed = code.clone();
            change(&mut changed);
            redeem(&changed, &good)
        };
        let twice = Refusal {
            error: AadError::CodeRedeemed,
            ends_family: Some(code.family),
        };
        assert_eq!(with(|code| code.redeemed = Some(NOW)), Err(twice));
        assert_eq!(
            with(|code| code.expires = NOW),
            Err(AadError::CodeExpired.into())
        );
        assert_eq!(
            with(|code| code.challenge = None),
            Err(AadError::VerifierMismatch.into())
        );
        let elsewhere = redemption("http://localhost:51235", Some(VERIFIER));
        assert_eq!(
            redeem(&code, &elsewhere),
            Err(AadError::RedirectMismatch.into())
        );

        let check = |stored, client, tenant| {
            redeem_code(stored, &good, client, Platform::PublicClient, tenant, NOW)
        };
        let unknown = Err(AadError::GrantUnknown.into());
        assert_eq!(check(None, code.client, None), unknown);
        assert_eq!(check(Some(&code), AppId::random(), None), unknown);
        assert_eq!(
            check(Some(&code), code.client, Some(TenantId::random())),
            Err(AadError::GrantOfOtherTenant.into())
        );
        assert_eq!(check(Some(&code), code.client, None), Ok(()));
    }

    #[test]
    fn without_a_challenge_only_a_client_with_a_secret_redeems() {
        let mut code = made().stored;
        code.challenge = None;
        let bare = redemption(REDIRECT, None);
        let check = |platform| redeem_code(Some(&code), &bare, code.client, platform, None, NOW);
        assert_eq!(check(Platform::Web), Ok(()));
        assert_eq!(check(Platform::Spa), Err(AadError::VerifierMismatch.into()));
    }
}
