//! `/casbah/v1/exports`: where what happens in a tenant is sent to.

mod record;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_model::export::{ExportTarget, SyslogTransport};
use casbah_model::ids::KeyId;
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_store::{Export, ExportFeed, Feed};
use secrecy::ExposeSecret;
use serde_json::Value;

use self::record::{ExportRecord, NewExport, TestResult};
use super::envelope::Listed;
use super::error::ApiError;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::exports::{new_secret, send_test};
use crate::state::App;

/// The longest name, characters.
const LONGEST_NAME: usize = 100;

/// The longest URL and host, bytes.
const LONGEST_ADDRESS: usize = 2_000;

const NEW_EXPORT: [Parameter; 8] = [
    Parameter::new("name", Kind::Text, "What it is called").required(),
    Parameter::new(
        "kind",
        Kind::Word(&["webhook", "syslog"]),
        "To whom it sends",
    )
    .required(),
    Parameter::new("url", Kind::Text, "Of a webhook: its URL"),
    Parameter::new("transport", Kind::Word(&TRANSPORTS), "Of syslog: by what"),
    Parameter::new("host", Kind::Text, "Of syslog: a name or an address"),
    Parameter::new(
        "port",
        Kind::Whole(1, 65_535),
        "Of syslog: 514, or 6514 with TLS, unless told",
    ),
    Parameter::new("feeds", Kind::Texts, "`activities`, `alerts` or both"),
    Parameter::new("from", Kind::Word(&["now", "start"]), "Where it begins"),
];

const TRANSPORTS: [&str; 3] = [
    SyslogTransport::Udp.name(),
    SyslogTransport::Tcp.name(),
    SyslogTransport::Tls.name(),
];

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::ConnectorManage);
    routes
        .of("Exports")
        .get("/casbah/v1/exports", need, "List exports", list)
        .answers::<Listed<ExportRecord>>()
        .post("/casbah/v1/exports", need, "Make an export", create)
        .takes(&NEW_EXPORT)
        .answers_as::<NewExport>(StatusCode::CREATED)
        .get("/casbah/v1/exports/{id}", need, "Fetch an export", fetch)
        .answers::<ExportRecord>()
        .post(
            "/casbah/v1/exports/{id}/enable",
            need,
            "Let an export run",
            enable,
        )
        .answers::<ExportRecord>()
        .post(
            "/casbah/v1/exports/{id}/disable",
            need,
            "Let an export rest",
            disable,
        )
        .answers::<ExportRecord>()
        .post(
            "/casbah/v1/exports/{id}/test",
            need,
            "Send a made-up record by an export",
            test,
        )
        .answers::<TestResult>()
        .delete("/casbah/v1/exports/{id}", need, "Delete an export", delete)
        .answers_nothing(StatusCode::NO_CONTENT)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<ExportRecord>>, ApiError> {
    let exports = app.store.exports(caller.tenant).await?;
    Ok(Json(exports.into_iter().map(ExportRecord::from).collect()))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<ExportRecord>, ApiError> {
    let export = find(&app, &caller, &id).await?;
    Ok(Json(export.into()))
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<NewExport>), ApiError> {
    let name = parameters.required_name("name")?;
    if name.chars().count() > LONGEST_NAME {
        return Err(ApiError::bad_value("name", name));
    }
    let export = Export {
        id: KeyId::random(),
        tenant: caller.tenant,
        name,
        target: target(&app, &parameters)?,
        enabled: true,
        created: Timestamp::now(),
        sent: 0,
        last_sent: None,
        failures: 0,
        last_error: None,
        next_try: None,
        feeds: followed(&app, &caller, &parameters).await?,
    };
    let audit = caller.record("export.create", &export.id);
    let audit = audit.detail(format!("{}: {}", export.name, told(&export.target)));
    let (secret, sealed) = match export.target {
        ExportTarget::Webhook { .. } => {
            let made = new_secret(&app, export.tenant, export.id);
            let (text, sealed) = made.map_err(|error| {
                tracing::error!(%error, "the secret of a webhook cannot be made");
                ApiError::Internal("a secret cannot be made")
            })?;
            (Some(text.expose_secret().to_owned()), Some(sealed))
        }
        ExportTarget::Syslog { .. } => (None, None),
    };
    let answer = NewExport {
        record: export.clone().into(),
        secret,
    };
    app.store.create_export(export, sealed, audit).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn enable(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<ExportRecord>, ApiError> {
    switch(&app, &caller, &id, true).await
}

async fn disable(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<ExportRecord>, ApiError> {
    switch(&app, &caller, &id, false).await
}

async fn switch(
    app: &App,
    caller: &Caller,
    id: &str,
    enabled: bool,
) -> Result<Json<ExportRecord>, ApiError> {
    let id = parse(id)?;
    let action = if enabled {
        "export.enable"
    } else {
        "export.disable"
    };
    let audit = caller.record(action, &id);
    let switched = app.store.switch_export(caller.tenant, id, enabled, audit);
    let export = switched.await?.ok_or(ApiError::NotFound)?;
    Ok(Json(export.into()))
}

async fn test(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<TestResult>, ApiError> {
    let export = find(&app, &caller, &id).await?;
    caller.audit(&app, "export.test", export.id).await?;
    let error = send_test(&app, &export).await.err();
    Ok(Json(TestResult {
        sent: error.is_none(),
        error: error.map(|error| error.to_string()),
    }))
}

async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = parse(&id)?;
    let audit = caller.record("export.delete", &id);
    if app.store.delete_export(caller.tenant, id, audit).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}

fn parse(id: &str) -> Result<KeyId, ApiError> {
    id.parse().map_err(|_| ApiError::NotFound)
}

async fn find(app: &App, caller: &Caller, id: &str) -> Result<Export, ApiError> {
    let export = app.store.export(caller.tenant, parse(id)?).await?;
    export.ok_or(ApiError::NotFound)
}

/// To whom it is sent, if the server may call that.
fn target(app: &App, parameters: &Parameters) -> Result<ExportTarget, ApiError> {
    let kind = parameters.required_text("kind")?;
    match kind.as_str() {
        "webhook" => {
            let url = parameters.required_text("url")?;
            let is_good = url.len() <= LONGEST_ADDRESS && app.connector.check_url(&url).is_ok();
            if is_good {
                Ok(ExportTarget::Webhook { url })
            } else {
                Err(ApiError::bad_value("url", url))
            }
        }
        "syslog" => {
            let name = parameters.required_text("transport")?;
            let transport = SyslogTransport::from_name(&name)
                .ok_or_else(|| ApiError::bad_value("transport", &name))?;
            let host = parameters.required_text("host")?;
            if host.len() > LONGEST_ADDRESS || app.connector.check_host(&host).is_err() {
                return Err(ApiError::bad_value("host", host));
            }
            let port = match parameters.number("port")? {
                None => transport.default_port(),
                Some(port) => u16::try_from(port)
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| ApiError::bad_value("port", port.to_string()))?,
            };
            Ok(ExportTarget::Syslog {
                transport,
                host,
                port,
            })
        }
        _ => Err(ApiError::bad_value("kind", kind)),
    }
}

/// The feeds that it follows, both unless told, from their ends or as far back as they
/// reach.
async fn followed(
    app: &App,
    caller: &Caller,
    parameters: &Parameters,
) -> Result<Vec<ExportFeed>, ApiError> {
    let bad = || {
        ApiError::bad_value(
            "feeds",
            parameters
                .0
                .get("feeds")
                .unwrap_or(&Value::Null)
                .to_string(),
        )
    };
    let names: Option<Vec<&str>> = match parameters.0.get("feeds") {
        None | Some(Value::Null) => None,
        Some(Value::String(names)) => Some(names.split(',').map(str::trim).collect()),
        Some(Value::Array(names)) => {
            let names = names.iter().map(|name| name.as_str().ok_or_else(bad));
            Some(names.collect::<Result<_, _>>()?)
        }
        Some(_) => return Err(bad()),
    };
    let wanted: Vec<Feed> = match names {
        None => Feed::ALL.to_vec(),
        Some(names) => {
            let feeds = names
                .into_iter()
                .map(|name| Feed::from_name(name).ok_or_else(bad));
            let feeds = feeds.collect::<Result<Vec<_>, _>>()?;
            Feed::ALL
                .into_iter()
                .filter(|feed| feeds.contains(feed))
                .collect()
        }
    };
    if wanted.is_empty() {
        return Err(bad());
    }
    let from = parameters.text("from")?;
    let mut followed = Vec::with_capacity(wanted.len());
    for feed in wanted {
        let place = match from.as_deref() {
            None | Some("now") => app.store.feed_end(caller.tenant, feed).await?,
            Some("start") => app.store.feed_start(caller.tenant, feed).await?,
            Some(other) => return Err(ApiError::bad_value("from", other)),
        };
        followed.push(ExportFeed {
            feed,
            place,
            gaps: 0,
            batch: None,
        });
    }
    Ok(followed)
}

/// The target for the audit. A URL may hold a secret behind its host.
fn told(target: &ExportTarget) -> String {
    match target {
        ExportTarget::Webhook { url } => {
            let url = url::Url::parse(url).ok();
            let origin = url.map(|url| url.origin().ascii_serialization());
            format!("webhook {}", origin.unwrap_or_default())
        }
        ExportTarget::Syslog {
            transport,
            host,
            port,
        } => format!("syslog {} {host} {port}", transport.name()),
    }
}
