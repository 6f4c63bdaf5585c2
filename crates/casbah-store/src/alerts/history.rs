//! How alerts were handled.

use casbah_model::alert::AlertHandling;
use casbah_model::filter::ListQuery;
use casbah_model::ids::{RecordId, TenantId};
use sea_query::{Cond, Expr, ExprTrait};

use super::fetch;
use crate::database::{Param, Row, Session, params};
use crate::page::{Listing, Page, direction};
use crate::{Store, StoreError};

impl Store {
    /// One page of how an alert was handled; none if there is no such alert.
    pub async fn alert_history(
        &self,
        tenant: TenantId,
        alert: RecordId,
        query: ListQuery,
    ) -> Result<Option<Page<AlertHandling>>, StoreError> {
        self.read(move |session| {
            if fetch(session, tenant, alert)?.is_none() {
                return Ok(None);
            }
            let id: sea_query::Value = Param(alert).into();
            let listing = Listing {
                table: "alert_history",
                columns: &["record"],
                condition: Cond::all().add(Expr::col("alert_id").eq(id)),
                order: vec!["sequence".into()],
                direction: direction(&query),
                is_kept_in_order: true,
            };
            listing.page(session, tenant, &query, read).map(Some)
        })
        .await
    }
}

/// Adds a step to the history of an alert.
pub(super) fn append(
    session: &mut Session<'_>,
    tenant: TenantId,
    alert: RecordId,
    handling: &AlertHandling,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO alert_history (tenant_id, alert_id, sequence, record)
         SELECT ?1, ?2, COALESCE(MAX(sequence), 0) + 1, ?3 FROM alert_history
         WHERE tenant_id = ?1 AND alert_id = ?2",
        params![tenant, alert, serde_json::to_string(handling)?],
    )?;
    Ok(())
}

fn read(mut row: Row) -> Result<AlertHandling, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
