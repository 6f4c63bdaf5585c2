//! Alerts: what was found, and how people handled it.

mod filter;
mod history;

use std::collections::BTreeSet;

use casbah_model::activity::ActivityId;
use casbah_model::alert::{Alert, AlertEntity, AlertHandling, AlertStatus, Resolution};
use casbah_model::audit::Origin;
use casbah_model::filter::{Filter, ListQuery, Scalar, Test, fold};
use casbah_model::ids::{RecordId, SaasId, TenantId};
use casbah_model::time::Timestamp;
use sea_query::{Expr, ExprTrait, Order};

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::filter::compile;
use crate::page::{Listing, Page, SortKey, Step, Walk, direction};
use crate::{Store, StoreError, changes};

use self::filter::target;

/// What became of a bulk of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handled {
    /// How many were changed.
    pub count: u64,
    /// Ids that were asked for and are not there, or not open.
    pub not_found: Vec<String>,
}

impl Store {
    /// One page of alerts.
    pub async fn list_alerts(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Page<Alert>, StoreError> {
        self.read(move |session| list(tenant, &query).page(session, tenant, &query, read_alert))
            .await
    }

    /// One step of a walk through a list.
    pub async fn walk_alerts(
        &self,
        tenant: TenantId,
        query: ListQuery,
        walk: Walk,
        limit: u32,
    ) -> Result<Step<Alert>, StoreError> {
        self.read(move |session| {
            list(tenant, &query).step(session, tenant, &walk, limit, read_alert)
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
        audit: AuditRecord,
    ) -> Result<Option<Alert>, StoreError> {
        self.write_apart(move |session| {
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
            audit::append(session, tenant, &audit)?;
            Ok(Some(alert))
        })
        .await
    }

    /// Closes the open alerts that the filter matches, or opens the closed ones again,
    /// and keeps the step in the history of each, and an audit record.
    ///
    /// A filter without a condition matches nothing: nobody means all of them. Of
    /// several who close one alert at once, one does; the others are told that it is
    /// not among the open ones.
    pub async fn handle_alerts(
        &self,
        tenant: TenantId,
        filter: Filter,
        handling: AlertHandling,
        origin: Origin,
    ) -> Result<Handled, StoreError> {
        self.write_apart(move |session| {
            let resolution = handling.resolution_status_value;
            let closes = resolution != Resolution::Open;
            let matched = matching(session, tenant, &filter, closes)?;
            let not_found = not_found(session, tenant, &filter, closes, &matched)?;
            for alert in &matched {
                let mut alert = alert.clone();
                alert.status_value = if closes {
                    AlertStatus::Archived
                } else {
                    AlertStatus::Read
                };
                alert.resolution_status_value = resolution;
                alert.handled_by_user = Some(handling.by.clone());
                alert.resolve_time = closes.then(|| handling.timestamp.to_iso());
                if handling.comment.is_some() {
                    alert.comment.clone_from(&handling.comment);
                }
                update(
                    session,
                    tenant,
                    &alert,
                    closes.then_some(handling.timestamp),
                )?;
                history::append(session, tenant, alert.id, &handling)?;
                let record = AuditRecord::new(&handling.by, action(resolution), &alert.id)
                    .at(handling.timestamp)
                    .from(origin);
                audit::append(session, tenant, &record)?;
            }
            Ok(Handled {
                count: matched.len() as u64,
                not_found,
            })
        })
        .await
    }
}

/// What the audit calls it.
const fn action(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Open => "alert.reopen",
        Resolution::Dismissed => "alert.dismiss",
        Resolution::Resolved => "alert.resolve",
        Resolution::FalsePositive => "alert.close_false_positive",
        Resolution::Benign => "alert.close_benign",
        Resolution::TruePositive => "alert.close_true_positive",
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
    changes::alert_changed(session, tenant, alert.id, Timestamp::now())?;
    insert_parts(session, tenant, alert)
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
    changes::alert_changed(session, tenant, alert.id, Timestamp::now())
}

/// Stores what an alert speaks of and what proves it; what is there already stays.
pub(crate) fn insert_parts(
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
    let proof = alert.audits.iter();
    for activity in proof.filter_map(|id| id.parse::<ActivityId>().ok()) {
        session.execute(
            "INSERT INTO alert_activity (tenant_id, alert_id, timestamp, uuid)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![
                tenant,
                alert.id,
                activity.timestamp,
                activity.uuid.as_bytes().to_vec()
            ],
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

/// The list that a query asks for.
fn list(tenant: TenantId, query: &ListQuery) -> Listing {
    let order: &[_] = match query.sort.field {
        "severity" => &["severity", "timestamp", "id"],
        "status" => &["status", "timestamp", "id"],
        _ => &["timestamp", "id"],
    };
    Listing {
        table: "alert",
        columns: &["record"],
        condition: compile(&query.filter, |condition| target(tenant, condition)),
        order: order.iter().copied().map(SortKey::Column).collect(),
        direction: direction(query),
        is_kept_in_order: query.sort.field == "date",
    }
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
        order: vec!["id".into()],
        direction: Order::Asc,
        is_kept_in_order: true,
    };
    let rows = listing.rows(session, tenant, u64::from(u32::MAX), 0)?;
    rows.into_iter().map(read_alert).collect()
}

/// Those of the ids that a filter names, each once, of which there is no alert in that
/// state, whatever else the filter asks for.
fn not_found(
    session: &mut Session<'_>,
    tenant: TenantId,
    filter: &Filter,
    open: bool,
    matched: &[Alert],
) -> Result<Vec<String>, StoreError> {
    let named = filter.conditions.iter().find_map(|one| match &one.test {
        Test::AnyOf(wanted) if one.field.name == "id" => Some((one, wanted)),
        _ => None,
    });
    let Some((by_id, wanted)) = named else {
        return Ok(Vec::new());
    };
    let ids = |alerts: &[Alert]| -> BTreeSet<_> {
        alerts.iter().map(|alert| alert.id.to_string()).collect()
    };
    let there = if filter.conditions.len() == 1 {
        ids(matched)
    } else {
        let by_id = Filter {
            conditions: vec![by_id.clone()],
        };
        ids(&matching(session, tenant, &by_id, open)?)
    };
    let mut not_found = Vec::new();
    for value in wanted {
        if let Scalar::Text(id) = value
            && !there.contains(id)
            && !not_found.contains(id)
        {
            not_found.push(id.clone());
        }
    }
    Ok(not_found)
}

fn read_alert(mut row: Row) -> Result<Alert, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
