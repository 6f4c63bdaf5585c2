//! Reading the audit in the order of time.

use std::fmt;
use std::str::FromStr;

use casbah_model::ids::{AppId, KeyId, TenantId};
use casbah_model::time::Timestamp;
use sea_query::{Expr, ExprTrait, Order, Query};
use uuid::Uuid;

use super::{COLUMNS, read};
use crate::database::Param;
use crate::{AuditRecord, Store, StoreError, StoredAuditRecord};

/// Which records are wanted; without a member set, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only what this person or application did.
    pub actor: Option<String>,
    /// Only what was done by or through this application.
    pub app: Option<AppId>,
    /// Only this action, or with a dot at its end all that begin with it.
    pub action: Option<String>,
    /// Only what was done to this: the whole target, or its words up to a space.
    pub target: Option<String>,
    /// Only what ended so: `success` or `refused`.
    pub outcome: Option<String>,
    /// Only requests with this id.
    pub correlation: Option<Uuid>,
    /// Nothing before this time.
    pub since: Option<Timestamp>,
    /// Nothing at or after this time.
    pub until: Option<Timestamp>,
    /// Whether the oldest comes first, not the newest.
    pub oldest_first: bool,
    /// What comes after this record.
    pub after: Option<AuditCursor>,
    /// At most so many.
    pub limit: u32,
}

/// A record's place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// The record's time.
    pub timestamp: Timestamp,
    /// The record.
    pub id: KeyId,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.timestamp.millis(), self.id)
    }
}

impl FromStr for AuditCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (timestamp, id) = text.split_once('_').ok_or(())?;
        Ok(Self {
            timestamp: Timestamp(timestamp.parse().map_err(|_| ())?),
            id: id.parse().map_err(|_| ())?,
        })
    }
}

impl Store {
    /// The latest records, the newest first.
    pub async fn audit_records(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let query = AuditQuery {
            limit,
            ..AuditQuery::default()
        };
        let stored = self.audit_list(tenant, query).await?;
        Ok(stored.into_iter().map(|stored| stored.record).collect())
    }

    /// Records that a query asks for, in its order.
    pub async fn audit_list(
        &self,
        tenant: TenantId,
        query: AuditQuery,
    ) -> Result<Vec<StoredAuditRecord>, StoreError> {
        let packed = self.packed_records(tenant, &query).await?;
        let order = query.order();
        let limit = query.limit as usize;
        let mut records: Vec<_> = self
            .read(move |session| {
                let rows = session.select(&statement(tenant, &query))?;
                rows.into_iter().map(read).collect::<Result<_, _>>()
            })
            .await?;
        records.extend(packed);
        records.sort_by_key(|stored| order.key(stored));
        records.truncate(limit);
        Ok(records)
    }
}

impl AuditQuery {
    /// Whether a record is wanted, its place in the list aside that the limit gives.
    /// [`statement`] says the same in SQL.
    pub(super) fn admits(&self, stored: &StoredAuditRecord) -> bool {
        let AuditRecord {
            timestamp,
            actor,
            app,
            action,
            target,
            outcome,
            origin,
            ..
        } = &stored.record;
        let is = |wanted: &Option<String>, text: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == text)
        };
        is(&self.actor, actor)
            && self
                .app
                .is_none_or(|id| *app == Some(id) || *actor == id.to_string())
            && self.action.as_deref().is_none_or(|wanted| {
                action == wanted || (wanted.ends_with('.') && action.starts_with(wanted))
            })
            && self.target.as_deref().is_none_or(|wanted| {
                let rest = target.strip_prefix(wanted);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
            && is(&self.outcome, outcome.name())
            && self
                .correlation
                .is_none_or(|id| origin.correlation_id == Some(id))
            && self.since.is_none_or(|since| *timestamp >= since)
            && self.until.is_none_or(|until| *timestamp < until)
            && self.after.is_none_or(|after| {
                self.order().place(*timestamp, stored.id)
                    > self.order().place(after.timestamp, after.id)
            })
    }

    pub(super) const fn order(&self) -> ListOrder {
        ListOrder {
            oldest_first: self.oldest_first,
        }
    }
}

/// The order of a list: by time, those of one time by their ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListOrder {
    oldest_first: bool,
}

impl ListOrder {
    /// A record's place.
    pub(super) fn key(self, stored: &StoredAuditRecord) -> (i64, KeyId) {
        self.place(stored.record.timestamp, stored.id)
    }

    fn place(self, time: Timestamp, id: KeyId) -> (i64, KeyId) {
        let millis = time.millis();
        let first = if self.oldest_first {
            millis
        } else {
            millis.saturating_neg()
        };
        (first, id)
    }
}

fn statement(tenant: TenantId, query: &AuditQuery) -> sea_query::SelectStatement {
    let column = |name: &'static str| Expr::col(name);
    let mut select = Query::select();
    select.from("audit_record");
    for name in COLUMNS.split(',') {
        select.column(name.trim());
    }
    select.and_where(column("tenant_id").eq(sea_query::Value::from(Param(tenant))));
    if let Some(actor) = &query.actor {
        select.and_where(column("actor").eq(actor.as_str()));
    }
    if let Some(app) = query.app {
        let id = sea_query::Value::from(Param(app));
        let through = column("app_id").eq(id);
        select.and_where(through.or(column("actor").eq(app.to_string())));
    }
    match query.action.as_deref() {
        // `.` and `/` are neighbours, so these are the texts that begin so.
        Some(action) if action.ends_with('.') => {
            let end = format!("{}/", action.trim_end_matches('.'));
            select.and_where(column("action").gte(action));
            select.and_where(column("action").lt(end));
        }
        Some(action) => {
            select.and_where(column("action").eq(action));
        }
        None => {}
    }
    if let Some(target) = &query.target {
        // ` ` and `!` are neighbours, so these are the targets that go on behind it.
        let goes_on = column("target").gte(format!("{target} "));
        let goes_on = goes_on.and(column("target").lt(format!("{target}!")));
        select.and_where(column("target").eq(target.as_str()).or(goes_on));
    }
    if let Some(outcome) = &query.outcome {
        select.and_where(column("outcome").eq(outcome.as_str()));
    }
    if let Some(id) = query.correlation {
        select.and_where(column("correlation_id").eq(id.as_bytes().to_vec()));
    }
    if let Some(since) = query.since {
        select.and_where(column("timestamp").gte(since.millis()));
    }
    if let Some(until) = query.until {
        select.and_where(column("timestamp").lt(until.millis()));
    }
    if let Some(after) = query.after {
        let time = after.timestamp.millis();
        let id = sea_query::Value::from(Param(after.id));
        let same = column("timestamp").eq(time).and(column("id").gt(id));
        let (from, behind) = if query.oldest_first {
            (column("timestamp").gte(time), column("timestamp").gt(time))
        } else {
            (column("timestamp").lte(time), column("timestamp").lt(time))
        };
        select.and_where(from).and_where(behind.or(same));
    }
    let order = if query.oldest_first {
        Order::Asc
    } else {
        Order::Desc
    };
    select
        .order_by("timestamp", order)
        .order_by("id", Order::Asc)
        .limit(u64::from(query.limit));
    select
}
