//! The refresh-token grant.

use casbah_identity::AadError;
use casbah_identity::answer::TokenAnswer;
use casbah_identity::random::digest_of;
use casbah_identity::request::RefreshRequest;
use casbah_identity::signin::{OpaqueKind, Refusal, check_refresh, next_refresh, tenant_of};
use casbah_model::identity::{RefreshStanding, RefreshToken};
use casbah_model::ids::TenantId;
use secrecy::ExposeSecret;

use super::client::{KnownClient, spend};
use super::error::TokenError;
use super::told::Told;
use super::user::{self, UserTokens};
use super::{Asked, Caller, denied};
use crate::identity::user_scopes::decide;
use crate::state::App;

/// Exchanges a refresh token. As with a code, nothing is marked before all that
/// can fail has been tried.
pub(super) async fn grant(
    app: &App,
    tenant: Option<TenantId>,
    asked: &Asked,
    request: &RefreshRequest,
    caller: &Caller,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let now = caller.context.now;
    let text = request.token.expose_secret();
    let home = tenant_of(OpaqueKind::Refresh, text).ok_or(AadError::GrantUnknown)?;
    let hash = digest_of(text);
    let app_id = asked.client.app_id;
    let client = KnownClient::find(app, home, app_id).await?;
    let stored = app.store.refresh_token(home, hash).await?;
    let chain = stored
        .filter(|chain| chain.token.client == app_id)
        .ok_or(AadError::GrantUnknown)?;
    let token = &chain.token;
    let platform = token.platform;
    let auth = client.authenticate(app, asked, platform, now, told).await?;

    let check = move |stored: Option<&RefreshStanding>| check_refresh(stored, app_id, tenant, now);
    if check(Some(&chain)).is_err() {
        // Asked once more inside the transaction, where its consequences are kept.
        let outcome = app
            .store
            .exchange_refresh_token(home, hash, now, move |stored| {
                check(stored).map_err(denied)?;
                Err(denied(Refusal::from(AadError::GrantUnknown)))
            })
            .await?;
        outcome?;
        return Err(AadError::GrantUnknown.into());
    }
    let user = user::find(app, home, token.user, token.auth_time).await?;
    told.person(&user);
    let asked_scopes = request.scopes.as_ref();
    let wanted = user::wanted(&token.scopes, token.resource.as_ref(), asked_scopes);
    let application = client.application.as_ref();
    let scopes = decide(app, &user, app_id, application, &wanted).await??;
    spend(app, asked, application, now).await?;
    let next = next_refresh(token, now)?;
    let kept = next.stored.clone();
    app.store
        .exchange_refresh_token(home, hash, now, move |stored| {
            check(stored).map_err(denied)?;
            let generation = stored.map_or(0, RefreshStanding::next_generation);
            Ok(RefreshToken {
                generation,
                ..kept.clone()
            })
        })
        .await??;
    let tokens = UserTokens {
        auth,
        user: &user,
        scopes: &scopes,
        openid: wanted.openid,
        nonce: None,
        auth_time: None,
        methods: &token.methods,
        refresh_token: Some(next.text),
    };
    user::answer(app, asked, tokens, caller, told).await
}
