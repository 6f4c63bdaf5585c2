//! Walks through all activities that a filter matches.

use casbah_model::filter::ListQuery;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use sea_query::{Expr, ExprTrait};
use serde_json::value::RawValue;

use super::filter::target;
use super::{listing, read_id, records};
use crate::filter::compile;
use crate::page::{Total, direction};
use crate::{Store, StoreError};

/// One step of a walk through all activities that a filter matches.
#[derive(Debug)]
pub struct Scan {
    /// The records.
    pub data: Vec<Box<RawValue>>,
    /// How many records the filter matches in all.
    pub total: Total,
    /// The bound that begins the next step, inclusive; none after the last.
    pub next: Option<Timestamp>,
}

impl Store {
    /// One step of a walk through all activities that a filter matches.
    ///
    /// A step ends where the time changes, so the next begins at another
    /// millisecond: nothing comes twice and nothing is missed, whatever arrives
    /// meanwhile. Records of one millisecond come together, however many they are.
    pub async fn scan_activities(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Scan, StoreError> {
        self.read(move |session| {
            let condition = compile(&query.filter, |condition| target(tenant, condition));
            let order = vec!["timestamp".into(), "uuid".into()];
            let direction = direction(&query);
            let listing = |condition| listing(condition, order.clone(), direction.clone());
            let all = listing(condition.clone());
            let total = all.count(session, tenant)?;
            let rows = all.rows(session, tenant, u64::from(query.limit) + 1, 0)?;
            let mut ids = rows
                .into_iter()
                .map(read_id)
                .collect::<Result<Vec<_>, _>>()?;
            let mut next = None;
            if let Some(following) = ids.get(query.limit as usize).map(|id| id.timestamp) {
                let time = || Expr::col("timestamp");
                ids.retain(|id| id.timestamp != following);
                if ids.is_empty() {
                    let same = condition.clone().add(time().eq(following.millis()));
                    let rows = listing(same).rows(session, tenant, ALL, 0)?;
                    ids = rows.into_iter().map(read_id).collect::<Result<_, _>>()?;
                    let after = if query.sort.descending {
                        time().lt(following.millis())
                    } else {
                        time().gt(following.millis())
                    };
                    let after = listing(condition.add(after));
                    let mut after = after.rows(session, tenant, 1, 0)?;
                    next = after.pop().map(read_id).transpose()?.map(|id| id.timestamp);
                } else {
                    next = Some(following);
                }
            }
            Ok(Scan {
                data: records(session, tenant, &ids)?,
                total,
                next,
            })
        })
        .await
    }
}

/// More rows than there are.
const ALL: u64 = u32::MAX as u64;
