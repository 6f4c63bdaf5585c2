//! SQLite's C interface itself: prepare, bind, step, column, with no layer between. This is the
//! yardstick, so it is the one place with unsafe code; nothing outside the benchmark uses it.

use libsqlite3_sys as sys;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use store_common::{
    Activity, Checksum, LogicalWrite, Meter, NewActivity, Options, Phase, Rows, create, drain,
    insert_activity, insert_raw, page, page_of_user, pragmas, run_clients, scan,
};

type Failure = Box<dyn std::error::Error>;

struct Connection(*mut sys::sqlite3);

struct Statement<'c> {
    raw: *mut sys::sqlite3_stmt,
    connection: &'c Connection,
}

fn length(bytes: usize) -> Result<c_int, Failure> {
    Ok(c_int::try_from(bytes)?)
}

impl Connection {
    fn open(options: &Options) -> Result<Self, Failure> {
        let path = CString::new(options.db.to_string_lossy().as_bytes())?;
        let flags = sys::SQLITE_OPEN_READWRITE | sys::SQLITE_OPEN_CREATE | sys::SQLITE_OPEN_NOMUTEX;
        let mut raw = ptr::null_mut();
        // SAFETY: the path is a C string and `raw` a place for the handle, which is closed on drop.
        let code = unsafe { sys::sqlite3_open_v2(path.as_ptr(), &raw mut raw, flags, ptr::null()) };
        let connection = Self(raw);
        connection.check(code)?;
        connection.execute(&pragmas(options))?;
        Ok(connection)
    }

    fn check(&self, code: c_int) -> Result<(), Failure> {
        match code {
            sys::SQLITE_OK | sys::SQLITE_ROW | sys::SQLITE_DONE => Ok(()),
            _ => {
                // SAFETY: the handle is open; SQLite gives a C string valid until the next call.
                let message = unsafe { CStr::from_ptr(sys::sqlite3_errmsg(self.0)) };
                Err(message.to_string_lossy().into_owned().into())
            }
        }
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        let sql = CString::new(sql)?;
        // SAFETY: the handle is open, the text a C string, no callback is given.
        let code = unsafe {
            sys::sqlite3_exec(self.0, sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut())
        };
        self.check(code)
    }

    fn prepare(&self, sql: &str) -> Result<Statement<'_>, Failure> {
        let mut raw = ptr::null_mut();
        let text = sql.as_ptr().cast::<c_char>();
        let flags = sys::SQLITE_PREPARE_PERSISTENT;
        // SAFETY: the text's length is given; the statement is finalized on drop, before the
        // connection that it borrows.
        let code = unsafe {
            let size = length(sql.len())?;
            sys::sqlite3_prepare_v3(self.0, text, size, flags, &raw mut raw, ptr::null_mut())
        };
        self.check(code)?;
        Ok(Statement {
            raw,
            connection: self,
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: statements borrow the connection, so none is left.
        unsafe { sys::sqlite3_close(self.0) };
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        // SAFETY: made by prepare and not finalized before.
        unsafe { sys::sqlite3_finalize(self.raw) };
    }
}

// Bound text and bytes are passed without a destructor (SQLITE_STATIC): they outlive the step,
// and `reset` comes before anything of them is gone.
impl Statement<'_> {
    fn integer(&mut self, place: c_int, value: i64) -> Result<(), Failure> {
        // SAFETY: the statement is live.
        let code = unsafe { sys::sqlite3_bind_int64(self.raw, place, value) };
        self.connection.check(code)
    }

    fn text(&mut self, place: c_int, value: Option<&str>) -> Result<(), Failure> {
        let code = match value {
            // SAFETY: as above; length given.
            Some(text) => unsafe {
                let start = text.as_ptr().cast::<c_char>();
                sys::sqlite3_bind_text(self.raw, place, start, length(text.len())?, None)
            },
            // SAFETY: the statement is live.
            None => unsafe { sys::sqlite3_bind_null(self.raw, place) },
        };
        self.connection.check(code)
    }

    fn bytes(&mut self, place: c_int, value: &[u8]) -> Result<(), Failure> {
        let start = value.as_ptr().cast();
        // SAFETY: as above; length given.
        let code =
            unsafe { sys::sqlite3_bind_blob(self.raw, place, start, length(value.len())?, None) };
        self.connection.check(code)
    }

    fn step(&mut self) -> Result<bool, Failure> {
        // SAFETY: the statement is live and what is bound still lives.
        let code = unsafe { sys::sqlite3_step(self.raw) };
        self.connection.check(code)?;
        Ok(code == sys::SQLITE_ROW)
    }

    fn reset(&mut self) -> Result<(), Failure> {
        // SAFETY: the statement is live.
        let code = unsafe { sys::sqlite3_reset(self.raw) };
        self.connection.check(code)
    }

    fn run(&mut self) -> Result<(), Failure> {
        self.step()?;
        self.reset()
    }

    fn get_integer(&self, column: c_int) -> i64 {
        // SAFETY: the statement stands on a row.
        unsafe { sys::sqlite3_column_int64(self.raw, column) }
    }

    fn get_bytes(&self, column: c_int) -> Option<&[u8]> {
        // SAFETY: the statement stands on a row; the pointer stays valid until the next step,
        // which needs the statement mutably.
        unsafe {
            let start = sys::sqlite3_column_blob(self.raw, column);
            let size = sys::sqlite3_column_bytes(self.raw, column);
            if start.is_null() {
                return None;
            }
            Some(std::slice::from_raw_parts(
                start.cast(),
                usize::try_from(size).unwrap_or(0),
            ))
        }
    }

    fn get_optional(&self, column: c_int) -> Result<Option<String>, Failure> {
        let text = self
            .get_bytes(column)
            .map(|bytes| std::str::from_utf8(bytes).map(str::to_owned));
        Ok(text.transpose()?)
    }

    fn get_text(&self, column: c_int) -> Result<String, Failure> {
        Ok(self.get_optional(column)?.unwrap_or_default())
    }

    fn get_array(&self, column: c_int) -> Result<[u8; 16], Failure> {
        Ok(self.get_bytes(column).unwrap_or_default().try_into()?)
    }

    fn activity(&self) -> Result<Activity, Failure> {
        Ok(Activity {
            tenant_id: self.get_integer(0),
            ts: self.get_integer(1),
            id: self.get_array(2)?,
            created: self.get_integer(3),
            app: self.get_integer(4),
            instance: self.get_integer(5),
            user: self.get_optional(6)?,
            ip: self.get_array(7)?,
            country: self.get_optional(8)?,
            city: self.get_optional(9)?,
            organization: self.get_optional(10)?,
            action_type: self.get_text(11)?,
            category: self.get_text(12)?,
            event_type: self.get_integer(13),
            severity: self.get_integer(14),
            device_type: self.get_text(15)?,
            agent: self.get_text(16)?,
            admin: self.get_integer(17) != 0,
            impersonated: self.get_integer(18) != 0,
            taken_action: self.get_optional(19)?,
            alert_id: self.get_optional(20)?,
            source: self.get_integer(21),
        })
    }
}

struct Inserter<'c> {
    activity: Statement<'c>,
    record: Statement<'c>,
}

impl<'c> Inserter<'c> {
    fn new(connection: &'c Connection, options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            activity: connection.prepare(&insert_activity(1))?,
            record: connection.prepare(&insert_raw(options.layout, 1))?,
        })
    }

    fn insert(&mut self, new: &NewActivity<'_>) -> Result<(), Failure> {
        let (to, row) = (&mut self.activity, &new.activity);
        to.integer(1, row.tenant_id)?;
        to.integer(2, row.ts)?;
        to.bytes(3, &row.id)?;
        to.integer(4, row.created)?;
        to.integer(5, row.app)?;
        to.integer(6, row.instance)?;
        to.text(7, row.user)?;
        to.bytes(8, &row.ip)?;
        to.text(9, row.country)?;
        to.text(10, row.city)?;
        to.text(11, row.organization)?;
        to.text(12, Some(row.action_type))?;
        to.text(13, Some(row.category))?;
        to.integer(14, row.event_type)?;
        to.integer(15, row.severity)?;
        to.text(16, Some(row.device_type))?;
        to.text(17, Some(row.agent))?;
        to.integer(18, row.admin.into())?;
        to.integer(19, row.impersonated.into())?;
        to.text(20, row.taken_action)?;
        to.text(21, row.alert_id)?;
        to.integer(22, row.source)?;
        to.run()?;
        self.record.integer(1, row.tenant_id)?;
        self.record.integer(2, row.ts)?;
        self.record.bytes(3, &row.id)?;
        self.record.bytes(4, new.record)?;
        self.record.run()
    }
}

/// Runs the phases through the C interface.
pub fn run(options: &Options, runtime: &tokio::runtime::Runtime) -> Result<(), Failure> {
    let rows = Rows::new(options.rows);
    let connection = Connection::open(options)?;
    // SAFETY: SQLite gives a constant C string.
    let library = unsafe { CStr::from_ptr(sys::sqlite3_libversion()) }.to_string_lossy();
    for &phase in &options.phases {
        if matches!(
            phase,
            Phase::Insert | Phase::CommitSingle | Phase::CommitGroup
        ) {
            for statement in create(options) {
                connection.execute(&statement)?;
            }
        }
        let meter = Meter::start()?;
        let (count, checksum) = match phase {
            Phase::Insert => insert_all(&connection, options, &rows)?,
            Phase::Scan => scan_all(&connection)?,
            Phase::Page | Phase::PageUser => pages(&connection, options, phase, &rows)?,
            Phase::CommitSingle => commit(&connection, options, &rows, 1, runtime)?,
            Phase::CommitGroup => commit(&connection, options, &rows, usize::MAX, runtime)?,
        };
        meter.finish(options, phase, &library, count, checksum)?;
    }
    Ok(())
}

fn insert_all(
    connection: &Connection,
    options: &Options,
    rows: &Rows,
) -> Result<(u64, Checksum), Failure> {
    let mut checksum = Checksum::default();
    let mut inserter = Inserter::new(connection, options)?;
    let mut number = 0;
    while number < options.rows {
        let end = options.rows.min(number + options.batch);
        connection.execute("BEGIN IMMEDIATE")?;
        for row in number..end {
            inserter.insert(&rows.get(row))?;
        }
        connection.execute("COMMIT")?;
        checksum.count(end - number);
        number = end;
    }
    Ok((number, checksum))
}

fn scan_all(connection: &Connection) -> Result<(u64, Checksum), Failure> {
    let (mut count, mut checksum) = (0, Checksum::default());
    let mut statement = connection.prepare(&scan())?;
    while statement.step()? {
        checksum.add(&statement.activity()?, 0);
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
    let mut statement = connection.prepare(&sql)?;
    for number in 0..options.pages {
        let query = rows.page(number);
        statement.integer(1, query.tenant_id)?;
        statement.integer(2, query.before)?;
        if by_user {
            statement.text(3, Some(query.user))?;
        }
        let mut page = Vec::with_capacity(100);
        while statement.step()? {
            let record = statement.get_bytes(22).unwrap_or_default().to_vec();
            page.push((statement.activity()?, record));
        }
        statement.reset()?;
        for (activity, record) in &page {
            checksum.add(activity, record.len());
        }
    }
    Ok((options.pages, checksum))
}

fn commit(
    connection: &Connection,
    options: &Options,
    rows: &Rows,
    limit: usize,
    runtime: &tokio::runtime::Runtime,
) -> Result<(u64, Checksum), Failure> {
    let (mut count, mut checksum) = (0, Checksum::default());
    let mut inserter = Inserter::new(connection, options)?;
    let mut queue = run_clients(options, runtime.handle());
    let mut batch: Vec<LogicalWrite> = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        drain(&mut queue, &mut batch, limit);
        connection.execute("BEGIN IMMEDIATE")?;
        for write in &batch {
            inserter.insert(&rows.get(write.row))?;
        }
        connection.execute("COMMIT")?;
        checksum.count(batch.len() as u64);
        count += batch.len() as u64;
        for write in batch.drain(..) {
            // A client that went away needs no answer.
            let _ = write.done.send(());
        }
    }
    Ok((count, checksum))
}
