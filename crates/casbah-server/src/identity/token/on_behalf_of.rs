//! The on-behalf-of grant: an API calls the next API for the same person.

use casbah_identity::AadError;
use casbah_identity::answer::TokenAnswer;
use casbah_identity::request::DelegatedScopes;
use casbah_identity::signin::{RefreshGrant, check_user_assertion, first_refresh};
use casbah_model::identity::{Platform, User};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::{Claims, Life, decode_unverified};
use secrecy::{ExposeSecret, SecretString};

use super::client::{KnownClient, spend};
use super::error::TokenError;
use super::told::Told;
use super::user::{self, UserTokens};
use super::{Asked, Caller};
use crate::auth::speaks_for;
use crate::identity::resources;
use crate::identity::user_scopes::decide;
use crate::state::App;

/// For whom, and what for.
pub(super) struct Person {
    /// The person's access token for the caller.
    pub(super) assertion: SecretString,
    /// What is wanted of the next resource.
    pub(super) scopes: DelegatedScopes,
}

/// Gives the caller a token for the next resource. Only a client that can prove itself
/// gets one: whoever has a stolen token could trade it otherwise.
pub(super) async fn grant(
    app: &App,
    tenant: Option<TenantId>,
    asked: &Asked,
    request: &Person,
    caller: &Caller,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let now = caller.context.now;
    let assertion = request.assertion.expose_secret();
    let home = tenant
        .or_else(|| tenant_of(assertion))
        .ok_or(AadError::UserAssertionInvalid)?;
    let app_id = asked.client.app_id;
    let client = KnownClient::find(app, home, app_id).await?;
    let application = client.application.as_ref();
    let auth = client
        .authenticate(app, asked, Platform::Web, now, told)
        .await?;

    let names = own_names(app, home, &client).await?;
    let ring = app.keys.ring();
    let claims = check_user_assertion(assertion, &ring, &app.authority, home, names, now)?;
    let user = person(app, home, &claims).await?;
    told.person(&user);
    let wanted = &request.scopes;
    let scopes = decide(app, &user, app_id, application, wanted).await??;
    let first = wanted
        .openid
        .offline_access
        .then(|| {
            let grant = RefreshGrant {
                tenant: home,
                client: app_id,
                platform: Platform::Web,
                user: user.id,
                scopes: scopes.names(wanted.openid),
                resource: scopes.stored_resource(wanted),
                // Its sign-in is no later than the token that it begins with.
                auth_time: signed_at(&claims).unwrap_or(now),
                methods: claims.methods.clone(),
                family: ObjectId::random(),
            };
            first_refresh(grant, now)
        })
        .transpose()?;
    spend(app, asked, application, now).await?;
    if let Some(first) = &first {
        app.store.add_refresh_token(first.stored.clone()).await?;
    }
    let tokens = UserTokens {
        auth,
        user: &user,
        scopes: &scopes,
        openid: wanted.openid,
        nonce: None,
        auth_time: None,
        methods: &claims.methods,
        refresh_token: first.map(|first| first.text),
    };
    user::answer(app, asked, tokens, caller, told).await
}

/// The tenant that an assertion says it is of; its signature is checked for that tenant.
fn tenant_of(assertion: &str) -> Option<TenantId> {
    let token = decode_unverified(assertion).ok()?;
    token.claims.get("tid")?.as_str()?.parse().ok()
}

/// The names under which the caller itself is asked for in the tenant. An application of
/// another tenant may have registered a URI that means somebody else here.
async fn own_names(
    app: &App,
    tenant: TenantId,
    client: &KnownClient,
) -> Result<Vec<String>, TokenError> {
    let app_id: AppId = client.sign_in.app_id;
    let mut names = vec![app_id.to_string()];
    let uris = client.application.iter();
    for uri in uris.flat_map(|application| &application.identifier_uris) {
        let origin = app.authority.origin();
        let meant = resources::app_id_of(&app.store, tenant, uri, origin).await?;
        if meant == Some(app_id) {
            names.push(uri.clone());
        }
    }
    Ok(names)
}

/// The person of an assertion, who may have been switched off since, or signed out
/// everywhere.
async fn person(app: &App, tenant: TenantId, claims: &Claims) -> Result<User, TokenError> {
    let id = claims.object_id.as_deref().and_then(|id| id.parse().ok());
    let id: ObjectId = id.ok_or(AadError::UserAssertionInvalid)?;
    let user = app.store.user(tenant, id).await?;
    let user = user.filter(|user| speaks_for(claims, user));
    Ok(user.ok_or(AadError::UserAssertionInvalid)?)
}

fn signed_at(claims: &Claims) -> Option<Timestamp> {
    let at = claims.issued_at.map(Life::signed_at)?;
    Some(Timestamp::from_seconds(at))
}
