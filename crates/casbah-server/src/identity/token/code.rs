//! The authorisation-code grant.

use casbah_identity::AadError;
use casbah_identity::answer::TokenAnswer;
use casbah_identity::random::digest_of;
use casbah_identity::request::CodeRedemption;
use casbah_identity::signin::{
    OpaqueKind, RefreshGrant, Refusal, first_refresh, redeem_code, tenant_of,
};
use casbah_model::identity::AuthorizationCode;
use casbah_model::ids::TenantId;
use secrecy::ExposeSecret;

use super::client::{KnownClient, spend};
use super::error::TokenError;
use super::told::Told;
use super::user::{self, UserTokens};
use super::{Asked, Caller, denied};
use crate::identity::user_scopes::decide;
use crate::state::App;

/// Redeems a code. All that can fail is tried before the code is marked, so that
/// a refusal for another reason does not use it up.
pub(super) async fn grant(
    app: &App,
    tenant: Option<TenantId>,
    asked: &Asked,
    redemption: CodeRedemption,
    caller: &Caller,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let now = caller.context.now;
    let text = redemption.code.expose_secret();
    let home = tenant_of(OpaqueKind::Code, text).ok_or(AadError::GrantUnknown)?;
    let hash = digest_of(text);
    let app_id = asked.client.app_id;
    let client = KnownClient::find(app, home, app_id).await?;
    let platform = client
        .sign_in
        .platform_of(&redemption.redirect_uri)
        .ok_or(AadError::RedirectMismatch)?;
    let auth = client.authenticate(app, asked, platform, now, told).await?;

    let asked_scopes = redemption.scopes.clone();
    let check = move |stored: Option<&AuthorizationCode>| {
        redeem_code(stored, &redemption, app_id, platform, tenant, now)
    };
    let stored = app.store.authorization_code(home, hash).await?;
    let (code, user, openid, scopes, first) = match (&stored, check(stored.as_ref())) {
        (Some(code), Ok(())) => {
            let user = user::find(app, home, code.user, code.auth_time).await?;
            told.person(&user);
            let wanted = user::wanted(&code.scopes, code.resource.as_ref(), asked_scopes.as_ref());
            let application = client.application.as_ref();
            let scopes = decide(app, &user, app_id, application, &wanted).await??;
            let first = asked
                .lasts(wanted.openid)
                .then(|| first_refresh(RefreshGrant::of_code(code, platform), now))
                .transpose()?;
            (code, user, wanted.openid, scopes, first)
        }
        // Asked once more inside the transaction, where its consequences are kept.
        (None, _) | (Some(_), Err(_)) => {
            let outcome = app
                .store
                .exchange_authorization_code(home, hash, now, move |stored| {
                    check(stored).map_err(denied)?;
                    Err(denied(Refusal::from(AadError::GrantUnknown)))
                })
                .await?;
            outcome?;
            return Err(AadError::GrantUnknown.into());
        }
    };
    spend(app, asked, client.application.as_ref(), now).await?;
    let kept = first.as_ref().map(|first| first.stored.clone());
    app.store
        .exchange_authorization_code(home, hash, now, move |stored| {
            check(stored).map_err(denied)?;
            Ok(kept.clone())
        })
        .await??;
    let tokens = UserTokens {
        auth,
        user: &user,
        scopes: &scopes,
        openid,
        nonce: code.nonce.as_deref(),
        auth_time: code.wants_auth_time.then_some(code.auth_time),
        methods: &code.methods,
        refresh_token: first.map(|first| first.text),
    };
    user::answer(app, asked, tokens, caller, told).await
}
