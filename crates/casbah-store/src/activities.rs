//! Activities: filter columns in time order, the records beside them.

mod feedback;
mod filter;
mod scan;

pub use scan::Scan;

use casbah_model::activity::{Activity, ActivityId};
use casbah_model::detector::DetectorPosition;
use casbah_model::entity::EntityObservation;
use casbah_model::filter::{ListQuery, fold, words};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use sea_query::{Condition, Order};
use serde_json::value::RawValue;

use crate::database::{Dialect, Row, Session, params};
use crate::filter::{compile, members};
use crate::ip_ranges::enrichment;
use crate::page::{Listing, Page, SortKey, Step, Walk, direction};
use crate::{Store, StoreError, changes, detector, entities, record};

use self::filter::target;

/// What became of a batch of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Stored now.
    pub accepted: u64,
    /// Had been stored before.
    pub duplicates: u64,
    /// Stored now, but too late for the tenant's detector to see them in order.
    pub late: u64,
}

impl Store {
    /// Stores activities and what they show of entities, in one transaction.
    ///
    /// An activity that is there already is counted and left as it is. One that the
    /// tenant's detector waits for no more is marked late. They were enriched by the IP
    /// ranges of `ranges_revision`; if the ranges have changed since, they are to be
    /// enriched anew.
    pub async fn ingest_activities(
        &self,
        tenant: TenantId,
        ranges_revision: i64,
        activities: Vec<Activity>,
        observations: Vec<EntityObservation>,
    ) -> Result<Ingested, StoreError> {
        let rows = activities
            .into_iter()
            .map(|a| Ok((record::compress(&a)?, a)));
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        self.write_apart(move |session| {
            let read = detector::hold_position(session, tenant)?;
            let mut ingested = Ingested::default();
            let mut arrived = Vec::new();
            for (record, activity) in &rows {
                if insert(session, tenant, activity, record, read)? {
                    ingested.accepted += 1;
                    arrived.push(activity.id);
                    ingested.late += u64::from(read.is_late(activity.id));
                } else {
                    ingested.duplicates += 1;
                }
            }
            changes::activities_arrived(session, tenant, &arrived, Timestamp::now())?;
            entities::observe(session, tenant, &observations)?;
            if enrichment::revision(session, tenant)? != ranges_revision {
                let addresses = rows.iter().filter_map(|(_, activity)| activity.ip());
                let now = Timestamp::now();
                enrichment::enriched_before(session, tenant, addresses, now)?;
            }
            Ok(ingested)
        })
        .await
    }

    /// One page of activities.
    pub async fn list_activities(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Page<Box<RawValue>>, StoreError> {
        self.read(move |session| {
            let page = list(tenant, &query).page(session, tenant, &query, read_id)?;
            let data = records(session, tenant, &page.data)?;
            Ok(Page {
                data,
                total: page.total,
                has_next: page.has_next,
            })
        })
        .await
    }

    /// One step of a walk through a list, each record as JSON text without line breaks.
    pub async fn walk_activities(
        &self,
        tenant: TenantId,
        query: ListQuery,
        walk: Walk,
        limit: u32,
    ) -> Result<Step<Vec<u8>>, StoreError> {
        self.read(move |session| {
            let list = list(tenant, &query);
            if is_of_times_alone(&query) {
                let list = Listing {
                    table: "activity_raw",
                    columns: &["record"],
                    ..list
                };
                return list.step(session, tenant, &walk, limit, read_record);
            }
            let step = list.step(session, tenant, &walk, limit, read_id)?;
            let mut records = Vec::with_capacity(step.records.len());
            each_record(session, tenant, &step.records, |_, record| {
                records.push(record);
                Ok(())
            })?;
            Ok(Step {
                records,
                next: step.next,
            })
        })
        .await
    }

    /// One activity.
    pub async fn activity(
        &self,
        tenant: TenantId,
        id: ActivityId,
    ) -> Result<Option<Box<RawValue>>, StoreError> {
        self.read(move |session| Ok(records(session, tenant, &[id])?.pop()))
            .await
    }
}

fn insert(
    session: &mut Session<'_>,
    tenant: TenantId,
    activity: &Activity,
    record: &[u8],
    read: DetectorPosition,
) -> Result<bool, StoreError> {
    let uuid = activity.id.uuid.as_bytes().to_vec();
    let user = activity.user_name().map(fold);
    let domain = user
        .as_deref()
        .and_then(|user| user.rsplit_once('@'))
        .map(|(_, d)| d.to_owned());
    let objects = activity.main_info.event_objects.iter();
    let actor = activity.user_key();
    let inserted = session.execute(
        "INSERT INTO activity (tenant_id, timestamp, uuid, created, app_id, instance, source,
            event_category, action_type, action_folded, user_folded, user_domain, actor_id, ip,
            ip_category, country, organization_folded, device_type, agent_folded, admin_event,
            impersonated, words, ip_tags, agent_tags, objects, late, ip_key, user_tags,
            actor_saas)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
            ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)
         ON CONFLICT DO NOTHING",
        params![
            tenant,
            activity.id.timestamp,
            uuid.clone(),
            activity.created,
            activity.app_id,
            activity.instance(),
            activity.source,
            activity.event_type_name.as_str(),
            &activity.action_type,
            fold(&activity.main_info.raw_operation_name),
            user,
            domain,
            actor.as_ref().map(|key| fold(&key.id)),
            activity.ip().map(|ip| ip.to_canonical().to_string()),
            activity.ip_category().value(),
            activity.country().map(str::to_owned),
            activity.isp().map(fold),
            activity.device_type().as_str(),
            activity.agent_text().map(fold),
            activity.is_admin_event(),
            activity.is_impersonated(),
            text_of(activity),
            members(activity.ip_tags().iter().map(String::as_str)),
            members(activity.agent_tags().iter().map(String::as_str)),
            members(objects.filter_map(|object| object.id.as_deref())),
            read.is_late(activity.id),
            activity.ip().map(enrichment::key),
            members(activity.user.user_tags.iter().map(String::as_str)),
            actor.map(|key| i64::from(key.saas.0)),
        ],
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    session.execute(
        "INSERT INTO activity_raw (tenant_id, timestamp, uuid, record) VALUES (?1, ?2, ?3, ?4)",
        params![tenant, activity.id.timestamp, uuid, record],
    )?;
    Ok(true)
}

/// Writes what became of an activity by other IP ranges.
pub(crate) fn enrich(
    session: &mut Session<'_>,
    tenant: TenantId,
    activity: &Activity,
    record: &[u8],
) -> Result<(), StoreError> {
    let uuid = activity.id.uuid.as_bytes().to_vec();
    session.execute(
        "UPDATE activity SET ip_category = ?4, country = ?5, organization_folded = ?6, ip_tags = ?7
         WHERE tenant_id = ?1 AND timestamp = ?2 AND uuid = ?3",
        params![
            tenant,
            activity.id.timestamp,
            uuid.clone(),
            activity.ip_category().value(),
            activity.country().map(str::to_owned),
            activity.isp().map(fold),
            members(activity.ip_tags().iter().map(String::as_str)),
        ],
    )?;
    session.execute(
        "UPDATE activity_raw SET record = ?4 WHERE tenant_id = ?1 AND timestamp = ?2 AND uuid = ?3",
        params![tenant, activity.id.timestamp, uuid, record],
    )?;
    Ok(())
}

/// The words that full text finds, each after a space.
fn text_of(activity: &Activity) -> String {
    let parts = [
        Some(activity.description.as_str()),
        Some(activity.app_name.as_str()),
        Some(activity.main_info.raw_operation_name.as_str()),
        activity.user_name(),
        activity.display_name(),
    ];
    let objects = activity
        .main_info
        .event_objects
        .iter()
        .map(|object| object.name.as_str());
    let mut text = String::new();
    for word in parts.into_iter().flatten().chain(objects).flat_map(words) {
        text.push(' ');
        text.push_str(&word);
    }
    text
}

/// The list that a query asks for.
fn list(tenant: TenantId, query: &ListQuery) -> Listing {
    let condition = compile(&query.filter, |condition| target(tenant, condition));
    let by_time = [SortKey::Column("timestamp"), SortKey::Column("uuid")];
    let by_creation = [SortKey::Column("created"), by_time[0], by_time[1]];
    let order = if query.sort.field == "created" {
        &by_creation[..]
    } else {
        &by_time
    };
    listing(condition, order.to_vec(), direction(query))
}

/// Whether the records' own key says which activities are asked for and in which order, so
/// that they need not be looked up one by one.
fn is_of_times_alone(query: &ListQuery) -> bool {
    let fields = query.filter.conditions.iter().map(|one| one.field.name);
    fields
        .chain([query.sort.field])
        .all(|field| field == "date")
}

fn listing(condition: Condition, order: Vec<SortKey>, direction: Order) -> Listing {
    Listing {
        table: "activity",
        columns: &["timestamp", "uuid"],
        condition,
        order,
        direction,
        is_kept_in_order: true,
    }
}

fn read_id(mut row: Row) -> Result<ActivityId, StoreError> {
    Ok(ActivityId {
        timestamp: row.get(0)?,
        uuid: row.get(1)?,
    })
}

fn read_record(mut row: Row) -> Result<Vec<u8>, StoreError> {
    record::decompress(&row.get::<Vec<u8>>(0)?)
}

pub(crate) fn records(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[ActivityId],
) -> Result<Vec<Box<RawValue>>, StoreError> {
    let mut records = Vec::with_capacity(ids.len());
    each_record(session, tenant, ids, |_, record| {
        records.push(record::raw_json(&record)?);
        Ok(())
    })?;
    Ok(records)
}

/// Gives the records of these activities away in this order, as JSON text, each with its
/// place among them; what is not there is left out.
pub(crate) fn each_record(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[ActivityId],
    mut give: impl FnMut(usize, Vec<u8>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut give = |place, row| give(place, read_record(row)?);
    match session.dialect() {
        Dialect::Sqlite => {
            for (place, id) in ids.iter().enumerate() {
                let row = session.row(
                    "SELECT record FROM activity_raw
                     WHERE tenant_id = ?1 AND timestamp = ?2 AND uuid = ?3",
                    params![tenant, id.timestamp, id.uuid.as_bytes().to_vec()],
                )?;
                row.map(|row| give(place, row)).transpose()?;
            }
            Ok(())
        }
        // A statement costs a journey there and back.
        Dialect::Postgres => {
            for (chunk, ids) in ids.chunks(FETCHED).enumerate() {
                let (sql, parameters) = fetch_many(tenant, ids);
                for mut row in session.rows(&sql, &parameters)? {
                    let place: u32 = row.get(1)?;
                    give(chunk * FETCHED + place as usize, row)?;
                }
            }
            Ok(())
        }
    }
}

/// Records that one statement fetches from PostgreSQL.
const FETCHED: usize = 1_000;

fn fetch_many(tenant: TenantId, ids: &[ActivityId]) -> (String, Vec<sea_query::Value>) {
    let mut parameters = params![tenant].to_vec();
    let mut wanted = Vec::with_capacity(ids.len());
    for (place, id) in ids.iter().enumerate() {
        let (time, uuid) = (parameters.len() + 1, parameters.len() + 2);
        wanted.push(format!("(?{time}::bigint, ?{uuid}::bytea, {place})"));
        parameters.extend_from_slice(params![id.timestamp, id.uuid.as_bytes().to_vec()]);
    }
    let sql = format!(
        "SELECT raw.record, wanted.place FROM (VALUES {}) AS wanted (timestamp, uuid, place)
         JOIN activity_raw raw ON raw.tenant_id = ?1 AND raw.timestamp = wanted.timestamp
            AND raw.uuid = wanted.uuid
         ORDER BY wanted.place",
        wanted.join(", ")
    );
    (sql, parameters)
}

#[cfg(test)]
mod tests {
    use casbah_model::filter::{ACTIVITIES, parse_query};
    use casbah_model::time::Timestamp;
    use sea_query::SqliteQueryBuilder;
    use serde_json::json;

    use super::*;
    use crate::database::{Dialect, Session};
    use crate::schema;

    /// How SQLite goes about the first page and the count of a filter.
    fn plans(filters: &serde_json::Value) -> [String; 2] {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let session = &mut Session::sqlite(&connection);
        schema::migrate(session, Dialect::Sqlite).unwrap();
        let tenant = TenantId::random();
        let parameters = json!({"filters": filters});
        let query = parse_query(&ACTIVITIES, parameters.as_object().unwrap(), Timestamp(0));
        let query = query.unwrap();
        let listing = list(tenant, &query);
        [
            listing.select_rows(tenant, 101, 0),
            listing.select_counted(tenant),
        ]
        .map(|select| {
            let (sql, values) = select.build(SqliteQueryBuilder);
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let steps = session.rows(&sql, &values.0).unwrap().into_iter();
            let steps = steps.map(|mut row| row.get::<String>(3).unwrap());
            steps.collect::<Vec<_>>().join("; ")
        })
    }

    #[test]
    fn each_filter_goes_by_the_index_that_leaves_least() {
        let day = json!({"range": [{"start": 1, "end": 2}]});
        let one = "tenant_id=? AND";
        for (filters, index, columns) in [
            (
                json!({}),
                "sqlite_autoindex_activity_1",
                "(tenant_id=?)".to_owned(),
            ),
            (
                json!({"date": day}),
                "sqlite_autoindex_activity_1",
                format!("({one} timestamp>? AND timestamp<?)"),
            ),
            (
                json!({"service": {"eq": [11161]}, "date": {"gte": 1}}),
                "sqlite_autoindex_activity_1",
                format!("({one} timestamp>?)"),
            ),
            (
                json!({"location.country": {"eq": ["DE"]}}),
                "sqlite_autoindex_activity_1",
                "(tenant_id=?)".to_owned(),
            ),
            (
                json!({"user.username": {"eq": ["anna"]}}),
                "activity_user",
                format!("({one} user_folded=?)"),
            ),
            (
                json!({"user.username": {"eq": ["anna"]}, "date": day}),
                "activity_user",
                format!("({one} user_folded=? AND timestamp>? AND timestamp<?)"),
            ),
            (
                json!({"user.username": {"eq": ["anna"]}, "activity.actionType": {"eq": ["a"]}}),
                "activity_user",
                format!("({one} user_folded=?)"),
            ),
            (
                json!({"ip.address": {"eq": ["192.0.2.1"]}}),
                "activity_ip",
                format!("({one} ip=?)"),
            ),
        ] {
            for plan in plans(&filters) {
                assert!(
                    plan.contains(&format!("INDEX {index} {columns}")),
                    "{filters}: {plan}"
                );
            }
        }
    }
}
