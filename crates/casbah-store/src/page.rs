//! Pages of lists.

use casbah_model::filter::ListQuery;
use sea_query::{Alias, Condition, Expr, ExprTrait, Func, Order, Query, SelectStatement};

use crate::database::{Param, Row, Session};
use crate::error::StoreError;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The records.
    pub data: Vec<T>,
    /// How many records the filter matches in all.
    pub total: u64,
    /// Whether records follow these.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// The same page with each record turned into something else.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        let data = self.data.into_iter().map(convert).collect();
        Page {
            data,
            total: self.total,
            has_next: self.has_next,
        }
    }
}

/// What to read of one table, and in which order.
pub(crate) struct Listing {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) condition: Condition,
    /// The last ones make the order total, so that pages neither share nor miss records.
    pub(crate) order: Vec<(&'static str, Order)>,
}

impl Listing {
    /// Reads one page and the total, of the tenant's records only.
    pub(crate) fn page<T>(
        &self,
        session: &mut Session<'_>,
        tenant: casbah_model::ids::TenantId,
        query: &ListQuery,
        read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let mut count = self.select(tenant);
        count.expr(Func::count(Expr::val(1_i64)));
        let total = match session.select(&count)?.into_iter().next() {
            Some(mut row) => row.get::<u64>(0)?,
            None => 0,
        };
        let rows = self.rows(session, tenant, query.limit.into(), query.skip.into())?;
        let data = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let end = u64::from(query.skip) + data.len() as u64;
        Ok(Page {
            has_next: !data.is_empty() && end < total,
            data,
            total,
        })
    }

    /// Reads so many rows.
    pub(crate) fn rows(
        &self,
        session: &mut Session<'_>,
        tenant: casbah_model::ids::TenantId,
        limit: u64,
        skip: u64,
    ) -> Result<Vec<Row>, StoreError> {
        let mut select = self.select(tenant);
        select.columns(self.columns.iter().map(|column| Alias::new(*column)));
        for (column, order) in &self.order {
            select.order_by(Alias::new(*column), order.clone());
        }
        session.select(select.limit(limit).offset(skip))
    }

    fn select(&self, tenant: casbah_model::ids::TenantId) -> SelectStatement {
        let tenant: sea_query::Value = Param(tenant).into();
        Query::select()
            .from(Alias::new(self.table))
            .cond_where(Expr::col(Alias::new("tenant_id")).eq(tenant))
            .cond_where(self.condition.clone())
            .take()
    }
}

/// The order that a query asks for.
pub(crate) fn direction(query: &ListQuery) -> Order {
    if query.sort.descending {
        Order::Desc
    } else {
        Order::Asc
    }
}
