//! Alerts: what was found, and how people handled it.

use casbah_model::alert::{Alert, AlertEntity, AlertStatus, CloseKind, Resolution};
use casbah_model::filter::{Condition as FieldCondition, Filter, ListQuery, Scalar, Test, fold};
use casbah_model::ids::{RecordId, SaasId, TenantId};
use casbah_model::time::Timestamp;
use sea_query::{Alias, Cond, Condition, Expr, ExprTrait, Order, Query, SelectStatement};

use crate::audit::{self, AuditRecord};
use crate::database::{Param, Row, Session, params};
use crate::filter::{Target, compile, never, test};
use crate::page::{Listing, Page, direction};
use crate::{Store, StoreError};

/// Who closes alerts, how, and what they say.
#[derive(Debug, Clone)]
pub struct Handling {
    /// What the alerts become.
    pub resolution: Resolution,
    /// Who says so.
    pub by: String,
    /// What they wrote.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of a bulk of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handled {
    /// How many were changed.
    pub count: u64,
    /// Ids that were asked for and are not there, or not open.
    pub not_found: Vec<String>,
}

impl Handling {
    /// A close of one of the three kinds.
    pub fn close(kind: CloseKind, by: String, comment: Option<String>, at: Timestamp) -> Self {
        Self {
            resolution: kind.resolution(),
            by,
            comment,
            at,
        }
    }

    /// Open again.
    pub fn reopen(by: String, comment: Option<String>, at: Timestamp) -> Self {
        Self {
            resolution: Resolution::Open,
            by,
            comment,
            at,
        }
    }

    fn action(&self) -> &'static str {
        match self.resolution {
            Resolution::Open => "alert.reopen",
            Resolution::Dismissed => "alert.dismiss",
            Resolution::Resolved => "alert.resolve",
            Resolution::FalsePositive => "alert.close_false_positive",
            Resolution::Benign => "alert.close_benign",
            Resolution::TruePositive => "alert.close_true_positive",
        }
    }
}

impl Store {
    /// One page of alerts.
    pub async fn list_alerts(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Page<Alert>, StoreError> {
        self.read(move |session| {
            let order = direction(&query);
            let first = match query.sort.field {
                "severity" => "severity",
                "status" => "status",
                _ => "timestamp",
            };
            let listing = Listing {
                table: "alert",
                columns: &["record"],
                condition: compile(&query.filter, |condition| target(tenant, condition)),
                order: [first, "timestamp", "id"]
                    .map(|column| (column, order.clone()))
                    .to_vec(),
            };
            listing.page(session, tenant, &query, read_alert)
        })
        .await
    }

    /// One alert.
    pub async fn alert(&self, tenant: TenantId, id: RecordId) -> Result<Option<Alert>, StoreError> {
        self.read(move |session| fetch(session, tenant, id)).await
    }

    /// Marks an alert read or unread; a closed one stays closed.
    pub async fn mark_alert(
        &self,
        tenant: TenantId,
        id: RecordId,
        read: bool,
    ) -> Result<Option<Alert>, StoreError> {
        self.write(move |session| {
            let Some(mut alert) = fetch(session, tenant, id)? else {
                return Ok(None);
            };
            if alert.status_value != AlertStatus::Archived {
                alert.status_value = if read {
                    AlertStatus::Read
                } else {
                    AlertStatus::Unread
                };
                update(session, tenant, &alert, None)?;
            }
            Ok(Some(alert))
        })
        .await
    }

    /// Closes the open alerts that the filter matches, or opens the closed ones again,
    /// and keeps an audit record of each.
    ///
    /// A filter without a condition matches nothing: nobody means all of them.
    pub async fn handle_alerts(
        &self,
        tenant: TenantId,
        filter: Filter,
        handling: Handling,
    ) -> Result<Handled, StoreError> {
        self.write(move |session| {
            let closes = handling.resolution != Resolution::Open;
            let matched = matching(session, tenant, &filter, closes)?;
            for alert in &matched {
                let mut alert = alert.clone();
                alert.status_value = if closes {
                    AlertStatus::Archived
                } else {
                    AlertStatus::Read
                };
                alert.resolution_status_value = handling.resolution;
                alert.handled_by_user = Some(handling.by.clone());
                alert.resolve_time = closes.then(|| handling.at.to_iso());
                if handling.comment.is_some() {
                    alert.comment.clone_from(&handling.comment);
                }
                update(session, tenant, &alert, closes.then_some(handling.at))?;
                let record = AuditRecord {
                    timestamp: handling.at,
                    actor: handling.by.clone(),
                    action: handling.action(),
                    target: alert.id.to_string(),
                };
                audit::append(session, tenant, &record)?;
            }
            Ok(Handled {
                count: matched.len() as u64,
                not_found: not_found(&filter, &matched),
            })
        })
        .await
    }
}

/// Stores a new alert, with the key that later findings of the same story have.
pub(crate) fn insert(
    session: &mut Session<'_>,
    tenant: TenantId,
    alert: &Alert,
    story_key: &str,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO alert (tenant_id, id, timestamp, status, severity, resolution, resolved, risk,
            alert_type, policy_id, story_key, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7, ?8, ?9, ?10, ?11)",
        params![
            tenant,
            alert.id,
            alert.timestamp,
            alert.status_value.value(),
            alert.severity_value.value(),
            alert.resolution_status_value.value(),
            alert.threat_score,
            alert.id_value,
            alert.policy.as_ref().map(|policy| policy.id.clone()),
            story_key,
            serde_json::to_string(alert)?,
        ],
    )?;
    insert_entities(session, tenant, alert)
}

/// The open alert of a story since `since`, if there is one.
pub(crate) fn open_of_story(
    session: &mut Session<'_>,
    tenant: TenantId,
    story_key: &str,
    since: Timestamp,
) -> Result<Option<Alert>, StoreError> {
    let row = session.row(
        "SELECT record FROM alert WHERE tenant_id = ?1 AND story_key = ?2 AND timestamp >= ?3
            AND resolution = ?4
         ORDER BY timestamp DESC LIMIT 1",
        params![tenant, story_key, since, Resolution::Open.value()],
    )?;
    row.map(read_alert).transpose()
}

/// Writes an alert back; `resolved` is when it was closed.
pub(crate) fn update(
    session: &mut Session<'_>,
    tenant: TenantId,
    alert: &Alert,
    resolved: Option<Timestamp>,
) -> Result<(), StoreError> {
    session.execute(
        "UPDATE alert SET timestamp = ?3, status = ?4, severity = ?5, resolution = ?6,
            resolved = ?7, risk = ?8, record = ?9
         WHERE tenant_id = ?1 AND id = ?2",
        params![
            tenant,
            alert.id,
            alert.timestamp,
            alert.status_value.value(),
            alert.severity_value.value(),
            alert.resolution_status_value.value(),
            resolved,
            alert.threat_score,
            serde_json::to_string(alert)?,
        ],
    )?;
    Ok(())
}

/// Stores what an alert speaks of; what is there already stays.
pub(crate) fn insert_entities(
    session: &mut Session<'_>,
    tenant: TenantId,
    alert: &Alert,
) -> Result<(), StoreError> {
    for entity in &alert.entities {
        let none = SaasId(-1);
        let (kind, id, saas, inst) = match entity {
            AlertEntity::Account { id, saas, inst, .. } => {
                ("account", id.clone(), saas.unwrap_or(none), *inst)
            }
            AlertEntity::User { id, .. } => ("user", id.clone(), none, 0),
            AlertEntity::Ip { id, .. } => ("ip", id.clone(), none, 0),
            AlertEntity::Country { id, .. } => ("country", id.clone(), none, 0),
            AlertEntity::Service { id, .. } => ("service", id.to_string(), none, 0),
            AlertEntity::PolicyRule { id, .. } => ("policy", id.clone(), none, 0),
            AlertEntity::File { id, .. } => ("file", id.clone(), none, 0),
        };
        session.execute(
            "INSERT INTO alert_entity (tenant_id, alert_id, kind, entity_id, saas, inst)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![tenant, alert.id, kind, fold(&id), saas, inst],
        )?;
    }
    Ok(())
}

/// One alert.
pub(crate) fn fetch(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: RecordId,
) -> Result<Option<Alert>, StoreError> {
    let row = session.row(
        "SELECT record FROM alert WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    row.map(read_alert).transpose()
}

fn matching(
    session: &mut Session<'_>,
    tenant: TenantId,
    filter: &Filter,
    open: bool,
) -> Result<Vec<Alert>, StoreError> {
    if filter.conditions.is_empty() {
        return Ok(Vec::new());
    }
    let resolution = Expr::col("resolution");
    let state = if open {
        resolution.eq(Resolution::Open.value())
    } else {
        resolution.ne(Resolution::Open.value())
    };
    let listing = Listing {
        table: "alert",
        columns: &["record"],
        condition: compile(filter, |condition| target(tenant, condition)).add(state),
        order: vec![("id", Order::Asc)],
    };
    let rows = listing.rows(session, tenant, u64::from(u32::MAX), 0)?;
    rows.into_iter().map(read_alert).collect()
}

fn not_found(filter: &Filter, matched: &[Alert]) -> Vec<String> {
    let wanted = filter.equality("id").unwrap_or_default();
    let ids = wanted.iter().filter_map(|value| match value {
        Scalar::Text(id) => Some(id),
        _ => None,
    });
    ids.filter(|id| !matched.iter().any(|alert| alert.id.to_string() == **id))
        .cloned()
        .collect()
}

fn read_alert(mut row: Row) -> Result<Alert, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}

fn target(tenant: TenantId, condition: &FieldCondition) -> Target {
    let entity = |kind| Target::Expression(by_entity(tenant, kind, &condition.test));
    match condition.field.name {
        "severity" => Target::Column("severity"),
        "resolutionStatus" => Target::Column("resolution"),
        "date" => Target::Column("timestamp"),
        "resolutionDate" => Target::Column("resolved"),
        "risk" => Target::Column("risk"),
        "alertType" => Target::Column("alert_type"),
        "entity.policy" => Target::Column("policy_id"),
        "entity.user" => entity("user"),
        "entity.ip" => entity("ip"),
        "entity.service" => entity("service"),
        "id" => Target::Expression(by_id(&condition.test)),
        "alertOpen" => Target::Expression(flag(&condition.test, "resolution", true)),
        "read" => Target::Expression(flag(&condition.test, "status", false)),
        "source" => Target::Expression(by_source(&condition.test)),
        _ => entity("account"),
    }
}

fn by_id(condition: &Test) -> Condition {
    let ids = |values: &[Scalar]| {
        let ids = values.iter().filter_map(|value| match value {
            Scalar::Text(text) => text.parse::<RecordId>().ok(),
            _ => None,
        });
        ids.map(|id| id.bytes().to_vec()).collect::<Vec<_>>()
    };
    match condition {
        Test::AnyOf(values) => {
            let ids = ids(values);
            let any = Cond::any().add(never());
            if ids.is_empty() {
                any
            } else {
                any.add(Expr::col("id").is_in(ids))
            }
        }
        Test::NoneOf(values) => {
            let ids = ids(values);
            if ids.is_empty() {
                Cond::all()
            } else {
                Cond::all().add(Expr::col("id").is_not_in(ids))
            }
        }
        other => test(other, "id"),
    }
}

/// A truth value that a column holds as zero or more: `true` means zero if
/// `true_is_zero`.
fn flag(condition: &Test, column: &'static str, true_is_zero: bool) -> Condition {
    let Test::AnyOf(values) = condition else {
        return Cond::all().add(never());
    };
    values
        .iter()
        .fold(Cond::any().add(never()), |any, value| match value {
            Scalar::Bool(value) if *value == true_is_zero => any.add(Expr::col(column).eq(0_i64)),
            Scalar::Bool(_) => any.add(Expr::col(column).gt(0_i64)),
            _ => any,
        })
}

/// All alerts here come from built-in detections.
fn by_source(condition: &Test) -> Condition {
    const BUILT_IN: Scalar = Scalar::Int(0);
    match condition {
        Test::AnyOf(values) if values.contains(&BUILT_IN) => Cond::all(),
        _ => Cond::all().add(never()),
    }
}

fn by_entity(tenant: TenantId, kind: &'static str, condition: &Test) -> Condition {
    let speaks_of = |values: &[Scalar]| {
        values
            .iter()
            .fold(Cond::any().add(never()), |any, value| match value {
                Scalar::Text(id) => any.add(spoken_of(tenant, kind, id, None, None)),
                Scalar::Int(id) => any.add(spoken_of(tenant, kind, &id.to_string(), None, None)),
                // A person's key has the person's name for its id.
                Scalar::Entity { id, saas, instance } => any
                    .add(spoken_of(tenant, kind, id, *saas, *instance))
                    .add(spoken_of(tenant, "user", id, None, None)),
                _ => any,
            })
    };
    match condition {
        Test::AnyOf(values) => speaks_of(values),
        Test::NoneOf(values) => speaks_of(values).not(),
        _ => Cond::all().add(never()),
    }
}

fn spoken_of(
    tenant: TenantId,
    kind: &'static str,
    id: &str,
    saas: Option<SaasId>,
    instance: Option<i32>,
) -> sea_query::SimpleExpr {
    let tenant: sea_query::Value = Param(tenant).into();
    let mut alerts: SelectStatement = Query::select()
        .column(Alias::new("alert_id"))
        .from(Alias::new("alert_entity"))
        .cond_where(Expr::col("tenant_id").eq(tenant))
        .cond_where(Expr::col("kind").eq(kind))
        .cond_where(Expr::col("entity_id").eq(id))
        .take();
    if let Some(saas) = saas {
        alerts.cond_where(Expr::col("saas").eq(i64::from(saas.0)));
    }
    if let Some(instance) = instance {
        alerts.cond_where(Expr::col("inst").eq(i64::from(instance)));
    }
    Expr::col("id").in_subquery(alerts)
}
