//! `/casbah/v1/exports`: where what happens in a tenant is sent to.

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
use serde_json::{Value, json};

use super::error::ApiError;
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

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::ConnectorManage);
    routes
        .of("Exports")
        .get("/casbah/v1/exports", need, "List exports", list)
        .post("/casbah/v1/exports", need, "Make an export", create)
        .get("/casbah/v1/exports/{id}", need, "Fetch an export", fetch)
        .post(
            "/casbah/v1/exports/{id}/enable",
            need,
            "Let an export run",
            enable,
        )
        .post(
            "/casbah/v1/exports/{id}/disable",
            need,
            "Let an export rest",
            disable,
        )
        .post(
            "/casbah/v1/exports/{id}/test",
            need,
            "Send a made-up record by an export",
            test,
        )
        .delete("/casbah/v1/exports/{id}", need, "Delete an export", delete)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let exports = app.store.exports(caller.tenant).await?;
    let data: Vec<_> = exports.iter().map(record).collect();
    Ok(Json(json!({ "data": data })))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let export = find(&app, &caller, &id).await?;
    Ok(Json(record(&export)))
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = parameters.required_text("name")?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ApiError::bad_value("name", name));
    }
    let export = Export {
        id: KeyId::random(),
        tenant: caller.tenant,
        name: name.to_owned(),
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
    let mut answer = record(&export);
    let sealed = match export.target {
        ExportTarget::Webhook { .. } => {
            let made = new_secret(&app, export.tenant, export.id);
            let (text, sealed) = made.map_err(|error| {
                tracing::error!(%error, "the secret of a webhook cannot be made");
                ApiError::Internal("a secret cannot be made")
            })?;
            answer["secret"] = json!(text.expose_secret());
            Some(sealed)
        }
        ExportTarget::Syslog { .. } => None,
    };
    app.store.create_export(export, sealed, audit).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn enable(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    switch(&app, &caller, &id, true).await
}

async fn disable(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    switch(&app, &caller, &id, false).await
}

async fn switch(
    app: &App,
    caller: &Caller,
    id: &str,
    enabled: bool,
) -> Result<Json<Value>, ApiError> {
    let id = parse(id)?;
    let action = if enabled {
        "export.enable"
    } else {
        "export.disable"
    };
    let audit = caller.record(action, &id);
    let switched = app.store.switch_export(caller.tenant, id, enabled, audit);
    let export = switched.await?.ok_or(ApiError::NotFound)?;
    Ok(Json(record(&export)))
}

async fn test(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let export = find(&app, &caller, &id).await?;
    caller.audit(&app, "export.test", export.id).await?;
    let error = send_test(&app, &export).await.err();
    Ok(Json(json!({
        "sent": error.is_none(),
        "error": error.map(|error| error.to_string()),
    })))
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

fn record(export: &Export) -> Value {
    let feeds = export.feeds.iter().map(|followed| {
        json!({
            "feed": followed.feed.name(),
            "place": followed.place.to_string(),
            "gaps": followed.gaps,
        })
    });
    let state = match (export.enabled, export.failures) {
        (false, _) => "disabled",
        (true, 0) => "running",
        (true, _) => "failing",
    };
    let mut record = json!({
        "id": export.id,
        "name": export.name,
        "state": state,
        "feeds": feeds.collect::<Vec<_>>(),
        "created": export.created.to_iso(),
        "sent": export.sent,
        "lastSent": export.last_sent.map(Timestamp::to_iso),
        "failures": export.failures,
        "lastError": export.last_error,
        "nextTry": export.next_try.map(Timestamp::to_iso),
    });
    let target = match &export.target {
        ExportTarget::Webhook { url } => json!({"kind": "webhook", "url": url}),
        ExportTarget::Syslog {
            transport,
            host,
            port,
        } => json!({"kind": "syslog", "transport": transport.name(), "host": host, "port": port}),
    };
    if let (Value::Object(record), Value::Object(target)) = (&mut record, target) {
        record.extend(target);
    }
    record
}
