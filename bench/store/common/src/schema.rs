//! The tables and statements, the same text for every binding.

use crate::{Layout, Options};

/// Columns of `activity` in the order of every SELECT and INSERT.
pub const COLUMNS: &str = "tenant_id, ts, id, created, app, instance, user, ip, country, city, \
    organization, action_type, category, event_type, severity, device_type, agent, admin, \
    impersonated, taken_action, alert_id, source";

const COLUMN_COUNT: u64 = 22;

// Each ends like the lists' order; an index that does not is passed over by the planner for the
// key in time order, and a page of a user then reads the whole tenant.
const INDEXES: [&str; 4] = [
    "CREATE INDEX activity_user ON activity (tenant_id, user, ts, id)",
    "CREATE INDEX activity_ip ON activity (tenant_id, ip, ts, id)",
    "CREATE INDEX activity_app ON activity (tenant_id, app, ts, id)",
    "CREATE INDEX activity_action ON activity (tenant_id, action_type, ts, id)",
];

/// Settings of every connection.
pub fn pragmas(options: &Options) -> String {
    let mut settings = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA cache_size = -{};",
        options.synchronous, options.cache_kib
    );
    for further in &options.pragma {
        settings.push_str("PRAGMA ");
        settings.push_str(further);
        settings.push(';');
    }
    settings
}

/// Statements that make the tables.
pub fn create(options: &Options) -> Vec<String> {
    let (activity_key, raw_key, without) = match options.layout {
        Layout::Time => (
            ", PRIMARY KEY (tenant_id, ts, id)",
            "tenant_id INTEGER NOT NULL, ts INTEGER NOT NULL, id BLOB NOT NULL, \
             record BLOB NOT NULL, PRIMARY KEY (tenant_id, ts, id)",
            " WITHOUT ROWID",
        ),
        Layout::Random => (
            ", PRIMARY KEY (tenant_id, id)",
            "tenant_id INTEGER NOT NULL, ts INTEGER NOT NULL, id BLOB NOT NULL, \
             record BLOB NOT NULL, PRIMARY KEY (tenant_id, id)",
            " WITHOUT ROWID",
        ),
        Layout::Rowid => (
            ", seq INTEGER PRIMARY KEY, UNIQUE (tenant_id, ts, id)",
            "seq INTEGER PRIMARY KEY, record BLOB NOT NULL",
            "",
        ),
    };
    let mut statements = vec![
        format!(
            "CREATE TABLE activity (
                tenant_id INTEGER NOT NULL, ts INTEGER NOT NULL, id BLOB NOT NULL,
                created INTEGER NOT NULL, app INTEGER NOT NULL, instance INTEGER NOT NULL,
                user TEXT, ip BLOB NOT NULL, country TEXT, city TEXT, organization TEXT,
                action_type TEXT NOT NULL, category TEXT NOT NULL, event_type INTEGER NOT NULL,
                severity INTEGER NOT NULL, device_type TEXT NOT NULL, agent TEXT NOT NULL,
                admin INTEGER NOT NULL, impersonated INTEGER NOT NULL, taken_action TEXT,
                alert_id TEXT, source INTEGER NOT NULL{activity_key}){without}"
        ),
        format!("CREATE TABLE activity_raw ({raw_key}){without}"),
    ];
    statements.extend(
        INDEXES
            .iter()
            .take(options.indexes.into())
            .map(ToString::to_string),
    );
    statements
}

fn places(columns: u64, rows: u64) -> String {
    let one = format!(
        "({})",
        vec!["?"; usize::try_from(columns).unwrap_or(0)].join(", ")
    );
    vec![one; usize::try_from(rows).unwrap_or(1)].join(", ")
}

/// INSERT of `rows` activities.
pub fn insert_activity(rows: u64) -> String {
    format!(
        "INSERT INTO activity ({COLUMNS}) VALUES {}",
        places(COLUMN_COUNT, rows)
    )
}

/// INSERT of `rows` records; the row-id layout takes the number of the activity just written,
/// so it allows one row only.
pub fn insert_raw(layout: Layout, rows: u64) -> String {
    match layout {
        Layout::Time | Layout::Random => format!(
            "INSERT INTO activity_raw (tenant_id, ts, id, record) VALUES {}",
            places(4, rows)
        ),
        Layout::Rowid => {
            "INSERT INTO activity_raw (seq, record) VALUES (last_insert_rowid(), ?4)".to_owned()
        }
    }
}

/// Reads every activity in key order.
pub fn scan() -> String {
    format!("SELECT {COLUMNS} FROM activity ORDER BY tenant_id, ts, id")
}

fn page_where(layout: Layout, condition: &str) -> String {
    let columns: Vec<String> = COLUMNS
        .split(", ")
        .map(|name| format!("a.{name}"))
        .collect();
    let join = match layout {
        Layout::Time => "r.tenant_id = a.tenant_id AND r.ts = a.ts AND r.id = a.id",
        Layout::Random => "r.tenant_id = a.tenant_id AND r.id = a.id",
        Layout::Rowid => "r.seq = a.seq",
    };
    format!(
        "SELECT {}, r.record FROM activity a CROSS JOIN activity_raw r ON {join} \
         WHERE a.tenant_id = ?1 AND a.ts < ?2{condition} \
         ORDER BY a.ts DESC, a.id DESC LIMIT 100",
        columns.join(", ")
    )
}

/// A page of a tenant; `?1` tenant, `?2` before.
pub fn page(layout: Layout) -> String {
    page_where(layout, "")
}

/// A page of a user; `?3` user.
pub fn page_of_user(layout: Layout) -> String {
    page_where(layout, " AND a.user = ?3")
}
