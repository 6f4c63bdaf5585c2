//! sqlx as a store would use it: persistent prepared statements, rows decoded by column number.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row, SqlSafeStr, SqlStr, Sqlite, query::Query};
use store_common::{
    Activity, Checksum, LogicalWrite, Meter, NewActivity, Options, Phase, Rows, create, drain,
    insert_activity, insert_raw, page, page_of_user, pragmas, run_clients, scan,
};

type Failure = Box<dyn std::error::Error>;

async fn open(options: &Options) -> Result<SqliteConnection, Failure> {
    let connect = SqliteConnectOptions::new()
        .filename(&options.db)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&connect).await?;
    sqlx::raw_sql(AssertSqlSafe(pragmas(options)))
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Runs the phases through sqlx.
pub async fn run(options: &Options, runtime: &tokio::runtime::Runtime) -> Result<(), Failure> {
    let rows = Rows::new(options.rows);
    let mut connection = open(options).await?;
    let library: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut connection)
        .await?;
    for &phase in &options.phases {
        if matches!(
            phase,
            Phase::Insert | Phase::CommitSingle | Phase::CommitGroup
        ) {
            for statement in create(options) {
                sqlx::query(AssertSqlSafe(statement))
                    .execute(&mut connection)
                    .await?;
            }
        }
        let meter = Meter::start()?;
        let (count, checksum) = match phase {
            Phase::Insert => insert_all(&mut connection, options, &rows).await?,
            Phase::Scan => scan_all(&mut connection).await?,
            Phase::Page | Phase::PageUser => pages(&mut connection, options, phase, &rows).await?,
            Phase::CommitSingle => commit(&mut connection, options, &rows, 1, runtime).await?,
            Phase::CommitGroup => {
                commit(&mut connection, options, &rows, usize::MAX, runtime).await?
            }
        };
        meter.finish(options, phase, &library, count, checksum)?;
    }
    connection.close().await?;
    Ok(())
}

/// Statement texts, shared so that no query copies them.
struct Inserter {
    activity: SqlStr,
    record: SqlStr,
}

type Prepared<'q> = Query<'q, Sqlite, SqliteArguments>;

fn bind_activity<'q>(query: Prepared<'q>, row: &Activity<&'q str>) -> Prepared<'q> {
    query
        .bind(row.tenant_id)
        .bind(row.ts)
        .bind(row.id.to_vec())
        .bind(row.created)
        .bind(row.app)
        .bind(row.instance)
        .bind(row.user)
        .bind(row.ip.to_vec())
        .bind(row.country)
        .bind(row.city)
        .bind(row.organization)
        .bind(row.action_type)
        .bind(row.category)
        .bind(row.event_type)
        .bind(row.severity)
        .bind(row.device_type)
        .bind(row.agent)
        .bind(row.admin)
        .bind(row.impersonated)
        .bind(row.taken_action)
        .bind(row.alert_id)
        .bind(row.source)
}

fn bind_record<'q>(query: Prepared<'q>, new: &NewActivity<'q>) -> Prepared<'q> {
    let row = &new.activity;
    query
        .bind(row.tenant_id)
        .bind(row.ts)
        .bind(row.id.to_vec())
        .bind(new.record)
}

impl Inserter {
    fn new(options: &Options, rows: u64) -> Self {
        Self {
            activity: AssertSqlSafe(insert_activity(rows)).into_sql_str(),
            record: AssertSqlSafe(insert_raw(options.layout, rows)).into_sql_str(),
        }
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        rows: impl Iterator<Item = NewActivity<'_>>,
    ) -> sqlx::Result<()> {
        let mut activities = sqlx::query(self.activity.clone());
        let mut records = sqlx::query(self.record.clone());
        for row in rows {
            activities = bind_activity(activities, &row.activity);
            records = bind_record(records, &row);
        }
        activities.execute(&mut *connection).await?;
        records.execute(&mut *connection).await?;
        Ok(())
    }
}

fn array(row: &SqliteRow, column: usize) -> Result<[u8; 16], Failure> {
    Ok(row.try_get::<&[u8], _>(column)?.try_into()?)
}

fn decode(row: &SqliteRow) -> Result<Activity, Failure> {
    Ok(Activity {
        tenant_id: row.try_get(0)?,
        ts: row.try_get(1)?,
        id: array(row, 2)?,
        created: row.try_get(3)?,
        app: row.try_get(4)?,
        instance: row.try_get(5)?,
        user: row.try_get(6)?,
        ip: array(row, 7)?,
        country: row.try_get(8)?,
        city: row.try_get(9)?,
        organization: row.try_get(10)?,
        action_type: row.try_get(11)?,
        category: row.try_get(12)?,
        event_type: row.try_get(13)?,
        severity: row.try_get(14)?,
        device_type: row.try_get(15)?,
        agent: row.try_get(16)?,
        admin: row.try_get(17)?,
        impersonated: row.try_get(18)?,
        taken_action: row.try_get(19)?,
        alert_id: row.try_get(20)?,
        source: row.try_get(21)?,
    })
}

async fn insert_all(
    connection: &mut SqliteConnection,
    options: &Options,
    rows: &Rows,
) -> Result<(u64, Checksum), Failure> {
    let mut checksum = Checksum::default();
    let chunk = options.rows_per_statement.max(1);
    let (many, one) = (Inserter::new(options, chunk), Inserter::new(options, 1));
    let mut number = 0;
    while number < options.rows {
        let end = options.rows.min(number + options.batch);
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut next = number;
        while next + chunk <= end {
            many.insert(
                &mut transaction,
                (next..next + chunk).map(|row| rows.get(row)),
            )
            .await?;
            next += chunk;
        }
        for row in next..end {
            one.insert(&mut transaction, std::iter::once(rows.get(row)))
                .await?;
        }
        transaction.commit().await?;
        checksum.count(end - number);
        number = end;
    }
    Ok((number, checksum))
}

async fn scan_all(connection: &mut SqliteConnection) -> Result<(u64, Checksum), Failure> {
    let (mut count, mut checksum) = (0, Checksum::default());
    let mut rows = sqlx::query(AssertSqlSafe(scan())).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        checksum.add(&decode(&row)?, 0);
        count += 1;
    }
    Ok((count, checksum))
}

async fn pages(
    connection: &mut SqliteConnection,
    options: &Options,
    phase: Phase,
    rows: &Rows,
) -> Result<(u64, Checksum), Failure> {
    let mut checksum = Checksum::default();
    let by_user = phase == Phase::PageUser;
    let sql = if by_user {
        page_of_user(options.layout)
    } else {
        page(options.layout)
    };
    let sql = AssertSqlSafe(sql).into_sql_str();
    for number in 0..options.pages {
        let query = rows.page(number);
        let mut prepared = sqlx::query(sql.clone())
            .bind(query.tenant_id)
            .bind(query.before);
        if by_user {
            prepared = prepared.bind(query.user);
        }
        let mut found = prepared.fetch(&mut *connection);
        let mut page: Vec<(Activity, Vec<u8>)> = Vec::with_capacity(100);
        while let Some(row) = found.try_next().await? {
            page.push((decode(&row)?, row.try_get(22)?));
        }
        for (activity, record) in &page {
            checksum.add(activity, record.len());
        }
    }
    Ok((options.pages, checksum))
}

async fn commit(
    connection: &mut SqliteConnection,
    options: &Options,
    rows: &Rows,
    limit: usize,
    runtime: &tokio::runtime::Runtime,
) -> Result<(u64, Checksum), Failure> {
    let (mut count, mut checksum) = (0, Checksum::default());
    let inserter = Inserter::new(options, 1);
    let mut queue = run_clients(options, runtime.handle());
    let mut batch: Vec<LogicalWrite> = Vec::new();
    while let Some(first) = queue.recv().await {
        batch.push(first);
        drain(&mut queue, &mut batch, limit);
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for write in &batch {
            inserter
                .insert(&mut transaction, std::iter::once(rows.get(write.row)))
                .await?;
        }
        transaction.commit().await?;
        checksum.count(batch.len() as u64);
        count += batch.len() as u64;
        for write in batch.drain(..) {
            // A client that went away needs no answer.
            let _ = write.done.send(());
        }
    }
    Ok((count, checksum))
}
