//! rusqlite as a store would use it: cached prepared statements, rows decoded by column number.

use rusqlite::{CachedStatement, Connection, Row, params};
use store_common::{
    Activity, Checksum, LogicalWrite, Meter, NewActivity, Options, Phase, Rows, create, drain,
    insert_activity, insert_raw, page, page_of_user, pragmas, run_clients, scan,
};

type Failure = Box<dyn std::error::Error>;

/// Runs the phases through rusqlite.
pub fn run(options: &Options, runtime: &tokio::runtime::Runtime) -> Result<(), Failure> {
    let rows = Rows::new(options.rows);
    let mut connection = Connection::open(&options.db)?;
    connection.execute_batch(&pragmas(options))?;
    let library = rusqlite::version();
    for &phase in &options.phases {
        if matches!(
            phase,
            Phase::Insert | Phase::CommitSingle | Phase::CommitGroup
        ) {
            for statement in create(options) {
                connection.execute_batch(&statement)?;
            }
        }
        let meter = Meter::start()?;
        let (count, checksum) = match phase {
            Phase::Insert => insert_all(&mut connection, options, &rows)?,
            Phase::Scan => scan_all(&connection)?,
            Phase::Page | Phase::PageUser => pages(&connection, options, phase, &rows)?,
            Phase::CommitSingle => commit(&mut connection, options, &rows, 1, runtime)?,
            Phase::CommitGroup => commit(&mut connection, options, &rows, usize::MAX, runtime)?,
        };
        meter.finish(options, phase, library, count, checksum)?;
    }
    Ok(())
}

struct Inserter<'c> {
    activity: CachedStatement<'c>,
    record: CachedStatement<'c>,
}

impl<'c> Inserter<'c> {
    fn new(connection: &'c Connection, options: &Options) -> rusqlite::Result<Self> {
        Ok(Self {
            activity: connection.prepare_cached(&insert_activity(1))?,
            record: connection.prepare_cached(&insert_raw(options.layout, 1))?,
        })
    }

    fn insert(&mut self, new: &NewActivity<'_>) -> rusqlite::Result<()> {
        let row = &new.activity;
        self.activity.execute(params![
            row.tenant_id,
            row.ts,
            row.id,
            row.created,
            row.app,
            row.instance,
            row.user,
            row.ip,
            row.country,
            row.city,
            row.organization,
            row.action_type,
            row.category,
            row.event_type,
            row.severity,
            row.device_type,
            row.agent,
            row.admin,
            row.impersonated,
            row.taken_action,
            row.alert_id,
            row.source,
        ])?;
        self.record
            .execute(params![row.tenant_id, row.ts, row.id, new.record])?;
        Ok(())
    }
}

fn decode(row: &Row<'_>) -> rusqlite::Result<Activity> {
    Ok(Activity {
        tenant_id: row.get(0)?,
        ts: row.get(1)?,
        id: row.get(2)?,
        created: row.get(3)?,
        app: row.get(4)?,
        instance: row.get(5)?,
        user: row.get(6)?,
        ip: row.get(7)?,
        country: row.get(8)?,
        city: row.get(9)?,
        organization: row.get(10)?,
        action_type: row.get(11)?,
        category: row.get(12)?,
        event_type: row.get(13)?,
        severity: row.get(14)?,
        device_type: row.get(15)?,
        agent: row.get(16)?,
        admin: row.get(17)?,
        impersonated: row.get(18)?,
        taken_action: row.get(19)?,
        alert_id: row.get(20)?,
        source: row.get(21)?,
    })
}

fn insert_all(
    connection: &mut Connection,
    options: &Options,
    rows: &Rows,
) -> Result<(u64, Checksum), Failure> {
    let mut checksum = Checksum::default();
    let mut number = 0;
    while number < options.rows {
        let end = options.rows.min(number + options.batch);
        let transaction = connection.transaction()?;
        let mut inserter = Inserter::new(&transaction, options)?;
        for row in number..end {
            inserter.insert(&rows.get(row))?;
        }
        drop(inserter);
        transaction.commit()?;
        checksum.count(end - number);
        number = end;
    }
    Ok((number, checksum))
}

fn scan_all(connection: &Connection) -> Result<(u64, Checksum), Failure> {
    let (mut count, mut checksum) = (0, Checksum::default());
    let mut statement = connection.prepare_cached(&scan())?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        checksum.add(&decode(row)?, 0);
        count += 1;
    }
    Ok((count, checksum))
}

fn pages(
    connection: &Connection,
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
    for number in 0..options.pages {
        let query = rows.page(number);
        let mut statement = connection.prepare_cached(&sql)?;
        let mut found = if by_user {
            statement.query(params![query.tenant_id, query.before, query.user])?
        } else {
            statement.query(params![query.tenant_id, query.before])?
        };
        let mut page: Vec<(Activity, Vec<u8>)> = Vec::with_capacity(100);
        while let Some(row) = found.next()? {
            page.push((decode(row)?, row.get(22)?));
        }
        for (activity, record) in &page {
            checksum.add(activity, record.len());
        }
    }
    Ok((options.pages, checksum))
}

fn commit(
    connection: &mut Connection,
    options: &Options,
    rows: &Rows,
    limit: usize,
    runtime: &tokio::runtime::Runtime,
) -> Result<(u64, Checksum), Failure> {
    let (mut count, mut checksum) = (0, Checksum::default());
    let mut queue = run_clients(options, runtime.handle());
    let mut batch: Vec<LogicalWrite> = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        drain(&mut queue, &mut batch, limit);
        let transaction = connection.transaction()?;
        let mut inserter = Inserter::new(&transaction, options)?;
        for write in &batch {
            inserter.insert(&rows.get(write.row))?;
        }
        drop(inserter);
        transaction.commit()?;
        checksum.count(batch.len() as u64);
        count += batch.len() as u64;
        for write in batch.drain(..) {
            // A client that went away needs no answer.
            let _ = write.done.send(());
        }
    }
    Ok((count, checksum))
}
