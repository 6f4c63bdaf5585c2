//! Pages of lists.

use std::time::{Duration, Instant};

use casbah_model::filter::ListQuery;
use casbah_model::ids::TenantId;
use sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, Order, Query, SelectStatement, SimpleExpr, Value,
};

use crate::database::{Cell, Param, Row, Session};
use crate::error::StoreError;

/// How many records are counted; of more, it is only said that there are more.
pub const COUNTED: u64 = 10_000;

/// How long a list looks for its records. A filter that matches little, or that no index
/// helps, would read all there are.
const BUDGET: Duration = Duration::from_secs(2);

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
    /// Whether indexes keep the records in the order's first column.
    pub(crate) is_kept_in_order: bool,
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
    /// Reads one page and the total, of the tenant's records only, in [`BUDGET`].
    pub(crate) fn page<T>(
        &self,
        session: &mut Session<'_>,
        tenant: TenantId,
        query: &ListQuery,
        read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        self.page_until(session, tenant, query, Instant::now() + BUDGET, read)
    }

    /// The same with another end. What was found until then is the page. A page with
    /// something in it has a next one, an empty one has none: whoever walks on while
    /// there is a next page would walk for ever, since what is passed over must be found
    /// again each time.
    fn page_until<T>(
        &self,
        session: &mut Session<'_>,
        tenant: TenantId,
        query: &ListQuery,
        end: Instant,
        read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let (limit, skip) = (u64::from(query.limit), u64::from(query.skip));
        // One more tells whether there is more.
        let select = self.select_rows(tenant, limit + 1, skip);
        let (rows, is_whole) = session.select_until(&select, end)?;
        let is_longer = rows.len() as u64 > limit;
        let shown = Ord::min(rows.len() as u64, limit);
        let total = if is_longer {
            match self.count_until(session, tenant, end)? {
                // Whoever walks up to the total must not stop before the end.
                Total::MoreThan(counted) => Total::MoreThan(Ord::max(counted, skip + shown + 1)),
                exactly @ Total::Exactly(_) => exactly,
            }
        } else if is_whole && (skip == 0 || shown > 0) {
            Total::Exactly(skip + shown)
        } else if is_whole {
            self.count_until(session, tenant, end)?
        } else {
            // Nothing tells how many of those before the page were passed over.
            Total::MoreThan(if shown > 0 { skip + shown } else { 0 })
        };
        // Last, since a read that turns out long begins anew.
        let rows = rows.into_iter().zip(0..limit).map(|(row, _)| row);
        Ok(Page {
            data: rows.map(read).collect::<Result<_, _>>()?,
            total,
            has_next: is_longer || !is_whole && shown > 0,
        })
    }

    /// Counts the records in [`BUDGET`], up to [`COUNTED`].
    pub(crate) fn count(
        &self,
        session: &mut Session<'_>,
        tenant: TenantId,
    ) -> Result<Total, StoreError> {
        self.count_until(session, tenant, Instant::now() + BUDGET)
    }

    /// Counts the records, up to [`COUNTED`]: a count reads what it counts, and each
    /// page of a long list would read all of it. One that does not end in time has found
    /// nothing that can be told.
    fn count_until(
        &self,
        session: &mut Session<'_>,
        tenant: TenantId,
        end: Instant,
    ) -> Result<Total, StoreError> {
        let counted = self.select_counted(tenant);
        Ok(match session.count_until(&counted, end)? {
            None => Total::MoreThan(0),
            Some(counted) if counted > COUNTED => Total::MoreThan(COUNTED),
            Some(counted) => Total::Exactly(counted),
        })
    }

    pub(crate) fn select_counted(&self, tenant: TenantId) -> SelectStatement {
        let mut some = self.select(tenant);
        some.expr(Expr::val(1_i64)).limit(COUNTED + 1);
        // In the order in which they lie, and forwards: by another index each is read from
        // elsewhere, and backwards SQLite looks for each from the root.
        if let (true, Some(first)) = (self.is_kept_in_order, self.order.first()) {
            some.order_by_expr(first.expression(), Order::Asc);
        }
        some
    }

    /// Reads the rows of one step of a walk. Each step goes on behind the last record of
    /// the one before, wherever that is by then.
    pub(crate) fn step<T>(
        &self,
        session: &mut Session<'_>,
        tenant: TenantId,
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
        tenant: TenantId,
        limit: u64,
        skip: u64,
    ) -> Result<Vec<Row>, StoreError> {
        session.select(&self.select_rows(tenant, limit, skip))
    }

    pub(crate) fn select_rows(&self, tenant: TenantId, limit: u64, skip: u64) -> SelectStatement {
        let mut select = self.ordered(tenant);
        select.limit(limit);
        if skip > 0 {
            select.offset(skip);
        }
        select
    }

    fn ordered(&self, tenant: TenantId) -> SelectStatement {
        let mut select = self.select(tenant);
        select.columns(self.columns.iter().map(|column| Alias::new(*column)));
        for key in &self.order {
            select.order_by_expr(key.expression(), self.direction.clone());
        }
        select
    }

    fn select(&self, tenant: TenantId) -> SelectStatement {
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

#[cfg(test)]
mod tests {
    use casbah_model::filter::{Filter, Sort};

    use super::*;
    use crate::database::{DatabaseAddress, params};
    use crate::{Store, testing};

    const ROWS: u64 = 30_000;
    const LIMIT: u32 = 10;

    /// A tenant with failed sign-ins, of which the first three differ from the others.
    async fn fill(address: &DatabaseAddress, tenant: TenantId) -> Store {
        let store = Store::open(address).await.unwrap();
        let write = store.write(move |session| {
            session.execute(
                "INSERT INTO sign_in_failure (tenant_id, subject, failures, last)
                 WITH RECURSIVE row(number) AS (
                    SELECT CAST(10001 AS BIGINT)
                    UNION ALL SELECT number + 1 FROM row WHERE number < 40000)
                 SELECT ?1, CAST(number AS TEXT), CASE WHEN number < 10004 THEN 7 ELSE 1 END,
                    number
                 FROM row",
                params![tenant],
            )
        });
        assert_eq!(write.await.unwrap(), ROWS);
        store
    }

    /// The first page that is found in `time`, and what the same call counts after it.
    async fn page(
        store: &Store,
        tenant: TenantId,
        time: Duration,
        condition: fn() -> Expr,
    ) -> (Page<String>, Total) {
        let read = store.read(move |session| {
            let query = ListQuery {
                filter: Filter::default(),
                skip: 0,
                limit: LIMIT,
                sort: Sort {
                    field: "date",
                    descending: false,
                },
            };
            let listing = Listing {
                table: "sign_in_failure",
                columns: &["subject"],
                condition: Condition::all().add(condition()),
                order: vec!["subject".into()],
                direction: Order::Asc,
                is_kept_in_order: true,
            };
            let end = Instant::now() + time;
            let page = listing.page_until(session, tenant, &query, end, |mut row| row.get(0))?;
            let far = Instant::now() + BUDGET * 30;
            Ok((page, listing.count_until(session, tenant, far)?))
        });
        read.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_list_answers_what_it_found_in_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let mut databases = vec![DatabaseAddress::Sqlite(directory.path().join("db"))];
        databases.extend(testing::postgres().await);
        let nothing = || Expr::col("subject").like("%nobody has such a long name%");
        let three = || Expr::col("failures").eq(7_i64);
        let all = || Expr::col("failures").lt(9_i64);
        let (soon, late) = (Duration::ZERO, BUDGET * 30);
        for address in databases {
            let tenant = TenantId::random();
            let store = fill(&address, tenant).await;
            let is_sqlite = matches!(address, DatabaseAddress::Sqlite(_));

            let (found, after) = page(&store, tenant, soon, nothing).await;
            let expected = Page {
                data: Vec::new(),
                total: Total::MoreThan(0),
                has_next: false,
            };
            assert_eq!(found, expected, "nothing was found, and nobody knows");
            assert_eq!(after, Total::Exactly(0));
            let (found, _) = page(&store, tenant, late, nothing).await;
            assert_eq!(found.total, Total::Exactly(0));

            let (found, after) = page(&store, tenant, soon, three).await;
            assert_eq!(found.has_next, !found.data.is_empty());
            assert_eq!(found.total, Total::MoreThan(found.data.len() as u64));
            if is_sqlite {
                assert_eq!(found.data, ["10001", "10002", "10003"]);
            }
            assert_eq!(after, Total::Exactly(3));
            let (found, _) = page(&store, tenant, late, three).await;
            assert_eq!((found.total, found.has_next), (Total::Exactly(3), false));

            if is_sqlite {
                let (found, after) = page(&store, tenant, soon, all).await;
                assert!(found.has_next && found.data.len() == LIMIT as usize);
                assert_eq!(found.total, Total::MoreThan(u64::from(LIMIT) + 1));
                assert_eq!(after, Total::MoreThan(COUNTED));
            }
        }
    }
}
