//! IP ranges: a tenant's own words about addresses.

use casbah_model::activity::tenant_number;
use casbah_model::filter::{Condition as FieldCondition, ListQuery, Scalar, Test, fold};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::IpRange;
use casbah_model::ip_tag::{IpTag, TagReference};
use casbah_model::time::Timestamp;
use sea_query::{Cond, Condition};

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::filter::{Target, compile, members, never};
use crate::page::{Listing, Page, direction};
use crate::{Store, StoreError};

impl Store {
    /// One page of a tenant's IP ranges.
    pub async fn list_ip_ranges(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Page<IpRange>, StoreError> {
        self.read(move |session| {
            let order = direction(&query);
            let first = match query.sort.field {
                "category" => "category",
                "tags" => "tags_folded",
                _ => "name_folded",
            };
            let listing = Listing {
                table: "ip_range",
                columns: &["record"],
                condition: compile(&query.filter, target),
                order: [first, "id"].map(|column| (column, order.clone())).to_vec(),
            };
            listing.page(session, tenant, &query, read_range)
        })
        .await
    }

    /// All of a tenant's IP ranges, for enrichment.
    pub async fn ip_ranges(&self, tenant: TenantId) -> Result<Vec<IpRange>, StoreError> {
        self.read(move |session| all(session, tenant)).await
    }

    /// One IP range.
    pub async fn ip_range(
        &self,
        tenant: TenantId,
        id: RecordId,
    ) -> Result<Option<IpRange>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT record FROM ip_range WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            row.map(read_range).transpose()
        })
        .await
    }

    /// Stores a new range, or a new version of one with the same id.
    ///
    /// Refused where another range has the name or overlaps one of its networks;
    /// networks of the range itself may overlap. It gets these tags and no others; an
    /// unknown name makes a new one, an unknown id is refused.
    pub async fn save_ip_range(
        &self,
        tenant: TenantId,
        range: IpRange,
        tags: Vec<TagReference>,
        audit: AuditRecord,
    ) -> Result<IpRange, StoreError> {
        self.write_apart(move |session| {
            let mut range = range.clone();
            let others = all(session, tenant)?;
            check(&range, others.iter().filter(|other| other.id != range.id))?;
            range.tags.clear();
            for meant in &tags {
                let tag = known_tag(session, tenant, meant, audit.timestamp)?;
                if !range.tags.contains(&tag) {
                    range.tags.push(tag);
                }
            }
            let tags = range.tags.iter();
            let tags = members(tags.flat_map(|tag| [tag.name.as_str(), tag.id.as_str()]));
            session.execute(
                "INSERT INTO ip_range (tenant_id, id, name_folded, category, tags_folded, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (tenant_id, id) DO UPDATE SET name_folded = excluded.name_folded,
                    category = excluded.category, tags_folded = excluded.tags_folded,
                    record = excluded.record",
                params![
                    tenant,
                    range.id,
                    fold(&range.name),
                    range.category.value(),
                    tags,
                    serde_json::to_string(&range)?,
                ],
            )?;
            audit::append(session, tenant, &audit)?;
            Ok(range)
        })
        .await
    }

    /// Deletes a range; false if there is none.
    pub async fn delete_ip_range(
        &self,
        tenant: TenantId,
        id: RecordId,
        audit: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let deleted = session.execute(
                "DELETE FROM ip_range WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            if deleted == 0 {
                return Ok(false);
            }
            audit::append(session, tenant, &audit)?;
            Ok(true)
        })
        .await
    }

    /// The tenant's own tags on addresses.
    pub async fn ip_tags(&self, tenant: TenantId) -> Result<Vec<IpTag>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM ip_tag WHERE tenant_id = ?1 ORDER BY name_folded",
                params![tenant],
            )?;
            rows.into_iter()
                .map(|mut row| Ok(serde_json::from_str(&row.get::<String>(0)?)?))
                .collect()
        })
        .await
    }
}

fn all(session: &mut Session<'_>, tenant: TenantId) -> Result<Vec<IpRange>, StoreError> {
    let rows = session.rows(
        "SELECT record FROM ip_range WHERE tenant_id = ?1 ORDER BY name_folded",
        params![tenant],
    )?;
    rows.into_iter().map(read_range).collect()
}

fn check<'a>(range: &IpRange, others: impl Iterator<Item = &'a IpRange>) -> Result<(), StoreError> {
    for other in others {
        if fold(&other.name) == fold(&range.name) {
            return Err(StoreError::Conflict(Conflict::Name(range.name.clone())));
        }
        for network in &range.subnets {
            if other.subnets.iter().any(|subnet| subnet.overlaps(network)) {
                return Err(StoreError::Conflict(Conflict::Network {
                    network: network.original_string.clone(),
                    other: other.name.clone(),
                }));
            }
        }
    }
    Ok(())
}

/// The tag that is meant, made if it is new.
fn known_tag(
    session: &mut Session<'_>,
    tenant: TenantId,
    meant: &TagReference,
    now: Timestamp,
) -> Result<IpTag, StoreError> {
    let name = match meant {
        TagReference::Name(name) => name,
        TagReference::Id { id, name } => {
            let known = match IpTag::built_in(*id) {
                Some(tag) => Some(tag),
                None => stored_tag(session, tenant, ("id", &id.to_string()))?,
            };
            match (known, name) {
                (Some(tag), _) => return Ok(tag),
                (None, Some(name)) => name,
                (None, None) => return Err(StoreError::Conflict(Conflict::UnknownTag(*id))),
            }
        }
    };
    if let Some(tag) = IpTag::built_in_named(name) {
        return Ok(tag);
    }
    if let Some(tag) = stored_tag(session, tenant, ("name_folded", &fold(name)))? {
        return Ok(tag);
    }
    let id = RecordId::generate(now.seconds());
    let tag = IpTag::custom(id, tenant_number(tenant), name);
    session.execute(
        "INSERT INTO ip_tag (tenant_id, id, name_folded, record) VALUES (?1, ?2, ?3, ?4)",
        params![
            tenant,
            &tag.id,
            fold(&tag.name),
            serde_json::to_string(&tag)?
        ],
    )?;
    Ok(tag)
}

fn stored_tag(
    session: &mut Session<'_>,
    tenant: TenantId,
    (column, value): (&'static str, &str),
) -> Result<Option<IpTag>, StoreError> {
    let sql = format!("SELECT record FROM ip_tag WHERE tenant_id = ?1 AND {column} = ?2");
    let Some(mut row) = session.row(&sql, params![tenant, value])? else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_str(&row.get::<String>(0)?)?))
}

fn read_range(mut row: Row) -> Result<IpRange, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}

fn target(condition: &FieldCondition) -> Target {
    match condition.field.name {
        "category" => Target::Column("category"),
        "tags" => Target::Members("tags_folded"),
        _ => Target::Expression(by_origin(&condition.test)),
    }
}

/// The table holds a tenant's own ranges; none of them is built in.
fn by_origin(test: &Test) -> Condition {
    match test {
        Test::AnyOf(values) if values.contains(&Scalar::Bool(false)) => Cond::all(),
        _ => Cond::all().add(never()),
    }
}
