//! Tags on discovered apps: sanctioned, unsanctioned, and a tenant's own.

use std::collections::BTreeMap;

use casbah_model::discovery::DiscoveredAppId;
use casbah_model::filter::fold;
use casbah_model::ids::TenantId;

use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::{Store, StoreError};

impl Store {
    /// Puts a tag on an app, after taking off those of `instead`.
    pub async fn tag_app(
        &self,
        tenant: TenantId,
        app: DiscoveredAppId,
        tag: String,
        instead: &'static [&'static str],
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            for other in instead {
                remove(session, tenant, app, other)?;
            }
            session.execute(
                "INSERT INTO app_tag (tenant_id, app_id, tag_folded, tag) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                params![tenant, app.0, fold(&tag), &tag],
            )?;
            audit::append(session, tenant, &audit)
        })
        .await
    }

    /// Takes a tag off an app; false if it had none of this name.
    pub async fn untag_app(
        &self,
        tenant: TenantId,
        app: DiscoveredAppId,
        tag: String,
        audit: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let removed = remove(session, tenant, app, &tag)?;
            if removed {
                audit::append(session, tenant, &audit)?;
            }
            Ok(removed)
        })
        .await
    }

    /// The tags of every app that has one.
    pub async fn app_tags(
        &self,
        tenant: TenantId,
    ) -> Result<BTreeMap<DiscoveredAppId, Vec<String>>, StoreError> {
        self.read(move |session| {
            let tags = of_all(session, tenant)?;
            Ok(tags
                .into_iter()
                .map(|(app, tags)| (DiscoveredAppId(app), tags))
                .collect())
        })
        .await
    }
}

pub(super) fn of_all(
    session: &mut Session<'_>,
    tenant: TenantId,
) -> Result<BTreeMap<i32, Vec<String>>, StoreError> {
    let rows = session.rows(
        "SELECT app_id, tag FROM app_tag WHERE tenant_id = ?1 ORDER BY app_id, tag_folded",
        params![tenant],
    )?;
    let mut tags: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for mut row in rows {
        tags.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(tags)
}

fn remove(
    session: &mut Session<'_>,
    tenant: TenantId,
    app: DiscoveredAppId,
    tag: &str,
) -> Result<bool, StoreError> {
    let removed = session.execute(
        "DELETE FROM app_tag WHERE tenant_id = ?1 AND app_id = ?2 AND tag_folded = ?3",
        params![tenant, app.0, fold(tag)],
    )?;
    Ok(removed > 0)
}
