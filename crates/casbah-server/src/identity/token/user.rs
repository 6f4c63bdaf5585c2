//! The answer to a client that acts for a person.

use casbah_identity::AadError;
use casbah_identity::answer::{TokenAnswer, UserAnswer};
use casbah_identity::request::{DelegatedScopes, OpenIdScopes, ResourceScopes, Wanted};
use casbah_identity::signin::{UserGrantFacts, client_info, user_grant};
use casbah_model::identity::{RequestedResource, User};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::ClientAuth;
use secrecy::{ExposeSecret, SecretString};

use super::error::TokenError;
use super::told::Told;
use super::{Asked, Caller};
use crate::identity::user_scopes::UserScopes;
use crate::state::App;

/// A person's grant, decided.
pub(super) struct UserTokens<'a> {
    pub(super) auth: ClientAuth,
    pub(super) user: &'a User,
    pub(super) scopes: &'a UserScopes,
    pub(super) openid: OpenIdScopes,
    pub(super) nonce: Option<&'a str>,
    pub(super) auth_time: Option<Timestamp>,
    /// How the person signed in (RFC 8176).
    pub(super) methods: &'a [String],
    pub(super) refresh_token: Option<SecretString>,
}

/// Signs the tokens and puts the answer together.
pub(super) async fn answer(
    app: &App,
    asked: &Asked,
    tokens: UserTokens<'_>,
    caller: &Caller,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let user = tokens.user;
    let requested = &tokens.scopes.requested;
    told.resource.clone_from(&requested.resource);
    let assignments = app.store.assignments_of(user.tenant, user.id).await?;
    let address = caller.source.known().map(|address| address.to_string());
    let grant = user_grant(
        UserGrantFacts {
            endpoint: asked.endpoint,
            user,
            client: asked.client.app_id,
            auth: tokens.auth,
            resource: &tokens.scopes.resource,
            requested,
            granted: &tokens.scopes.granted,
            openid: tokens.openid,
            assignments: &assignments,
            nonce: tokens.nonce,
            auth_time: tokens.auth_time,
            methods: tokens.methods.to_vec(),
            ip_address: address,
        },
        &app.authority,
        [casbah_token::token_id()?, casbah_token::token_id()?],
        caller.context.now,
    );
    let key = app
        .keys
        .signer(caller.context.now)
        .ok_or(TokenError::NoKey)?;
    let id_token = match &grant.id {
        Some(id) => Some(key.sign_id(id)?),
        None => None,
    };
    let more = UserAnswer {
        scope: grant.scope,
        refresh_token: tokens
            .refresh_token
            .map(|token| token.expose_secret().to_owned()),
        id_token,
        client_info: asked
            .wants_client_info
            .then(|| client_info(user.tenant, user.id)),
    };
    Ok(TokenAnswer::for_user(
        asked.endpoint,
        &requested.resource,
        grant.access.life,
        key.sign_access(&grant.access)?,
        more,
    ))
}

/// The person of a stored grant, who may have been switched off, or signed out
/// everywhere, since the sign-in at `auth_time` that it came of.
pub(super) async fn find(
    app: &App,
    tenant: TenantId,
    id: ObjectId,
    auth_time: Timestamp,
) -> Result<User, TokenError> {
    let user = app.store.user(tenant, id).await?;
    let user = user.ok_or(AadError::GrantUnknown)?;
    if !user.enabled {
        return Err(AadError::UserDisabled.into());
    }
    if !user.counts_sign_in_at(auth_time) {
        return Err(AadError::RefreshTokenRevoked.into());
    }
    Ok(user)
}

/// What is wanted: a resource of the request, or else the stored grant's. OpenID's
/// scopes are always those that were granted.
pub(super) fn wanted(
    stored: &[String],
    resource: Option<&RequestedResource>,
    asked: Option<&DelegatedScopes>,
) -> DelegatedScopes {
    let (openid, values) = OpenIdScopes::split(stored);
    let asked = asked.and_then(|asked| asked.resource.clone());
    let before = || {
        resource.map(|resource| ResourceScopes {
            resource: resource.requested.clone(),
            wanted: Wanted::Named(values),
        })
    };
    DelegatedScopes {
        openid,
        resource: asked.or_else(before),
    }
}
