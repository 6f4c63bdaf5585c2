//! Logs on their way into a report. Each step is taken once.

use casbah_model::discovery::{
    AddressDay, AppDay, DiscoveryStream, DiscoveryUpload, UploadState, UserDay,
};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::Timestamp;

use super::{streams, usage};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

/// The end of an upload, as its sender says it.
#[derive(Debug, Clone)]
pub struct DoneUpload {
    /// The name of the data source or snapshot report.
    pub stream_name: String,
    /// Whether a snapshot report is wanted.
    pub snapshot: bool,
    /// The number of the log's type.
    pub log_type: u16,
}

/// What a log showed, as rows of one day each.
#[derive(Debug, Clone, Default)]
pub struct UsageRows {
    /// By app.
    pub apps: Vec<AppDay>,
    /// By app and user.
    pub users: Vec<UserDay>,
    /// By app and source address.
    pub addresses: Vec<AddressDay>,
}

impl Store {
    /// Stores a new upload.
    pub async fn create_upload(
        &self,
        tenant: TenantId,
        upload: DiscoveryUpload,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            save(session, tenant, &upload)?;
            audit::append(session, tenant, &audit)
        })
        .await
    }

    /// One upload.
    pub async fn upload(
        &self,
        tenant: TenantId,
        id: RecordId,
    ) -> Result<Option<DiscoveryUpload>, StoreError> {
        self.read(move |session| fetch(session, tenant, id)).await
    }

    /// Uploads that their sender has ended, the newest first.
    pub async fn uploads(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<DiscoveryUpload>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM discovery_upload
                 WHERE tenant_id = ?1 AND stream_id IS NOT NULL ORDER BY created DESC, id DESC
                 LIMIT ?2",
                params![tenant, limit],
            )?;
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Uploads that wait for a reader, or whose reader did not come to an end.
    pub async fn unfinished_uploads(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<DiscoveryUpload>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT record FROM discovery_upload
                 WHERE tenant_id = ?1 AND state IN ('waiting', 'processing') ORDER BY created, id",
                params![tenant],
            )?;
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Says that the file of an upload is here; false if it was before.
    pub async fn upload_stored(
        &self,
        tenant: TenantId,
        id: RecordId,
        bytes: u64,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            step(session, tenant, id, UploadState::Open, |upload| {
                upload.state = UploadState::Stored;
                upload.bytes = bytes;
            })
            .map(|upload| upload.is_some())
        })
        .await
    }

    /// Gives an upload to its report, which is made if it is new; none if the
    /// upload's file is not here, or was given before.
    pub async fn upload_done(
        &self,
        tenant: TenantId,
        id: RecordId,
        done: DoneUpload,
        audit: AuditRecord,
    ) -> Result<Option<DiscoveryStream>, StoreError> {
        self.write_apart(move |session| {
            if fetch(session, tenant, id)?.is_none_or(|upload| upload.state != UploadState::Stored)
            {
                return Ok(None);
            }
            let stream = streams::of_log(
                session,
                tenant,
                &done.stream_name,
                done.snapshot,
                done.log_type,
                audit.timestamp,
            )?;
            step(session, tenant, id, UploadState::Stored, |upload| {
                upload.state = UploadState::Waiting;
                upload.stream_id = Some(stream.id);
                upload.stream_name = Some(stream.name.clone());
            })?;
            audit::append(session, tenant, &audit)?;
            Ok(Some(stream))
        })
        .await
    }

    /// Says that a reader has begun; false if the upload does not wait for one.
    ///
    /// One that was left in the middle may be begun again: nothing of it is in the
    /// report before the end.
    pub async fn upload_begun(&self, tenant: TenantId, id: RecordId) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let begin = |upload: &mut DiscoveryUpload| upload.state = UploadState::Processing;
            if step(session, tenant, id, UploadState::Waiting, begin)?.is_some() {
                return Ok(true);
            }
            Ok(step(session, tenant, id, UploadState::Processing, begin)?.is_some())
        })
        .await
    }

    /// Ends an upload and works its usage into the report, in one transaction;
    /// false, and nothing is changed, if it was ended before.
    pub async fn upload_finished(
        &self,
        tenant: TenantId,
        finished: DiscoveryUpload,
        rows: UsageRows,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let Some(stream) = finished.stream_id else {
                return Ok(false);
            };
            let ended = step(
                session,
                tenant,
                finished.id,
                UploadState::Processing,
                |upload| {
                    *upload = finished.clone();
                    upload.finished = Some(now);
                },
            )?;
            if ended.is_none() {
                return Ok(false);
            }
            usage::add(session, tenant, stream, &rows)?;
            let succeeded = finished.state == UploadState::Done;
            streams::count_log(session, tenant, stream, succeeded, now)?;
            Ok(true)
        })
        .await
    }
}

/// Changes an upload that is in the state `from`; none if it is not.
fn step(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: RecordId,
    from: UploadState,
    change: impl FnOnce(&mut DiscoveryUpload),
) -> Result<Option<DiscoveryUpload>, StoreError> {
    let Some(mut upload) = fetch(session, tenant, id)?.filter(|upload| upload.state == from) else {
        return Ok(None);
    };
    change(&mut upload);
    save(session, tenant, &upload)?;
    Ok(Some(upload))
}

fn save(
    session: &mut Session<'_>,
    tenant: TenantId,
    upload: &DiscoveryUpload,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO discovery_upload (tenant_id, id, stream_id, state, created, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (tenant_id, id) DO UPDATE SET stream_id = excluded.stream_id,
            state = excluded.state, record = excluded.record",
        params![
            tenant,
            upload.id,
            upload.stream_id,
            upload.state.name(),
            upload.created,
            serde_json::to_string(upload)?
        ],
    )?;
    Ok(())
}

fn fetch(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: RecordId,
) -> Result<Option<DiscoveryUpload>, StoreError> {
    let row = session.row(
        "SELECT record FROM discovery_upload WHERE tenant_id = ?1 AND id = ?2",
        params![tenant, id],
    )?;
    row.map(read).transpose()
}

fn read(mut row: Row) -> Result<DiscoveryUpload, StoreError> {
    Ok(serde_json::from_str(&row.get::<String>(0)?)?)
}
