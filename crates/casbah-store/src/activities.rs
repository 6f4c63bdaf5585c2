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
use sea_query::{Condition, Order};
use serde_json::value::RawValue;

use crate::database::{Row, Session, params};
use crate::filter::{compile, members};
use crate::page::{Listing, Page, direction};
use crate::{Store, StoreError, detector, entities, record};

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
    /// tenant's detector waits for no more is marked late.
    pub async fn ingest_activities(
        &self,
        tenant: TenantId,
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
            for (record, activity) in &rows {
                if insert(session, tenant, activity, record, read)? {
                    ingested.accepted += 1;
                    ingested.late += u64::from(read.is_late(activity.id));
                } else {
                    ingested.duplicates += 1;
                }
            }
            entities::observe(session, tenant, &observations)?;
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
            let condition = compile(&query.filter, |condition| target(tenant, condition));
            let order = direction(&query);
            let first = if query.sort.field == "created" {
                "created"
            } else {
                "timestamp"
            };
            let order = [
                (first, order.clone()),
                ("timestamp", order.clone()),
                ("uuid", order),
            ];
            let listing = listing(condition, order.to_vec());
            let page = listing.page(session, tenant, &query, read_id)?;
            let data = records(session, tenant, &page.data)?;
            Ok(Page {
                data,
                total: page.total,
                has_next: page.has_next,
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
    let inserted = session.execute(
        "INSERT INTO activity (tenant_id, timestamp, uuid, created, app_id, instance, source,
            event_category, action_type, action_folded, user_folded, user_domain, actor_id, ip,
            ip_category, country, organization_folded, device_type, agent_folded, admin_event,
            impersonated, words, ip_tags, agent_tags, objects, late, user_tags)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
            ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)
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
            activity.user_key().map(|key| fold(&key.id)),
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
            members(activity.user.user_tags.iter().map(String::as_str)),
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

fn listing(condition: Condition, order: Vec<(&'static str, Order)>) -> Listing {
    Listing {
        table: "activity",
        columns: &["timestamp", "uuid"],
        condition,
        order,
    }
}

fn read_id(mut row: Row) -> Result<ActivityId, StoreError> {
    Ok(ActivityId {
        timestamp: row.get(0)?,
        uuid: row.get(1)?,
    })
}

fn records(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[ActivityId],
) -> Result<Vec<Box<RawValue>>, StoreError> {
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        let row = session.row(
            "SELECT record FROM activity_raw WHERE tenant_id = ?1 AND timestamp = ?2 AND uuid = ?3",
            params![tenant, id.timestamp, id.uuid.as_bytes().to_vec()],
        )?;
        if let Some(mut row) = row {
            records.push(record::decompress_json(&row.get::<Vec<u8>>(0)?)?);
        }
    }
    Ok(records)
}
