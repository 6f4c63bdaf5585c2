//! The filters that are measured, each with the SQL that somebody who knows the schema
//! would write for it.

use casbah_model::filter::{ACTIVITIES, ALERTS, ListQuery, parse_query};
use casbah_model::ids::TenantId;
use casbah_model::time::{DAY_MS, Timestamp};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use crate::error::BenchError;
use crate::random::Random;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Activities.
    Activities,
    /// Alerts.
    Alerts,
}

/// A filter, as both sides are asked.
pub struct Parameter {
    /// The `filters` of the API.
    pub filters: Value,
    /// The values of `?2` and so on.
    pub values: Vec<Sql>,
}

/// One kind of filter.
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// The list.
    pub list: List,
    /// Whether no index can help, so that the two seconds may end it.
    pub scans: bool,
    /// The conditions of the hand-written SQL, after those of the tenant.
    pub condition: &'static str,
    /// Indexes by which the hand-written SQL may go; the fastest way counts. An empty name
    /// leaves it to SQLite.
    pub ways: &'static [&'static str],
    /// What is asked for.
    pub parameters: Vec<Parameter>,
}

impl Parameter {
    /// The same as the store is asked: the first page, the newest first.
    pub fn query(&self, list: List) -> Result<ListQuery, BenchError> {
        let spec = match list {
            List::Activities => &ACTIVITIES,
            List::Alerts => &ALERTS,
        };
        let parameters = json!({"filters": self.filters, "limit": 100});
        let parameters = parameters.as_object().cloned().unwrap_or_default();
        parse_query(spec, &parameters, Timestamp(0)).map_err(BenchError::Filter)
    }
}

/// Activities as they come, of which parameters are made: a busy person is asked for more
/// often than one who hardly works.
struct Sample {
    time: i64,
    user: String,
    app: i64,
    country: Option<String>,
    ip: Option<String>,
    category: i64,
    action: String,
}

const BY_TIME: &[&str] = &["", "sqlite_autoindex_activity_1"];
const BY_USER: &[&str] = &["", "activity_user"];
const BY_IP: &[&str] = &["", "activity_ip", "sqlite_autoindex_activity_1"];

/// What of a sample is asked for.
#[derive(Debug, Clone, Copy)]
enum Field {
    Person,
    App,
    Country,
    Address,
    Category,
    Type,
    /// The day of the activity, or so many days from it on.
    Days(i64),
}

impl Field {
    /// Its name and condition in `filters`, and the values of the hand-written SQL; none if
    /// the sample has no such thing.
    fn of(self, sample: &Sample) -> Option<(&'static str, Value, Vec<Sql>)> {
        let text = |text: &str| vec![Sql::Text(text.to_owned())];
        Some(match self {
            Self::Person => (
                "user.username",
                json!({"eq": [sample.user]}),
                text(&sample.user),
            ),
            Self::App => (
                "service",
                json!({"eq": [sample.app]}),
                vec![sample.app.into()],
            ),
            Self::Country => {
                let country = sample.country.as_deref()?;
                ("location.country", json!({"eq": [country]}), text(country))
            }
            Self::Address => {
                let ip = sample.ip.as_deref()?;
                ("ip.address", json!({"eq": [ip]}), text(ip))
            }
            Self::Category => (
                "ip.category",
                json!({"eq": [sample.category]}),
                vec![sample.category.into()],
            ),
            Self::Type => (
                "activity.actionType",
                json!({"eq": [sample.action]}),
                text(&sample.action),
            ),
            Self::Days(days) => {
                let start = sample.time - sample.time.rem_euclid(DAY_MS);
                let end = start + days * DAY_MS - 1;
                (
                    "date",
                    json!({"range": [{"start": start, "end": end}]}),
                    vec![start.into(), end.into()],
                )
            }
        })
    }
}

/// Filters of activities, by what is asked together.
const OF_SAMPLES: &[(&str, &str, &[&str], &[Field])] = &[
    (
        "a day",
        "timestamp BETWEEN ?2 AND ?3",
        BY_TIME,
        &[Field::Days(1)],
    ),
    ("a person", "user_folded = ?2", BY_USER, &[Field::Person]),
    (
        "a person on a day",
        "user_folded = ?2 AND timestamp BETWEEN ?3 AND ?4",
        BY_USER,
        &[Field::Person, Field::Days(1)],
    ),
    ("an app", "app_id = ?2", BY_TIME, &[Field::App]),
    (
        "an app in a week",
        "app_id = ?2 AND timestamp BETWEEN ?3 AND ?4",
        BY_TIME,
        &[Field::App, Field::Days(7)],
    ),
    ("a country", "country = ?2", BY_TIME, &[Field::Country]),
    ("an IP address", "ip = ?2", BY_IP, &[Field::Address]),
    (
        "an IP category",
        "ip_category = ?2",
        BY_TIME,
        &[Field::Category],
    ),
    (
        "an activity type",
        "action_type = ?2",
        BY_TIME,
        &[Field::Type],
    ),
    (
        "a person's activities of a type",
        "user_folded = ?2 AND action_type = ?3",
        BY_USER,
        &[Field::Person, Field::Type],
    ),
];

/// All filters, each with so many different parameters at most.
pub fn cases(
    connection: &Connection,
    tenant: TenantId,
    count: usize,
) -> Result<Vec<Case>, BenchError> {
    let samples = samples(connection, count)?;
    let newest = newest(connection, tenant)?;
    let month = newest - 30 * DAY_MS;
    let activities = |name, condition, ways, parameters| Case {
        name,
        list: List::Activities,
        scans: false,
        condition,
        ways,
        parameters,
    };
    let since = (0..50).map(|minute| month + minute * 60_000);
    let since = since.map(|since| Parameter {
        filters: json!({"date": {"gte": since}}),
        values: vec![since.into()],
    });
    let mut cases = vec![activities(
        "the newest of 30 days",
        "timestamp >= ?2",
        BY_TIME,
        since.collect(),
    )];
    for (name, condition, ways, fields) in OF_SAMPLES {
        let parameters = parameters(&samples, fields);
        cases.push(activities(name, condition, ways, parameters));
    }
    cases.push(activities(
        "an alert's activities",
        "(timestamp, uuid) IN (SELECT timestamp, uuid FROM alert_activity
            WHERE tenant_id = ?1 AND alert_id = ?2)",
        BY_TIME,
        alerts(connection, count)?,
    ));
    cases.extend(scanning(month));
    cases.extend(of_alerts(&samples, newest));
    Ok(cases)
}

/// The different parameters that samples give.
fn parameters(samples: &[Sample], fields: &[Field]) -> Vec<Parameter> {
    let mut asked: Vec<Parameter> = Vec::new();
    for sample in samples {
        let parts: Option<Vec<_>> = fields.iter().map(|field| field.of(sample)).collect();
        let mut filters = Map::new();
        let mut values = Vec::new();
        for (name, condition, more) in parts.into_iter().flatten() {
            filters.insert(name.to_owned(), condition);
            values.extend(more);
        }
        let filters = Value::Object(filters);
        if !values.is_empty() && asked.iter().all(|known| known.filters != filters) {
            asked.push(Parameter { filters, values });
        }
    }
    asked
}

/// What has to read, since no index holds it.
fn scanning(month: i64) -> Vec<Case> {
    let scan = |name, condition, parameters| Case {
        name,
        list: List::Activities,
        scans: true,
        condition,
        ways: BY_TIME,
        parameters,
    };
    let word = |word: &str, since: Option<i64>| {
        let mut filters = json!({"text": {"text": word}});
        if let Some(since) = since {
            filters["date"] = json!({"gte": since});
        }
        Parameter {
            filters,
            values: vec![Sql::Text(format!("% {word}%")), since.unwrap_or(0).into()],
        }
    };
    let both = "words LIKE ?2 AND timestamp >= ?3";
    vec![
        scan(
            "a frequent word",
            both,
            ["merger", "payroll", "budget"]
                .map(|text| word(text, None))
                .into(),
        ),
        scan(
            "a word that is nowhere, 30 days",
            both,
            vec![word("zanzibar", Some(month))],
        ),
        scan("a word that is nowhere", both, vec![word("zanzibar", None)]),
        scan(
            "contains: a program that nobody has",
            "agent_folded LIKE ?2",
            vec![Parameter {
                filters: json!({"userAgent.userAgent": {"contains": ["netscape"]}}),
                values: vec![Sql::Text("%netscape%".to_owned())],
            }],
        ),
    ]
}

fn of_alerts(samples: &[Sample], newest: i64) -> Vec<Case> {
    let alerts = |name, condition, ways, parameters| Case {
        name,
        list: List::Alerts,
        scans: false,
        condition,
        ways,
        parameters,
    };
    let people = samples.iter().take(100).map(|sample| Parameter {
        filters: json!({"entity.user": {"eq": [sample.user]}}),
        values: vec![Sql::Text(sample.user.clone())],
    });
    let weeks = (1..50).map(|hours| newest - 7 * DAY_MS + hours * 60_000);
    vec![
        alerts(
            "alerts: open",
            "resolution = 0",
            &["", "alert_timestamp"],
            (0..50)
                .map(|_| Parameter {
                    filters: json!({"alertOpen": {"eq": true}}),
                    values: Vec::new(),
                })
                .collect(),
        ),
        alerts(
            "alerts: high, of a week",
            "severity = 2 AND timestamp >= ?2",
            &["", "alert_timestamp"],
            weeks
                .map(|since| Parameter {
                    filters: json!({"severity": {"eq": [2]}, "date": {"gte": since}}),
                    values: vec![since.into()],
                })
                .collect(),
        ),
        alerts(
            "alerts: of a person",
            "id IN (SELECT alert_id FROM alert_entity
                WHERE tenant_id = ?1 AND kind = 'user' AND entity_id = ?2)",
            &["", "sqlite_autoindex_alert_1", "alert_timestamp"],
            people.collect(),
        ),
    ]
}

fn newest(connection: &Connection, tenant: TenantId) -> Result<i64, BenchError> {
    let sql = "SELECT MAX(timestamp) FROM activity WHERE tenant_id = ?1";
    let newest: Option<i64> =
        connection.query_row(sql, params![tenant.uuid().as_bytes()], |row| row.get(0))?;
    newest.ok_or(BenchError::Empty)
}

fn samples(connection: &Connection, count: usize) -> Result<Vec<Sample>, BenchError> {
    let last: i64 =
        connection.query_row("SELECT MAX(rowid) FROM activity", [], |row| row.get(0))?;
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    let mut random = Random::new(3);
    let mut statement = connection.prepare(
        "SELECT timestamp, user_folded, app_id, country, ip, ip_category, action_type
         FROM activity WHERE rowid = ?1",
    )?;
    let samples = (0..count).map(|_| {
        let place = i64::try_from(1 + random.below(last)).unwrap_or(1);
        let sample = statement.query_row([place], |row| {
            Ok(Sample {
                time: row.get(0)?,
                user: row.get(1)?,
                app: row.get(2)?,
                country: row.get(3)?,
                ip: row.get(4)?,
                category: row.get(5)?,
                action: row.get(6)?,
            })
        });
        Ok(sample?)
    });
    samples.collect()
}

fn alerts(connection: &Connection, count: usize) -> Result<Vec<Parameter>, BenchError> {
    let sql = "SELECT id, lower(hex(id)) FROM alert ORDER BY id LIMIT ?1";
    let mut statement = connection.prepare(sql)?;
    let read = statement.query_map([i64::try_from(count).unwrap_or(1)], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?))
    })?;
    let parameters = read.map(|alert| {
        let (bytes, name) = alert?;
        Ok(Parameter {
            filters: json!({"activity.alertId": {"eq": [name]}}),
            values: vec![Sql::Blob(bytes)],
        })
    });
    parameters.collect()
}
