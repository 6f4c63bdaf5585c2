//! `GET /portal/security`

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::{FirstPartyApp, SecondFactors};
use casbah_model::ids::AppId;

use super::agent;
use crate::identity::passkeys::RelyingParty;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::sign_in::find_client;
use crate::portal::visitor::Visitor;
use crate::state::App;

#[derive(Template)]
#[template(path = "portal/security/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    app: Option<Moment>,
    passkeys: Vec<PasskeyRow>,
    recovery_codes: u64,
    can_have_passkeys: bool,
    sessions: Vec<SessionRow>,
    applications: Vec<ApplicationRow>,
}

struct PasskeyRow {
    id: String,
    name: String,
    created: Moment,
    last_used: Option<Moment>,
}

struct SessionRow {
    id: String,
    is_this: bool,
    /// The browser in known words.
    browser: String,
    /// What it said of itself.
    agent: String,
    source: String,
    since: Moment,
    methods: String,
}

struct ApplicationRow {
    family: String,
    name: String,
    since: Moment,
    last_used: Moment,
}

/// `GET /portal/security`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let (app, user, now) = (&visitor.app, &visitor.user, visitor.context.now);
    let factors = app.store.second_factors(user.tenant, user.id).await?;
    let sessions = app.store.user_sessions(user.tenant, user.id, now).await?;
    let sessions = sessions
        .into_iter()
        .filter(|session| user.counts_sign_in_at(session.auth_time))
        .map(|session| SessionRow {
            id: URL_SAFE_NO_PAD.encode(session.hash.as_bytes()),
            is_this: visitor.is_session(session.hash),
            browser: agent::describe(&session.agent),
            agent: session.agent,
            source: session
                .source
                .map_or_else(String::new, |one| one.to_string()),
            since: Moment(session.auth_time),
            methods: session.methods.join(", "),
        })
        .collect();
    let tokens = app
        .store
        .live_refresh_tokens(user.tenant, user.id, now)
        .await?;
    let mut applications = Vec::new();
    for token in tokens {
        if user.counts_sign_in_at(token.auth_time) {
            applications.push(ApplicationRow {
                family: token.family.to_string(),
                name: name_of(app, token.client).await?,
                since: Moment(token.auth_time),
                last_used: Moment(token.created),
            });
        }
    }
    let page = Overview {
        frame: Frame::new(&visitor, Section::Security, "Security info"),
        app: factors.app.as_ref().map(|app| Moment(app.created)),
        recovery_codes: factors.recovery_codes,
        passkeys: rows(factors),
        can_have_passkeys: RelyingParty::of(&app.authority).is_some(),
        sessions,
        applications,
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn rows(factors: SecondFactors) -> Vec<PasskeyRow> {
    let rows = factors.passkeys.into_iter().map(|passkey| PasskeyRow {
        id: URL_SAFE_NO_PAD.encode(&passkey.id),
        name: passkey.name,
        created: Moment(passkey.created),
        last_used: passkey.last_used.map(Moment),
    });
    rows.collect()
}

/// The name of an application, wherever its home is.
async fn name_of(app: &App, client: AppId) -> Result<String, casbah_store::StoreError> {
    if let Some(own) = FirstPartyApp::by_app_id(client) {
        return Ok(own.display_name.to_owned());
    }
    let found = find_client(&app.store, client).await?;
    Ok(found.map_or_else(|| client.to_string(), |client| client.sign_in.display_name))
}
