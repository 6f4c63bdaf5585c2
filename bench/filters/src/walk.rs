//! Reading all activities as plainly as can be, in one process and without a network.

use std::io::Write;
use std::time::Duration;

use casbah_model::ids::TenantId;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

use crate::cost::Meter;
use crate::error::BenchError;

/// The lines of so many bytes are in memory at once.
const BUFFER: usize = 1 << 16;

/// The order of the API's list. The time and the id are in the key of the table of records,
/// so nothing else needs to be read.
const SQL: &str = "SELECT record FROM activity_raw WHERE tenant_id = ?1
    ORDER BY timestamp DESC, uuid DESC LIMIT ?2";

/// Reads so many records, and prints what that cost or the lines themselves.
pub fn walk(
    connection: &Connection,
    tenant: TenantId,
    records: Option<u32>,
    is_printed: bool,
) -> Result<(), BenchError> {
    let mut out = std::io::stdout().lock();
    let (mut count, mut bytes) = (0_u64, 0_u64);
    let meter = Meter::start();
    let mut statement = connection.prepare(SQL)?;
    let limit = records.map_or(-1, i64::from);
    let tenant = Sql::Blob(tenant.uuid().as_bytes().to_vec());
    let mut rows = statement.query(params_from_iter([tenant, limit.into()]))?;
    let mut decompressor = Decompressor::new()?;
    let mut record = Vec::new();
    let mut lines: Vec<u8> = Vec::with_capacity(2 * BUFFER);
    while let Some(row) = rows.next()? {
        let stored = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        // A record's first byte says how the rest is compressed.
        let stored = stored.get(1..).unwrap_or_default();
        let length = get_frame_content_size(stored).ok().flatten();
        let length = usize::try_from(length.ok_or(BenchError::Length)?).unwrap_or(usize::MAX);
        record.clear();
        record.reserve(length);
        decompressor.decompress_to_buffer(stored, &mut record)?;
        lines.extend_from_slice(&record);
        lines.push(b'\n');
        count += 1;
        if lines.len() >= BUFFER {
            bytes += lines.len() as u64;
            if is_printed {
                out.write_all(&lines)?;
            }
            lines.clear();
        }
    }
    bytes += lines.len() as u64;
    let cost = meter.cost();
    if is_printed {
        out.write_all(&lines)?;
    } else {
        let seconds = |time: Duration| time.as_secs_f64();
        let read = json!({"records": count, "bytes": bytes, "cpu_s": seconds(cost.cpu), "wall_s": seconds(cost.wall)});
        writeln!(out, "{read}")?;
    }
    Ok(())
}
