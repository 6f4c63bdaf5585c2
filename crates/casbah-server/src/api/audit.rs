//! `/casbah/v1/audit`: who did what, and whether anybody changed it since.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casbah_identity::audit::{ExpectedEnd, Finding};
use casbah_model::audit::{ChainEnd, StoredAuditRecord};
use casbah_model::identity::Digest;
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_store::{AuditCursor, AuditQuery};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::parameters::Parameters;
use super::routes::Routes;
use crate::audit::verify::verify;
use crate::auth::{Caller, Need};
use crate::state::App;

/// How many records a page has unless fewer are asked for.
const PAGE: u32 = 1_000;

/// The form of an exported end.
const END_FORM: &str = "casbah.audit.head.1";

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::AuditRead);
    routes
        .of("Audit")
        .list("/casbah/v1/audit", need, "List records of the audit", list)
        .get(
            "/casbah/v1/audit/head",
            need,
            "Fetch the ends of the audit's chains",
            head,
        )
        .list(
            "/casbah/v1/audit/verify",
            need,
            "Verify the audit",
            verify_all,
        )
}

fn record(stored: &StoredAuditRecord) -> Value {
    let StoredAuditRecord { id, place, record } = stored;
    json!({
        "id": id,
        "timestamp": record.timestamp.to_iso(),
        "actor": record.actor,
        "appId": record.app,
        "action": record.action,
        "target": record.target,
        "outcome": record.outcome.name(),
        "code": record.outcome.code(),
        "detail": record.detail,
        "source": record.origin.source,
        "correlationId": record.origin.correlation_id,
        "traceId": record.origin.trace_id,
        "count": record.count,
        "link": place.map(|place| json!({"node": place.node, "sequence": place.sequence})),
    })
}

fn query(parameters: &Parameters) -> Result<AuditQuery, ApiError> {
    fn parsed<T: std::str::FromStr>(
        parameters: &Parameters,
        name: &'static str,
    ) -> Result<Option<T>, ApiError> {
        let text = parameters.text(name)?;
        text.map(|text| text.parse().map_err(|_| ApiError::bad_value(name, text)))
            .transpose()
    }
    let time = |name: &'static str| {
        let text = parameters.text(name)?;
        text.map(|text| {
            let millis = text.parse().ok().map(Timestamp);
            let time = millis.or_else(|| Timestamp::parse(&text));
            time.ok_or_else(|| ApiError::bad_value(name, text))
        })
        .transpose()
    };
    let limit = parameters.number("limit")?.filter(|limit| *limit > 0);
    let limit = limit.and_then(|limit| u32::try_from(limit).ok());
    let outcome = parameters.text("outcome")?;
    if let Some(other) = outcome.as_deref()
        && !matches!(other, "success" | "refused")
    {
        return Err(ApiError::bad_value("outcome", other));
    }
    Ok(AuditQuery {
        actor: parameters.text("actor")?,
        app: parsed(parameters, "appId")?,
        action: parameters.text("action")?,
        target: parameters.text("target")?,
        outcome,
        correlation: parsed(parameters, "correlationId")?,
        since: time("since")?,
        until: time("until")?,
        oldest_first: oldest_first(parameters)?,
        after: parsed::<AuditCursor>(parameters, "after")?,
        limit: limit.unwrap_or(PAGE).min(PAGE),
    })
}

fn oldest_first(parameters: &Parameters) -> Result<bool, ApiError> {
    match parameters.text("sortDirection")?.as_deref() {
        None | Some("desc") => Ok(false),
        Some("asc") => Ok(true),
        Some(other) => Err(ApiError::bad_value("sortDirection", other)),
    }
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let mut query = query(&parameters)?;
    let wanted = query.limit;
    query.limit = wanted + 1;
    let mut records = app.store.audit_list(caller.tenant, query).await?;
    let has_next = records.len() > wanted as usize;
    records.truncate(wanted as usize);
    let next = records.last().filter(|_| has_next).map(|last| {
        let cursor = AuditCursor {
            timestamp: last.record.timestamp,
            id: last.id,
        };
        cursor.to_string()
    });
    let data: Vec<_> = records.iter().map(record).collect();
    Ok(Json(
        json!({"data": data, "hasNext": has_next, "next": next}),
    ))
}

/// An end as it is exported and handed back.
#[derive(Deserialize)]
struct Kept {
    node: casbah_model::ids::KeyId,
    sequence: i64,
    link: String,
}

fn end(end: &ChainEnd) -> Value {
    json!({
        "node": end.node,
        "sequence": end.sequence,
        "link": STANDARD.encode(end.link.as_bytes()),
    })
}

async fn head(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let ends = app.store.audit_ends(caller.tenant).await?;
    let key = app.audit.key();
    Ok(Json(json!({
        "form": END_FORM,
        "tenant": caller.tenant,
        "exported": Timestamp::now().to_iso(),
        "key": {"version": key.version(), "publicKey": STANDARD.encode(key.public_key())},
        "heads": ends.iter().map(end).collect::<Vec<_>>(),
    })))
}

/// The ends that the caller kept: an exported document under `head`.
fn kept(caller: &Caller, parameters: &Parameters) -> Result<Vec<ExpectedEnd>, ApiError> {
    let Some((name, head)) = parameters.any_of(&["head"]) else {
        return Ok(Vec::new());
    };
    let bad = |what: &str| ApiError::bad_value(name, what);
    if head["form"] != END_FORM {
        return Err(bad("a head of another form"));
    }
    if head["tenant"] != json!(caller.tenant) {
        return Err(bad("a head of another tenant"));
    }
    let ends: Vec<Kept> =
        serde_json::from_value(head["heads"].clone()).map_err(|_| bad("heads"))?;
    ends.into_iter()
        .map(|end| {
            let link = STANDARD.decode(&end.link).ok();
            let link = link.and_then(|bytes| bytes.try_into().ok());
            Ok(ExpectedEnd {
                node: end.node,
                sequence: end.sequence,
                link: Digest::new(link.ok_or_else(|| bad("heads"))?),
            })
        })
        .collect()
}

async fn verify_all(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let kept = kept(&caller, &parameters)?;
    let verified = verify(&app.store, app.audit.key(), caller.tenant, &kept).await?;
    let chain = |chain: &casbah_identity::audit::ChainReport| {
        json!({
            "node": chain.end.node,
            "isOwn": chain.end.node == app.audit.node(),
            "links": chain.links,
            "records": chain.records,
            "head": end(&chain.end),
        })
    };
    let finding = |finding: &Finding| {
        json!({
            "kind": finding.kind.name(),
            "node": finding.node,
            "link": finding.sequence,
            "record": finding.record,
            "text": finding.to_string(),
        })
    };
    let findings: Vec<_> = verified
        .findings()
        .take(PAGE as usize)
        .map(finding)
        .collect();
    Ok(Json(json!({
        "intact": findings.is_empty(),
        "chains": verified.chains.iter().map(chain).collect::<Vec<_>>(),
        "findings": findings,
        "waiting": verified.waiting,
    })))
}
