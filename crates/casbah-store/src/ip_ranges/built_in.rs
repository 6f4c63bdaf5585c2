//! Built-in ranges, list by list as they were published.

use std::collections::BTreeMap;

use casbah_model::built_in_range::BuiltInRange;
use casbah_model::filter::fold;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, Subnet};

use super::enrichment;
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::filter::members;
use crate::{Store, StoreError};

/// A list of built-in ranges that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltInSource {
    /// Its name.
    pub name: String,
    /// The category of its ranges.
    pub category: IpCategory,
    /// How many ranges it has.
    pub ranges: u64,
    /// How many networks these have.
    pub networks: u64,
}

impl Store {
    /// Puts these ranges in the place of all that came with the same list before. A range
    /// whose name it had keeps its id; one that is as it was changes nothing.
    ///
    /// Refused where another list has a range of the same name.
    pub async fn import_built_in_ranges(
        &self,
        tenant: TenantId,
        source: String,
        ranges: Vec<BuiltInRange>,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            let mut before = of_source(session, tenant, &source)?;
            let mut networks = Vec::new();
            for range in &ranges {
                let old = before.remove(&fold(&range.name));
                let mut range = range.clone();
                if let Some(old) = &old {
                    range.id = old.id;
                    if range == *old {
                        continue;
                    }
                }
                let subnets = old.iter().chain([&range]).flat_map(|one| &one.subnets);
                networks.extend(subnets.map(Subnet::bounds));
                save(session, tenant, &source, &range)?;
            }
            for gone in before.values() {
                networks.extend(gone.subnets.iter().map(Subnet::bounds));
                delete(session, tenant, gone.id)?;
            }
            enrichment::changed(session, tenant, networks, audit.timestamp)?;
            audit::append(session, tenant, &audit)
        })
        .await
    }

    /// Deletes the ranges of a list; false if there is no such list.
    pub async fn delete_built_in_ranges(
        &self,
        tenant: TenantId,
        source: String,
        audit: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let ranges = of_source(session, tenant, &source)?;
            if ranges.is_empty() {
                return Ok(false);
            }
            let mut networks = Vec::new();
            for gone in ranges.values() {
                networks.extend(gone.subnets.iter().map(Subnet::bounds));
                delete(session, tenant, gone.id)?;
            }
            enrichment::changed(session, tenant, networks, audit.timestamp)?;
            audit::append(session, tenant, &audit)?;
            Ok(true)
        })
        .await
    }

    /// The lists that were imported, by name.
    pub async fn built_in_sources(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<BuiltInSource>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT source, record FROM ip_range WHERE tenant_id = ?1 AND built_in = 1
                 ORDER BY source, name_folded",
                params![tenant],
            )?;
            let mut sources: Vec<BuiltInSource> = Vec::new();
            for mut row in rows {
                let name: String = row.get(0)?;
                let range: BuiltInRange = serde_json::from_str(&row.get::<String>(1)?)?;
                if sources.last().is_none_or(|last| last.name != name) {
                    sources.push(BuiltInSource {
                        name,
                        category: range.category,
                        ranges: 0,
                        networks: 0,
                    });
                }
                if let Some(source) = sources.last_mut() {
                    source.ranges += 1;
                    source.networks += range.subnets.len() as u64;
                }
            }
            Ok(sources)
        })
        .await
    }
}

/// All built-in ranges.
pub(super) fn all(
    session: &mut Session<'_>,
    tenant: TenantId,
) -> Result<Vec<BuiltInRange>, StoreError> {
    let rows = session.rows(
        "SELECT record FROM ip_range WHERE tenant_id = ?1 AND built_in = 1 ORDER BY name_folded",
        params![tenant],
    )?;
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> Result<BuiltInRange, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}

/// The ranges of one list, by folded name.
fn of_source(
    session: &mut Session<'_>,
    tenant: TenantId,
    source: &str,
) -> Result<BTreeMap<String, BuiltInRange>, StoreError> {
    let rows = session.rows(
        "SELECT record FROM ip_range WHERE tenant_id = ?1 AND built_in = 1 AND source = ?2",
        params![tenant, source],
    )?;
    let ranges = rows.into_iter().map(read);
    ranges
        .map(|range| range.map(|range| (fold(&range.name), range)))
        .collect()
}

fn save(
    session: &mut Session<'_>,
    tenant: TenantId,
    source: &str,
    range: &BuiltInRange,
) -> Result<(), StoreError> {
    let name = fold(&range.name);
    let taken = session.row(
        "SELECT 1 FROM ip_range
         WHERE tenant_id = ?1 AND built_in = 1 AND name_folded = ?2 AND source <> ?3",
        params![tenant, name.clone(), source],
    )?;
    if taken.is_some() {
        return Err(StoreError::Conflict(Conflict::Name(range.name.clone())));
    }
    let tags = range.tags.iter();
    let tags = members(tags.flat_map(|tag| [tag.name.as_str(), tag.id.as_str()]));
    session.execute(
        "INSERT INTO ip_range (tenant_id, id, name_folded, category, tags_folded, record, built_in,
            source)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)
         ON CONFLICT (tenant_id, id) DO UPDATE SET name_folded = excluded.name_folded,
            category = excluded.category, tags_folded = excluded.tags_folded,
            record = excluded.record",
        params![
            tenant,
            range.id,
            name,
            range.category.value(),
            tags,
            serde_json::to_string(range)?,
            source,
        ],
    )?;
    Ok(())
}

fn delete(session: &mut Session<'_>, tenant: TenantId, id: RecordId) -> Result<(), StoreError> {
    session.execute(
        "DELETE FROM ip_range WHERE tenant_id = ?1 AND id = ?2 AND built_in = 1",
        params![tenant, id],
    )?;
    Ok(())
}
