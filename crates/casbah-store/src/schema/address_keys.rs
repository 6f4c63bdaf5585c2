//! Fills `activity.ip_key` in databases from before it: no SQL that both databases speak
//! makes bytes of an address.

use std::net::IpAddr;

use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;

use crate::database::{Session, params};
use crate::error::StoreError;
use crate::ip_ranges::enrichment::key;

/// Rows that are read at once.
const BATCH: i64 = 10_000;

pub(super) fn fill(session: &mut Session<'_>) -> Result<(), StoreError> {
    let tenants = session.rows("SELECT id FROM tenant", params![])?;
    for mut row in tenants {
        fill_tenant(session, row.get(0)?)?;
    }
    Ok(())
}

fn fill_tenant(session: &mut Session<'_>, tenant: TenantId) -> Result<(), StoreError> {
    let mut position = (Timestamp(i64::MIN), Vec::new());
    loop {
        let rows = session.rows(
            "SELECT timestamp, uuid, ip FROM activity
             WHERE tenant_id = ?1 AND (timestamp, uuid) > (?2, ?3)
             ORDER BY timestamp, uuid LIMIT ?4",
            params![tenant, position.0, position.1.clone(), BATCH],
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            position = (row.get(0)?, row.get::<Vec<u8>>(1)?);
            let ip: Option<String> = row.get(2)?;
            let Some(ip) = ip.and_then(|ip| ip.parse::<IpAddr>().ok()) else {
                continue;
            };
            session.execute(
                "UPDATE activity SET ip_key = ?4
                 WHERE tenant_id = ?1 AND timestamp = ?2 AND uuid = ?3",
                params![tenant, position.0, position.1.clone(), key(ip)],
            )?;
        }
    }
}
