//! The password grant (RFC 6749 section 4.3), for old scripts and only where the operator
//! allows it: whoever runs the client sees the person's password.

use casbah_identity::AadError;
use casbah_identity::answer::TokenAnswer;
use casbah_identity::request::DelegatedScopes;
use casbah_identity::signin::{RefreshGrant, first_refresh};
use casbah_model::identity::{Tenant, User};
use casbah_model::ids::{ObjectId, TenantId};
use secrecy::SecretString;

use super::client::{KnownClient, spend};
use super::error::TokenError;
use super::told::Told;
use super::user::{self, UserTokens};
use super::{Asked, Caller};
use crate::identity::tenant;
use crate::identity::user_scopes::decide;
use crate::portal::sign_in::{Attempt, AttemptTold, Outcome, attempt};
use crate::state::App;

/// What the client sends.
pub(super) struct Typed {
    pub(super) username: String,
    pub(super) password: SecretString,
    pub(super) scopes: DelegatedScopes,
}

/// Checks name and password as the sign-in page does, under the same waits.
pub(super) async fn grant(
    app: &App,
    tenant: Option<TenantId>,
    asked: &Asked,
    typed: &Typed,
    caller: &Caller,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    if !app.config.allow_password_grant {
        return Err(AadError::PasswordGrantOff.into());
    }
    let now = caller.context.now;
    let app_id = asked.client.app_id;
    let home = home(app, tenant, &typed.username).await?;
    let Some(home) = home else {
        // The same work as for a wrong password.
        sign_in(app, None, asked, typed, caller).await?;
        return Err(AadError::WrongPassword.into());
    };
    told.tenant = Some(home.id);
    let client = KnownClient::find(app, home.id, app_id).await?;
    let application = client.application.as_ref();
    let credential = &asked.client.credential;
    let platform = client.sign_in.platform_without_redirect(credential);
    let auth = client.authenticate(app, asked, platform, now, told).await?;

    let user = sign_in(app, Some(&home), asked, typed, caller).await?;
    told.person(&user);
    let wanted = &typed.scopes;
    let scopes = decide(app, &user, app_id, application, wanted).await??;
    let first = asked
        .lasts(wanted.openid)
        .then(|| {
            let begins = RefreshGrant {
                tenant: user.tenant,
                client: app_id,
                platform,
                user: user.id,
                scopes: scopes.names(wanted.openid),
                resource: scopes.stored_resource(wanted),
                auth_time: now,
                methods: methods(),
                family: ObjectId::random(),
            };
            first_refresh(begins, now)
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
        methods: &methods(),
        refresh_token: first.map(|first| first.text),
    };
    user::answer(app, asked, tokens, caller, told).await
}

/// The tenant of the address, or the one that owns the name's domain.
async fn home(
    app: &App,
    tenant: Option<TenantId>,
    username: &str,
) -> Result<Option<Tenant>, TokenError> {
    if let Some(tenant) = tenant {
        return Ok(app.store.tenant(tenant).await?);
    }
    Ok(tenant::of_name(&app.store, username).await?)
}

async fn sign_in(
    app: &App,
    tenant: Option<&Tenant>,
    asked: &Asked,
    typed: &Typed,
    caller: &Caller,
) -> Result<User, TokenError> {
    let context = &caller.context;
    let attempted = Attempt {
        username: &typed.username,
        password: &typed.password,
        new_password: None,
        source: caller.source,
        origin: context.origin(),
        now: context.now,
    };
    let outcome = attempt(app, &caller.throttle, tenant, &attempted).await?;
    let told = AttemptTold {
        tenant: tenant.map(|tenant| tenant.id),
        username: &typed.username,
        client: asked.client.app_id,
        context,
    };
    told.keep(app, &outcome).await?;
    Err(match outcome {
        Outcome::Right { user, factors } if factors.is_empty() => {
            told.signed_in(app, &methods()).await?;
            return Ok(*user);
        }
        Outcome::Right { .. } => AadError::SecondFactorRequired,
        Outcome::Wrong => AadError::WrongPassword,
        Outcome::Disabled => AadError::UserDisabled,
        Outcome::Wait { seconds } => AadError::Throttled {
            retry_after: seconds,
        },
        Outcome::MustChange { .. } => AadError::PasswordMustChange,
    }
    .into())
}

/// How a person signs in by this grant (RFC 8176).
fn methods() -> Vec<String> {
    vec!["pwd".to_owned()]
}
