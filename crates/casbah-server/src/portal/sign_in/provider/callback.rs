//! The way back from a provider.

use axum::response::Response;
use casbah_identity::identity_provider::{
    Ask, ExpectedToken, ProvenPerson, ProviderAnswer, SignInAge, begun, state_tenant, verifier,
    verify_id_token,
};
use casbah_identity::proof::ForeignIssuer;
use casbah_identity::random::digest_of;
use casbah_model::audit::AuditRecord;
use casbah_model::identity::{IdentityProvider, ProviderSignIn, Tenant, User};
use casbah_model::ids::AppId;
use casbah_token::ProviderToken;
use secrecy::ExposeSecret;

use super::error::ProviderError;
use super::person;
use super::redeem::{redeem, told};
use crate::audit::AuditFailed;
use crate::identity::context::RequestContext;
use crate::portal::sign_in::complete::enter;
use crate::portal::sign_in::cookies::Cookie;
use crate::portal::sign_in::error::SignInError;
use crate::portal::sign_in::flow::{Entry, Flow};
use crate::portal::sign_in::second_factor;
use crate::portal::sign_in::visit::Visit;
use crate::state::App;

/// A sign-in that came back to its own browser.
struct Returned<'a> {
    visit: &'a Visit,
    answer: ProviderAnswer,
    sign_in: ProviderSignIn,
    flow: Flow,
    tenant: Tenant,
    provider: IdentityProvider,
}

/// `GET /casbah/sign_in/callback`
pub(super) async fn receive(visit: Visit) -> Response {
    try_receive(&visit)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_receive(visit: &Visit) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let returned = Returned::take(visit).await?;
    let client = returned.flow.client_id();
    let (user, proven) = match returned.person().await {
        Ok(found) => found,
        Err(SignInError::Provider(error)) => {
            let provider = &returned.provider;
            keep_refusal(app, provider, client, &error, context).await?;
            return Err(error.into());
        }
        Err(error) => return Err(error),
    };
    returned.flow.check_person(&user)?;
    let methods = methods(&proven);
    let factors = app.store.second_factors(user.tenant, user.id).await?;
    if !factors.is_empty() && !proven.proved_several_factors() {
        return second_factor::ask(&returned.flow, visit, &user, &factors, &methods).await;
    }
    keep(app, &returned.provider, client, (&user, &proven), context).await?;
    let is_asked = proven.age == SignInAge::Now;
    enter(&returned.flow, visit, user, is_asked, methods).await
}

/// How the person signed in there (RFC 8176), or that somebody else saw to it.
fn methods(proven: &ProvenPerson) -> Vec<String> {
    if proven.methods.is_empty() {
        vec!["fed".to_owned()]
    } else {
        proven.methods.clone()
    }
}

impl<'a> Returned<'a> {
    /// Takes out the sign-in that an answer belongs to: it must have begun in this browser
    /// (login CSRF), and comes back once.
    async fn take(visit: &'a Visit) -> Result<Self, SignInError> {
        let Visit { app, context, .. } = visit;
        let not_awaited = || SignInError::from(ProviderError::NotAwaited);
        let answer = ProviderAnswer::parse(visit.query()).ok_or_else(not_awaited)?;
        let tenant = state_tenant(&answer.state).ok_or_else(not_awaited)?;
        let browser = Cookie::Form
            .read(&visit.headers, &app.authority)
            .ok_or_else(not_awaited)?;
        let (state, browser) = (digest_of(&answer.state), digest_of(&browser));
        let sign_in = app
            .store
            .take_provider_sign_in(tenant, state, browser, context.now)
            .await?
            .ok_or_else(not_awaited)?;
        let address = &sign_in.return_to;
        let entry = Entry::of(address).ok_or_else(not_awaited)?;
        let flow = Flow::read(app, entry, &address.segment, &address.query).await?;
        let tenant = app.store.tenant(tenant).await?.ok_or_else(not_awaited)?;
        // A domain in the address may have become another tenant's.
        if flow.tenant.one().is_some_and(|one| one.id != tenant.id) {
            return Err(not_awaited());
        }
        let provider = app
            .store
            .identity_provider(tenant.id, sign_in.provider)
            .await?
            .filter(|one| one.enabled)
            .ok_or(ProviderError::Gone)?;
        Ok(Self {
            visit,
            answer,
            sign_in,
            flow,
            tenant,
            provider,
        })
    }

    /// Who signed in at the provider, and whom of the tenant that is.
    async fn person(&self) -> Result<(User, ProvenPerson), SignInError> {
        let Visit { app, context, .. } = self.visit;
        let Self {
            answer, provider, ..
        } = self;
        let published = app.issuers.published(&provider.issuer, context.now).await;
        let published = published.ok_or(ProviderError::Unreachable)?;
        // Before anything is sent anywhere: a code of another issuer must not reach this one.
        if !published.metadata.is_answer_of(answer.issuer.as_deref()) {
            return Err(ProviderError::OtherIssuer.into());
        }
        if let Some(error) = &answer.error {
            let words = [Some(error.as_str()), answer.error_description.as_deref()];
            let error = told(words.into_iter().flatten());
            return Err(ProviderError::Refused(error).into());
        }
        let code = answer.code.as_deref().filter(|code| !code.is_empty());
        let code = code.ok_or(ProviderError::NoCode)?;
        let verifier = verifier(&app.vault, &self.sign_in).map_err(ProviderError::Seal)?;
        let redeemed = redeem(app, provider, &published, code, &verifier).await?;
        let mut proven = self.verify(&redeemed.id_token).await?;
        if self.flow.ask() == Ask::SignIn {
            match proven.age {
                SignInAge::Now => {}
                SignInAge::Earlier => return Err(ProviderError::NotAsked.into()),
                SignInAge::Unknown => return Err(ProviderError::NoTime.into()),
            }
        }
        // Where there is an access token, too, providers may leave claims to UserInfo (OpenID
        // Connect Core 1.0 section 5.4).
        if proven.claimed(provider.name_claim).is_none()
            && let Some(token) = &redeemed.access_token
            && let Some(endpoint) = &published.metadata.userinfo_endpoint
        {
            let info = app
                .issuers
                .document_for(endpoint, token.expose_secret())
                .await
                .map_err(ProviderError::Connect)?;
            proven = proven.with_user_info(&info).map_err(ProviderError::Token)?;
        }
        let user = person::find(app, &self.tenant, provider, &proven, context).await?;
        Ok((user, proven))
    }

    async fn verify(&self, token: &str) -> Result<ProvenPerson, ProviderError> {
        let Visit { app, context, .. } = self.visit;
        let key_id = ProviderToken::parse(token)
            .ok()
            .and_then(|token| token.key_id().map(str::to_owned))
            .unwrap_or_default();
        let wanted = ForeignIssuer {
            issuer: self.provider.issuer.clone(),
            key_id,
        };
        let keys = app.issuers.keys(wanted, context.now).await;
        let keys = keys.ok_or(ProviderError::Unreachable)?;
        let expected = ExpectedToken {
            issuer: &self.provider.issuer,
            client_id: &self.provider.client_id,
            nonce: self.sign_in.nonce,
            keys: &keys,
            begun: begun(&self.sign_in),
            now: context.now,
        };
        Ok(verify_id_token(token, &expected)?)
    }
}

/// Keeps a sign-in. Nobody is signed in without a record.
async fn keep(
    app: &App,
    provider: &IdentityProvider,
    client: AppId,
    (user, proven): (&User, &ProvenPerson),
    context: &RequestContext,
) -> Result<(), AuditFailed> {
    let methods = match proven.methods.as_slice() {
        [] => "unknown".to_owned(),
        methods => told(methods.iter().map(String::as_str)),
    };
    let detail = format!(
        "through {} {}, by {methods}",
        provider.display_name, provider.id
    );
    let record = record(&user.upn, client, context).detail(detail);
    app.audit.keep(Some(provider.tenant), record).await
}

/// Keeps a refusal; who it was is not known, so the provider stands for the person.
async fn keep_refusal(
    app: &App,
    provider: &IdentityProvider,
    client: AppId,
    error: &ProviderError,
    context: &RequestContext,
) -> Result<(), AuditFailed> {
    let detail = format!("through {} {}: {error}", provider.display_name, provider.id);
    let record = record(&provider.display_name, client, context)
        .refused(error.code())
        .detail(detail);
    app.audit.keep(Some(provider.tenant), record).await
}

fn record(actor: &str, client: AppId, context: &RequestContext) -> AuditRecord {
    AuditRecord::new(actor, "sign_in", &client)
        .at(context.now)
        .from(context.origin())
        .through(Some(client))
}
