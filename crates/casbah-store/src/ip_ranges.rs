//! IP ranges: a tenant's own words about addresses, and built-in ones.

mod built_in;
pub(crate) mod enrichment;

pub use built_in::BuiltInSource;
pub use enrichment::{EnrichmentBatch, EnrichmentState, RangesAt};

use casbah_model::activity::tenant_number;
use casbah_model::built_in_range::ListedRange;
use casbah_model::filter::{Condition as FieldCondition, ListQuery, fold};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpRange, Subnet};
use casbah_model::ip_tag::{IpTag, TagReference};
use casbah_model::time::Timestamp;
use sea_query::{Expr, ExprTrait};

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::filter::{Target, compile, members};
use crate::page::{Listing, Page, SortKey, direction};
use crate::{Store, StoreError};

impl Store {
    /// One page of a tenant's IP ranges; its own alone, unless the filter asks for
    /// `builtIn`.
    pub async fn list_ip_ranges(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Page<ListedRange>, StoreError> {
        self.read(move |session| {
            let mut condition = compile(&query.filter, target);
            if query.filter.equality("builtIn").is_none() {
                condition = condition.add(Expr::col("built_in").eq(0));
            }
            let first = match query.sort.field {
                "category" => "category",
                "tags" => "tags_folded",
                _ => "name_folded",
            };
            let listing = Listing {
                table: "ip_range",
                columns: &["record", "built_in"],
                condition,
                order: [first, "id"].map(SortKey::Column).into(),
                direction: direction(&query),
                is_kept_in_order: false,
            };
            listing.page(session, tenant, &query, read_listed)
        })
        .await
    }

    /// One IP range, the tenant's own or a built-in one.
    pub async fn ip_range(
        &self,
        tenant: TenantId,
        id: RecordId,
    ) -> Result<Option<ListedRange>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT record, built_in FROM ip_range WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            row.map(read_listed).transpose()
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
            let others = own(session, tenant)?;
            check(&range, others.iter().filter(|other| other.id != range.id))?;
            let old = others.into_iter().find(|other| other.id == range.id);
            range.tags.clear();
            for meant in &tags {
                let tag = known_tag(session, tenant, meant, audit.timestamp)?;
                if !range.tags.contains(&tag) {
                    range.tags.push(tag);
                }
            }
            let networks = affected(old.as_ref(), &range);
            enrichment::changed(session, tenant, networks, audit.timestamp)?;
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
            let row = session.row(
                "SELECT record FROM ip_range WHERE tenant_id = ?1 AND id = ?2 AND built_in = 0",
                params![tenant, id],
            )?;
            let Some(range) = row.map(read_range).transpose()? else {
                return Ok(false);
            };
            session.execute(
                "DELETE FROM ip_range WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            let networks = range.subnets.iter().map(Subnet::bounds);
            enrichment::changed(session, tenant, networks.collect(), audit.timestamp)?;
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

/// The tenant's own ranges.
fn own(session: &mut Session<'_>, tenant: TenantId) -> Result<Vec<IpRange>, StoreError> {
    let rows = session.rows(
        "SELECT record FROM ip_range WHERE tenant_id = ?1 AND built_in = 0 ORDER BY name_folded",
        params![tenant],
    )?;
    rows.into_iter().map(read_range).collect()
}

/// The addresses of which a range says something else than before.
fn affected(old: Option<&IpRange>, new: &IpRange) -> Vec<(u128, u128)> {
    let bounds = |range: &IpRange| range.subnets.iter().map(Subnet::bounds).collect::<Vec<_>>();
    let (before, after) = (old.map(bounds).unwrap_or_default(), bounds(new));
    let says_the_same = old.is_some_and(|old| {
        (old.category, &old.organization, &old.location, &old.tags)
            == (new.category, &new.organization, &new.location, &new.tags)
    });
    if !says_the_same {
        return [before, after].concat();
    }
    let only = |these: &[(u128, u128)], those: &[(u128, u128)]| {
        let only = these.iter().filter(|one| !those.contains(one));
        only.copied().collect::<Vec<_>>()
    };
    [only(&before, &after), only(&after, &before)].concat()
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

fn read_listed(mut row: Row) -> Result<ListedRange, StoreError> {
    let (record, is_built_in) = (row.get::<String>(0)?, row.get::<bool>(1)?);
    Ok(if is_built_in {
        ListedRange::BuiltIn(serde_json::from_str(&record)?)
    } else {
        ListedRange::Custom(serde_json::from_str(&record)?)
    })
}

fn target(condition: &FieldCondition) -> Target {
    match condition.field.name {
        "category" => Target::Column("category"),
        "tags" => Target::Members("tags_folded"),
        _ => Target::Column("built_in"),
    }
}
