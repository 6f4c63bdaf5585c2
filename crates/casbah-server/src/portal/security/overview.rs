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
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;
use crate::state::App;

const HERE: &str = "/portal/security";

#[derive(Template)]
#[template(path = "portal/security/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    methods: Table<Method>,
    has_app: bool,
    has_second_factor: bool,
    can_have_passkeys: bool,
    sessions: Table<SessionRow>,
    applications: Table<ApplicationRow>,
}

/// A sign-in method.
enum Method {
    Password,
    App { created: Moment },
    Passkey(PasskeyRow),
    RecoveryCodes { left: u64 },
}

impl Method {
    fn name(&self) -> Key {
        Key::text(match self {
            Self::Password => "Password",
            Self::App { .. } => "Authenticator app",
            Self::Passkey(passkey) => return Key::text(&format!("Passkey {}", passkey.name)),
            Self::RecoveryCodes { .. } => "Recovery codes",
        })
    }

    fn created(&self) -> Option<Moment> {
        match self {
            Self::Password | Self::RecoveryCodes { .. } => None,
            Self::App { created } => Some(*created),
            Self::Passkey(passkey) => Some(passkey.created),
        }
    }

    fn last_used(&self) -> Option<Moment> {
        match self {
            Self::Passkey(passkey) => passkey.last_used,
            Self::Password | Self::App { .. } | Self::RecoveryCodes { .. } => None,
        }
    }
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
        has_app: factors.app.is_some(),
        has_second_factor: has_second_factor(&factors),
        methods: methods_table(&visitor, factors),
        can_have_passkeys: RelyingParty::of(&app.authority).is_some(),
        sessions: sessions_table(&visitor, sessions),
        applications: applications_table(&visitor, applications),
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn has_second_factor(factors: &SecondFactors) -> bool {
    factors.app.is_some() || !factors.passkeys.is_empty()
}

fn methods(factors: SecondFactors) -> Vec<Method> {
    let mut methods = vec![Method::Password];
    let codes = has_second_factor(&factors).then_some(Method::RecoveryCodes {
        left: factors.recovery_codes,
    });
    methods.extend(factors.app.map(|app| Method::App {
        created: Moment(app.created),
    }));
    methods.extend(factors.passkeys.into_iter().map(|passkey| {
        Method::Passkey(PasskeyRow {
            id: URL_SAFE_NO_PAD.encode(&passkey.id),
            name: passkey.name,
            created: Moment(passkey.created),
            last_used: passkey.last_used.map(Moment),
        })
    }));
    methods.extend(codes);
    methods
}

fn methods_table(visitor: &Visitor, factors: SecondFactors) -> Table<Method> {
    let columns = [
        Column::new("method", "Method", Method::name),
        Column::new("added", "Added", |method| when(method.created())),
        Column::new("used", "Last used", |method| when(method.last_used())),
        Column::actions(),
    ];
    Table::part(HERE, &visitor.query, "methods", &columns, methods(factors))
}

fn sessions_table(visitor: &Visitor, rows: Vec<SessionRow>) -> Table<SessionRow> {
    let columns = [
        Column::new("browser", "Browser", |one: &SessionRow| {
            Key::text(&one.browser)
        }),
        Column::new("source", "IP address", |one| Key::text(&one.source)),
        Column::new("since", "Since", |one| when(Some(one.since))),
        Column::new("by", "By", |one| Key::text(&one.methods)),
        Column::actions(),
    ];
    Table::part(HERE, &visitor.query, "sessions", &columns, rows)
}

fn applications_table(visitor: &Visitor, rows: Vec<ApplicationRow>) -> Table<ApplicationRow> {
    let columns = [
        Column::new("name", "Application", |one: &ApplicationRow| {
            Key::text(&one.name)
        }),
        Column::new("since", "Since", |one| when(Some(one.since))),
        Column::new("used", "Last used", |one| when(Some(one.last_used))),
        Column::actions(),
    ];
    Table::part(HERE, &visitor.query, "applications", &columns, rows)
}

fn when(at: Option<Moment>) -> Key {
    Key::Number(at.map_or(0, |at| at.0.millis()))
}

/// The name of an application, wherever its home is.
async fn name_of(app: &App, client: AppId) -> Result<String, casbah_store::StoreError> {
    if let Some(own) = FirstPartyApp::by_app_id(client) {
        return Ok(own.display_name.to_owned());
    }
    let found = find_client(&app.store, client).await?;
    Ok(found.map_or_else(|| client.to_string(), |client| client.sign_in.display_name))
}
