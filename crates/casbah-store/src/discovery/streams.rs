//! Streams: the data of each report.

use casbah_model::discovery::DiscoveryStream;
use casbah_model::filter::fold;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::Timestamp;

use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

impl Store {
    /// All streams of a tenant, by name.
    pub async fn discovery_streams(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<DiscoveryStream>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM discovery_stream WHERE tenant_id = ?1 ORDER BY name_folded, id",
                params![tenant],
            )?;
            rows.into_iter().map(read).collect()
        })
        .await
    }
}

/// The stream that a log goes to: of a snapshot a new one, whatever others are called;
/// otherwise that of the data source of this name, made if it is new.
pub(super) fn of_log(
    session: &mut Session<'_>,
    tenant: TenantId,
    name: &str,
    snapshot: bool,
    log_type: u16,
    now: Timestamp,
) -> Result<DiscoveryStream, StoreError> {
    if !snapshot {
        let row = session.row(
            "SELECT record FROM discovery_stream
             WHERE tenant_id = ?1 AND snapshot = 0 AND name_folded = ?2",
            params![tenant, fold(name)],
        )?;
        if let Some(row) = row {
            return read(row);
        }
    }
    let stream = DiscoveryStream {
        id: RecordId::generate(now.seconds()),
        name: name.to_owned(),
        snapshot,
        log_type,
        created: now,
        modified: now,
        last_data: None,
        logs: 0,
        failed_logs: 0,
    };
    save(session, tenant, &stream)?;
    Ok(stream)
}

/// Counts a log that was worked in, or that could not be.
pub(super) fn count_log(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: RecordId,
    succeeded: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = session.row(
        "SELECT record FROM discovery_stream WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    let Some(row) = row else { return Ok(()) };
    let mut stream = read(row)?;
    stream.modified = now;
    if succeeded {
        stream.logs += 1;
        stream.last_data = Some(now);
    } else {
        stream.failed_logs += 1;
    }
    save(session, tenant, &stream)
}

fn save(
    session: &mut Session<'_>,
    tenant: TenantId,
    stream: &DiscoveryStream,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO discovery_stream (tenant_id, id, name_folded, snapshot, record)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (tenant_id, id) DO UPDATE SET record = excluded.record",
        params![
            tenant,
            stream.id,
            fold(&stream.name),
            stream.snapshot,
            serde_json::to_string(stream)?
        ],
    )?;
    Ok(())
}

fn read(mut row: Row) -> Result<DiscoveryStream, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
