//! What people said of activities.

use casbah_model::activity::ActivityId;
use casbah_model::feedback::{ActivityFeedback, ActivityVerdict};
use casbah_model::filter::ListQuery;
use casbah_model::ids::{KeyId, TenantId};
use sea_query::{Cond, Expr, ExprTrait};

use crate::audit::{self, AuditRecord};
use crate::database::{Param, Row, Session, params};
use crate::page::{Listing, Page, direction};
use crate::{Store, StoreError};

impl Store {
    /// Keeps what somebody said of an activity; false if there is no such activity.
    /// Who and when is that of the audit record.
    pub async fn add_activity_feedback(
        &self,
        tenant: TenantId,
        activity: ActivityId,
        verdict: ActivityVerdict,
        audit: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            if !is_there(session, tenant, activity)? {
                return Ok(false);
            }
            session.execute(
                "INSERT INTO activity_feedback (tenant_id, id, activity_id, created, author, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    tenant,
                    KeyId::random(),
                    activity.to_string(),
                    audit.timestamp,
                    &audit.actor,
                    serde_json::to_string(&verdict)?,
                ],
            )?;
            audit::append(session, tenant, &audit)?;
            Ok(true)
        })
        .await
    }

    /// One page of what was said of an activity; none if there is no such activity.
    pub async fn activity_feedback(
        &self,
        tenant: TenantId,
        activity: ActivityId,
        query: ListQuery,
    ) -> Result<Option<Page<ActivityFeedback>>, StoreError> {
        self.read(move |session| {
            if !is_there(session, tenant, activity)? {
                return Ok(None);
            }
            let id: sea_query::Value = Param(activity.to_string()).into();
            let listing = Listing {
                table: "activity_feedback",
                columns: &["created", "author", "record"],
                condition: Cond::all().add(Expr::col("activity_id").eq(id)),
                order: vec!["created".into(), "id".into()],
                direction: direction(&query),
                is_kept_in_order: false,
            };
            listing.page(session, tenant, &query, read).map(Some)
        })
        .await
    }
}

fn is_there(
    session: &mut Session<'_>,
    tenant: TenantId,
    activity: ActivityId,
) -> Result<bool, StoreError> {
    let row = session.row(
        "SELECT 1 FROM activity_raw WHERE tenant_id = ?1 AND timestamp = ?2 AND uuid = ?3",
        params![
            tenant,
            activity.timestamp,
            activity.uuid.as_bytes().to_vec()
        ],
    )?;
    Ok(row.is_some())
}

fn read(mut row: Row) -> Result<ActivityFeedback, StoreError> {
    Ok(ActivityFeedback {
        timestamp: row.get(0)?,
        by: row.get(1)?,
        verdict: serde_json::from_str(&row.get::<String>(2)?)?,
    })
}
