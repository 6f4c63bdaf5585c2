//! Pages of lists.

use casbah_model::filter::ListQuery;
use sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, Order, Query, SelectStatement, SimpleExpr, Value,
};

use crate::database::{Cell, Param, Row, Session};
use crate::error::StoreError;

/// How many records are counted; of more, it is only said that there are more.
pub const COUNTED: u64 = 10_000;

/// How many records a filter matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(u64),
    /// More than these.
    MoreThan(u64),
}

impl Total {
    /// The number alone.
    pub const fn number(self) -> u64 {
        match self {
            Self::Exactly(number) | Self::MoreThan(number) => number,
        }
    }

    /// Whether there are more than the number.
    pub const fn is_exceeded(self) -> bool {
        matches!(self, Self::MoreThan(_))
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The records.
    pub data: Vec<T>,
    /// How many records the filter matches in all.
    pub total: Total,
    /// Whether records follow these.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// The page of a list that is all here.
    pub fn of(all: Vec<T>, query: &ListQuery) -> Self {
        let total = all.len() as u64;
        let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let data: Vec<T> = all.into_iter().skip(skip).take(limit).collect();
        let end = u64::from(query.skip) + data.len() as u64;
        Self {
            has_next: !data.is_empty() && end < total,
            data,
            total: Total::Exactly(total),
        }
    }

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
    /// By what records are ordered, all in one direction. The last ones make the order
    /// total, so that pages neither share nor miss records.
    pub(crate) order: Vec<SortKey>,
    /// The direction.
    pub(crate) direction: Order,
}

/// What records are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortKey {
    /// A column that is never empty.
    Column(&'static str),
    /// A column that may be empty; the empty ones are the least, on both databases.
    OrLeast(&'static str),
}

impl From<&'static str> for SortKey {
    fn from(column: &'static str) -> Self {
        Self::Column(column)
    }
}

impl SortKey {
    fn expression(self) -> SimpleExpr {
        match self {
            Self::Column(column) => Expr::col(Alias::new(column)),
            Self::OrLeast(column) => {
                Func::coalesce([Expr::col(Alias::new(column)), Expr::val(i64::MIN)]).into()
            }
        }
    }
}

/// A place in a list, just behind a record: the values that the record is ordered by.
#[derive(Debug, Clone, PartialEq)]
pub struct Place(Vec<Cell>);

/// A step of a walk through a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<T> {
    /// The records.
    pub records: Vec<T>,
    /// Where the next step begins; none where nothing follows.
    pub next: Option<Place>,
}

impl<T> Step<T> {
    /// The same step with each record turned into something else.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Step<U> {
        Step {
            records: self.records.into_iter().map(convert).collect(),
            next: self.next,
        }
    }
}

/// How a walk through a list goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Walk {
    /// From its beginning, passing over so many records.
    FromStart {
        /// How many.
        skip: u32,
    },
    /// Behind the last record of the step before.
    After(Place),
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
        let (limit, skip) = (u64::from(query.limit), u64::from(query.skip));
        // One more tells whether there is more.
        let rows = self.rows(session, tenant, limit + 1, skip)?;
        let has_next = rows.len() as u64 > limit;
        let shown = rows.into_iter().zip(0..limit).map(|(row, _)| row);
        let data = shown.map(read).collect::<Result<Vec<_>, _>>()?;
        let end = skip + data.len() as u64;
        let is_end_known = !has_next && (skip == 0 || !data.is_empty());
        let total = if is_end_known {
            Total::Exactly(end)
        } else {
            match self.count(session, tenant)? {
                // Whoever walks up to the total must not stop before the end.
                Total::MoreThan(counted) => Total::MoreThan(Ord::max(counted, end + 1)),
                exactly @ Total::Exactly(_) => exactly,
            }
        };
        Ok(Page {
            data,
            total,
            has_next,
        })
    }

    /// Counts the records, up to [`COUNTED`]: a count reads what it counts, and each
    /// page of a long list would read all of it.
    pub(crate) fn count(
        &self,
        session: &mut Session<'_>,
        tenant: casbah_model::ids::TenantId,
    ) -> Result<Total, StoreError> {
        let mut some = self.select(tenant);
        some.expr(Expr::val(1_i64)).limit(COUNTED + 1);
        let count = Query::select()
            .expr(Func::count(Expr::val(1_i64)))
            .from_subquery(some, Alias::new("counted"))
            .take();
        let total = match session.select(&count)?.into_iter().next() {
            Some(mut row) => row.get::<u64>(0)?,
            None => 0,
        };
        Ok(if total > COUNTED {
            Total::MoreThan(COUNTED)
        } else {
            Total::Exactly(total)
        })
    }

    /// Reads the rows of one step of a walk. Each step goes on behind the last record of
    /// the one before, wherever that is by then.
    pub(crate) fn step<T>(
        &self,
        session: &mut Session<'_>,
        tenant: casbah_model::ids::TenantId,
        walk: &Walk,
        limit: u32,
        read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Step<T>, StoreError> {
        let mut select = self.ordered(tenant);
        for key in &self.order {
            select.expr(key.expression());
        }
        match walk {
            Walk::FromStart { skip } => {
                select.offset(u64::from(*skip));
            }
            Walk::After(Place(values)) => {
                let keys = Expr::tuple(self.order.iter().map(|key| key.expression()));
                let place = Expr::tuple(
                    values
                        .iter()
                        .cloned()
                        .map(|cell| Expr::val(Value::from(cell))),
                );
                select.and_where(match self.direction {
                    Order::Desc => keys.lt(place),
                    _ => keys.gt(place),
                });
            }
        }
        let rows = session.select(select.limit(u64::from(limit)))?;
        let is_full = rows.len() == limit as usize;
        let last = rows.last().filter(|_| is_full);
        let next = last.map(|row| Place(row.rest(self.columns.len())));
        Ok(Step {
            records: rows.into_iter().map(read).collect::<Result<_, _>>()?,
            next,
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
        let mut select = self.ordered(tenant);
        session.select(select.limit(limit).offset(skip))
    }

    fn ordered(&self, tenant: casbah_model::ids::TenantId) -> SelectStatement {
        let mut select = self.select(tenant);
        select.columns(self.columns.iter().map(|column| Alias::new(*column)));
        for key in &self.order {
            select.order_by_expr(key.expression(), self.direction.clone());
        }
        select
    }

    fn select(&self, tenant: casbah_model::ids::TenantId) -> SelectStatement {
        let tenant: Value = Param(tenant).into();
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
