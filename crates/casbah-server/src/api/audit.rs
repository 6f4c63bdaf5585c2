//! `/casbah/v1/audit`: who did what, and whether anybody changed it since.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casbah_identity::audit::{ExpectedEnd, Finding};
use casbah_model::audit::{ChainEnd, StoredAuditRecord};
use casbah_model::identity::Digest;
use casbah_model::ids::{AppId, KeyId, TenantId};
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_store::{AuditCursor, AuditQuery};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::error::ApiError;
use super::iso::Iso;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::routes::Routes;
use crate::audit::verify::verify;
use crate::auth::{Caller, Need};
use crate::state::App;

/// How many records a page has unless fewer are asked for.
const PAGE: u32 = 1_000;

/// The form of an exported end.
const END_FORM: &str = "casbah.audit.head.1";

const QUERY: [Parameter; 11] = [
    Parameter::new("actor", Kind::Text, "Who did it"),
    Parameter::new("appId", Kind::Text, "By which application"),
    Parameter::new("action", Kind::Text, "What was done"),
    Parameter::new("target", Kind::Text, "To what"),
    Parameter::new(
        "outcome",
        Kind::Word(&["success", "refused"]),
        "How it ended",
    ),
    Parameter::new("correlationId", Kind::Text, "The request's id"),
    Parameter::new(
        "since",
        Kind::Text,
        "From then on: RFC 3339, or milliseconds",
    ),
    Parameter::new("until", Kind::Text, "Until then: RFC 3339, or milliseconds"),
    Parameter::new(
        "sortDirection",
        Kind::Word(&["desc", "asc"]),
        "The latest first, or the oldest",
    ),
    Parameter::new("after", Kind::Text, "`next` of the page before"),
    Parameter::new("limit", Kind::UpTo(PAGE as u64), "How many on a page"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::AuditRead);
    routes
        .of("Audit")
        .list("/casbah/v1/audit", need, "List records of the audit", list)
        .takes(&QUERY)
        .answers::<AuditPage>()
        .get(
            "/casbah/v1/audit/head",
            need,
            "Fetch the ends of the audit's chains",
            head,
        )
        .answers::<AuditHead>()
        .list(
            "/casbah/v1/audit/verify",
            need,
            "Verify the audit",
            verify_all,
        )
        .takes(
            const {
                &[Parameter::new(
                    "head",
                    Kind::Object,
                    "Ends that were fetched before: the audit must reach them unchanged",
                )]
            },
        )
        .answers::<Verified>()
}

/// A record of the audit as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditRecord")]
struct RecordOfAudit {
    id: KeyId,
    timestamp: Iso,
    actor: String,
    app_id: Option<AppId>,
    action: String,
    target: String,
    outcome: &'static str,
    /// Why it was refused.
    code: Option<u32>,
    detail: String,
    /// The address that it came from.
    source: Option<IpAddr>,
    correlation_id: Option<Uuid>,
    trace_id: Option<Uuid>,
    /// How often the same happened.
    count: u32,
    /// Its place in a chain; none until it has one.
    link: Option<LinkPlace>,
}

/// A place in a chain.
#[derive(Debug, Serialize, JsonSchema)]
struct LinkPlace {
    node: KeyId,
    sequence: i64,
}

/// Records of the audit.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AuditPage {
    data: Vec<RecordOfAudit>,
    has_next: bool,
    /// What to send as `after` for the next page.
    next: Option<String>,
}

impl From<StoredAuditRecord> for RecordOfAudit {
    fn from(stored: StoredAuditRecord) -> Self {
        let StoredAuditRecord { id, place, record } = stored;
        Self {
            id,
            timestamp: record.timestamp.into(),
            outcome: record.outcome.name(),
            code: record.outcome.code(),
            actor: record.actor,
            app_id: record.app,
            action: record.action,
            target: record.target,
            detail: record.detail,
            source: record.origin.source,
            correlation_id: record.origin.correlation_id,
            trace_id: record.origin.trace_id,
            count: record.count,
            link: place.map(|place| LinkPlace {
                node: place.node,
                sequence: place.sequence,
            }),
        }
    }
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
) -> Result<Json<AuditPage>, ApiError> {
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
    Ok(Json(AuditPage {
        data: records.into_iter().map(RecordOfAudit::from).collect(),
        has_next,
        next,
    }))
}

/// An end as it is exported and handed back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct ChainHead {
    /// The node whose chain it is.
    node: KeyId,
    /// The number of the last link.
    sequence: i64,
    /// That link, base64.
    link: String,
}

impl From<&ChainEnd> for ChainHead {
    fn from(end: &ChainEnd) -> Self {
        Self {
            node: end.node,
            sequence: end.sequence,
            link: STANDARD.encode(end.link.as_bytes()),
        }
    }
}

/// The ends of all chains, to be kept elsewhere.
#[derive(Debug, Serialize, JsonSchema)]
struct AuditHead {
    /// The form of this document.
    form: &'static str,
    tenant: TenantId,
    exported: Iso,
    key: PublicKey,
    heads: Vec<ChainHead>,
}

/// The key by which the links can be verified.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PublicKey {
    version: u32,
    /// Base64.
    public_key: String,
}

async fn head(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<AuditHead>, ApiError> {
    let ends = app.store.audit_ends(caller.tenant).await?;
    let key = app.audit.key();
    Ok(Json(AuditHead {
        form: END_FORM,
        tenant: caller.tenant,
        exported: Timestamp::now().into(),
        key: PublicKey {
            version: key.version(),
            public_key: STANDARD.encode(key.public_key()),
        },
        heads: ends.iter().map(ChainHead::from).collect(),
    }))
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
    let ends: Vec<ChainHead> =
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

/// What was found in the audit.
#[derive(Debug, Serialize, JsonSchema)]
struct Verified {
    /// Whether nothing was changed.
    intact: bool,
    chains: Vec<VerifiedChain>,
    /// What was changed, of the first of it.
    findings: Vec<FindingRecord>,
    /// Records that no chain holds yet.
    waiting: i64,
}

/// A node's chain.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct VerifiedChain {
    node: KeyId,
    /// Whether the node that answers writes it.
    is_own: bool,
    links: u64,
    records: u64,
    head: ChainHead,
}

/// Something that was changed.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingRecord {
    kind: &'static str,
    node: Option<KeyId>,
    link: Option<i64>,
    record: Option<KeyId>,
    /// The same in words.
    text: String,
}

impl From<&Finding> for FindingRecord {
    fn from(finding: &Finding) -> Self {
        Self {
            kind: finding.kind.name(),
            node: finding.node,
            link: finding.sequence,
            record: finding.record,
            text: finding.to_string(),
        }
    }
}

async fn verify_all(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Verified>, ApiError> {
    let kept = kept(&caller, &parameters)?;
    let verified = verify(&app.store, app.audit.key(), caller.tenant, &kept).await?;
    let chains = verified.chains.iter().map(|chain| VerifiedChain {
        node: chain.end.node,
        is_own: chain.end.node == app.audit.node(),
        links: chain.links,
        records: chain.records,
        head: ChainHead::from(&chain.end),
    });
    let findings = verified.findings().take(PAGE as usize);
    let findings: Vec<_> = findings.map(FindingRecord::from).collect();
    Ok(Json(Verified {
        intact: findings.is_empty(),
        chains: chains.collect(),
        findings,
        waiting: verified.waiting,
    }))
}
