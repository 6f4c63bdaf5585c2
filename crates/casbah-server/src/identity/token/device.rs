//! The device-code grant (RFC 8628 section 3.4): a device asks whether somebody has signed
//! in for it yet.

use casbah_identity::answer::TokenAnswer;
use casbah_identity::random::digest_of;
use casbah_identity::signin::{RefreshGrant, check_device_poll, first_refresh};
use casbah_model::identity::DeviceRequest;
use casbah_model::ids::{ObjectId, TenantId};
use secrecy::{ExposeSecret, SecretString};

use super::client::{KnownClient, spend};
use super::error::TokenError;
use super::told::Told;
use super::user::{self, UserTokens};
use super::{Asked, Caller};
use crate::identity::user_scopes::decide;
use crate::state::App;

/// Exchanges a device code once a person has agreed. As with a code, nothing is marked
/// before all that can fail has been tried.
pub(super) async fn grant(
    app: &App,
    tenant: Option<TenantId>,
    asked: &Asked,
    device_code: &SecretString,
    caller: &Caller,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let now = caller.context.now;
    let hash = digest_of(device_code.expose_secret());
    let app_id = asked.client.app_id;
    let stored = app.store.device_request(hash).await?;
    let grant = check_device_poll(stored.as_ref(), app_id, tenant, now)?;
    let home = grant.tenant;
    let client = KnownClient::find(app, home, app_id).await?;
    let application = client.application.as_ref();
    let credential = &asked.client.credential;
    let platform = client.sign_in.platform_without_redirect(credential);
    let auth = client.authenticate(app, asked, platform, now, told).await?;

    let user = user::find(app, home, grant.user, grant.auth_time).await?;
    told.person(&user);
    let wanted = user::wanted(&grant.scopes, grant.resource.as_ref(), None);
    let scopes = decide(app, &user, app_id, application, &wanted).await??;
    let first = asked
        .lasts(wanted.openid)
        .then(|| {
            let begins = RefreshGrant {
                tenant: home,
                client: app_id,
                platform,
                user: user.id,
                scopes: grant.scopes.clone(),
                resource: grant.resource.clone(),
                auth_time: grant.auth_time,
                methods: grant.methods.clone(),
                family: ObjectId::random(),
            };
            first_refresh(begins, now)
        })
        .transpose()?;
    spend(app, asked, application, now).await?;
    let kept = first.as_ref().map(|first| first.stored.clone());
    app.store
        .exchange_device_code(hash, move |stored: Option<&DeviceRequest>| {
            check_device_poll(stored, app_id, tenant, now)?;
            Ok::<_, casbah_identity::AadError>(kept.clone())
        })
        .await??;
    let tokens = UserTokens {
        auth,
        user: &user,
        scopes: &scopes,
        openid: wanted.openid,
        nonce: None,
        auth_time: None,
        methods: &grant.methods,
        refresh_token: first.map(|first| first.text),
    };
    user::answer(app, asked, tokens, caller, told).await
}
