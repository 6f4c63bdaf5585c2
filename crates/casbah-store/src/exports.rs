//! Exports: readers of a tenant's feeds that the server itself runs, one node each.

use casbah_model::export::{ExportTarget, MOST_EXPORTS};
use casbah_model::identity::Sealed;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Feed, FeedPosition, Store, StoreError};

/// An export and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: KeyId,
    /// The tenant.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Who gets what it sends.
    pub target: ExportTarget,
    /// Whether it runs.
    pub enabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// How many records it has sent.
    pub sent: u64,
    /// When it last sent some.
    pub last_sent: Option<Timestamp>,
    /// How many tries have failed since.
    pub failures: u32,
    /// Why the last of them did.
    pub last_error: Option<String>,
    /// When it is tried again; none if nothing failed.
    pub next_try: Option<Timestamp>,
    /// What it follows.
    pub feeds: Vec<ExportFeed>,
}

/// How far an export is in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFeed {
    /// The feed.
    pub feed: Feed,
    /// What is before it was sent.
    pub place: FeedPosition,
    /// How often the feed did not reach back to the place any more.
    pub gaps: u32,
    /// The batch that was begun and is to be sent as it was.
    pub batch: Option<Batch>,
}

/// A batch that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// The place behind its last record.
    pub end: FeedPosition,
    /// When it was begun.
    pub made: Timestamp,
}

/// Who works on which feed of which export; what it writes counts only while it holds
/// the lease.
#[derive(Debug, Clone, Copy)]
pub struct ExportLease {
    /// The tenant.
    pub tenant: TenantId,
    /// The export.
    pub export: KeyId,
    /// The node.
    pub node: KeyId,
}

const SELECT: &str = "SELECT id, name, target, enabled, created, sent, last_sent, failures,
    last_error, next_try FROM export WHERE tenant_id = ?1";

impl Store {
    /// A tenant's exports, the oldest first.
    pub async fn exports(&self, tenant: TenantId) -> Result<Vec<Export>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(&format!("{SELECT} ORDER BY created, id"), params![tenant])?;
            rows.into_iter()
                .map(|row| read(session, tenant, row))
                .collect()
        })
        .await
    }

    /// An export.
    pub async fn export(&self, tenant: TenantId, id: KeyId) -> Result<Option<Export>, StoreError> {
        self.read(move |session| by_id(session, tenant, id)).await
    }

    /// The sealed secret of an export that has one.
    pub async fn export_secret(
        &self,
        tenant: TenantId,
        id: KeyId,
    ) -> Result<Option<Sealed>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT secret FROM export WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            let secret: Option<Vec<u8>> = row.map_or(Ok(None), |mut row| row.get(0))?;
            Ok(secret.map(Sealed::new))
        })
        .await
    }

    /// Stores a new export; refused if the tenant has as many as it may.
    pub async fn create_export(
        &self,
        export: Export,
        secret: Option<Sealed>,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            let tenant = export.tenant;
            let present = session.number(
                "SELECT COUNT(*) FROM export WHERE tenant_id = ?1",
                params![tenant],
            )?;
            if present >= i64::from(MOST_EXPORTS) {
                return Err(StoreError::Conflict(Conflict::TooManyExports));
            }
            session.execute(
                "INSERT INTO export (tenant_id, id, name, target, secret, enabled, created, sent,
                    failures, lease_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0)",
                params![
                    tenant,
                    export.id,
                    &export.name,
                    serde_json::to_string(&export.target)?,
                    secret.as_ref().map(|secret| secret.as_bytes().to_vec()),
                    export.enabled,
                    export.created,
                    0_i64
                ],
            )?;
            for followed in &export.feeds {
                session.execute(
                    "INSERT INTO export_feed (tenant_id, export_id, feed, place, gaps)
                     VALUES (?1, ?2, ?3, ?4, 0)",
                    params![
                        tenant,
                        export.id,
                        followed.feed.value(),
                        followed.place.to_string()
                    ],
                )?;
            }
            audit::append(session, tenant, &record)
        })
        .await
    }

    /// Lets an export run or rest, and forgets what failed before; none if there is none.
    pub async fn switch_export(
        &self,
        tenant: TenantId,
        id: KeyId,
        enabled: bool,
        record: AuditRecord,
    ) -> Result<Option<Export>, StoreError> {
        self.write_apart(move |session| {
            let switched = session.execute(
                "UPDATE export SET enabled = ?3, failures = 0, last_error = NULL, next_try = NULL
                 WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id, enabled],
            )?;
            audit::append_if(session, tenant, &record, switched > 0)?;
            by_id(session, tenant, id)
        })
        .await
    }

    /// Deletes an export; false if there is none.
    pub async fn delete_export(
        &self,
        tenant: TenantId,
        id: KeyId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "DELETE FROM export_feed WHERE tenant_id = ?1 AND export_id = ?2",
                params![tenant, id],
            )?;
            let deleted = session.execute(
                "DELETE FROM export WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }

    /// Exports of all tenants that a node may work on now.
    pub async fn due_exports(
        &self,
        node: KeyId,
        now: Timestamp,
    ) -> Result<Vec<(TenantId, KeyId)>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT tenant_id, id FROM export
                 WHERE enabled = 1 AND (next_try IS NULL OR next_try <= ?2)
                    AND (lease_holder IS NULL OR lease_holder = ?1 OR lease_until < ?2)",
                params![node, now],
            )?;
            rows.into_iter()
                .map(|mut row| Ok((row.get(0)?, row.get(1)?)))
                .collect()
        })
        .await
    }

    /// Takes or renews the lease of an export that runs; none while another node has it.
    pub async fn lease_export(
        &self,
        lease: ExportLease,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Export>, StoreError> {
        self.write_apart(move |session| {
            let leased = session.execute(
                "UPDATE export SET lease_holder = ?3, lease_until = ?4
                 WHERE tenant_id = ?1 AND id = ?2 AND enabled = 1 AND (lease_holder IS NULL
                    OR lease_holder = ?3 OR lease_until < ?5)",
                params![lease.tenant, lease.export, lease.node, until, now],
            )?;
            if leased == 0 {
                return Ok(None);
            }
            by_id(session, lease.tenant, lease.export)
        })
        .await
    }

    /// Gives up all leases of a node.
    pub async fn release_exports(&self, node: KeyId) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "UPDATE export SET lease_holder = NULL WHERE lease_holder = ?1",
                params![node],
            )?;
            Ok(())
        })
        .await
    }

    /// Keeps where a batch ends, before it is sent first; false if the lease is lost.
    pub async fn begin_export_batch(
        &self,
        lease: ExportLease,
        feed: Feed,
        batch: Batch,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            if !is_held(session, lease)? {
                return Ok(false);
            }
            let begun = session.execute(
                "UPDATE export_feed SET batch_end = ?4, batch_made = ?5
                 WHERE tenant_id = ?1 AND export_id = ?2 AND feed = ?3",
                params![
                    lease.tenant,
                    lease.export,
                    feed.value(),
                    batch.end.to_string(),
                    batch.made
                ],
            )?;
            Ok(begun > 0)
        })
        .await
    }

    /// Goes on to a place, behind records that were sent, if any; false if the lease is
    /// lost.
    pub async fn advance_export(
        &self,
        lease: ExportLease,
        feed: Feed,
        place: FeedPosition,
        records: usize,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            if !is_held(session, lease)? {
                return Ok(false);
            }
            move_to(session, lease, feed, place, 0)?;
            if records > 0 {
                session.execute(
                    "UPDATE export SET sent = sent + ?3, last_sent = ?4, failures = 0,
                        last_error = NULL, next_try = NULL
                     WHERE tenant_id = ?1 AND id = ?2",
                    params![
                        lease.tenant,
                        lease.export,
                        i64::try_from(records).unwrap_or(i64::MAX),
                        now
                    ],
                )?;
            }
            Ok(true)
        })
        .await
    }

    /// Goes on to a place because the feed does not reach back any more; false if the lease
    /// is lost.
    pub async fn skip_export_gap(
        &self,
        lease: ExportLease,
        feed: Feed,
        place: FeedPosition,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            if !is_held(session, lease)? {
                return Ok(false);
            }
            move_to(session, lease, feed, place, 1)?;
            Ok(true)
        })
        .await
    }

    /// Keeps that a try failed, and when the next one is; false if the lease is lost.
    pub async fn fail_export(
        &self,
        lease: ExportLease,
        error: String,
        next_try: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            if !is_held(session, lease)? {
                return Ok(false);
            }
            session.execute(
                "UPDATE export SET failures = failures + 1, last_error = ?3, next_try = ?4
                 WHERE tenant_id = ?1 AND id = ?2",
                params![lease.tenant, lease.export, &error, next_try],
            )?;
            Ok(true)
        })
        .await
    }

    /// Switches an export off that its receiver wants no more; false if the lease is lost.
    pub async fn end_export(
        &self,
        lease: ExportLease,
        error: String,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            if !is_held(session, lease)? {
                return Ok(false);
            }
            session.execute(
                "UPDATE export SET enabled = 0, failures = failures + 1, last_error = ?3,
                    next_try = NULL
                 WHERE tenant_id = ?1 AND id = ?2",
                params![lease.tenant, lease.export, &error],
            )?;
            audit::append(session, lease.tenant, &record)?;
            Ok(true)
        })
        .await
    }
}

/// Whether the export is there, runs and is the node's; it stays so until the transaction
/// ends.
fn is_held(session: &mut Session<'_>, lease: ExportLease) -> Result<bool, StoreError> {
    let held = session.execute(
        "UPDATE export SET lease_holder = lease_holder
         WHERE tenant_id = ?1 AND id = ?2 AND enabled = 1 AND lease_holder = ?3",
        params![lease.tenant, lease.export, lease.node],
    )?;
    Ok(held > 0)
}

fn move_to(
    session: &mut Session<'_>,
    lease: ExportLease,
    feed: Feed,
    place: FeedPosition,
    gaps: i64,
) -> Result<(), StoreError> {
    session.execute(
        "UPDATE export_feed SET place = ?4, gaps = gaps + ?5, batch_end = NULL, batch_made = NULL
         WHERE tenant_id = ?1 AND export_id = ?2 AND feed = ?3",
        params![
            lease.tenant,
            lease.export,
            feed.value(),
            place.to_string(),
            gaps
        ],
    )?;
    Ok(())
}

fn by_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: KeyId,
) -> Result<Option<Export>, StoreError> {
    let row = session.row(&format!("{SELECT} AND id = ?2"), params![tenant, id])?;
    row.map(|row| read(session, tenant, row)).transpose()
}

fn read(session: &mut Session<'_>, tenant: TenantId, mut row: Row) -> Result<Export, StoreError> {
    let id: KeyId = row.get(0)?;
    let rows = session.rows(
        "SELECT feed, place, gaps, batch_end, batch_made FROM export_feed
         WHERE tenant_id = ?1 AND export_id = ?2 ORDER BY feed",
        params![tenant, id],
    )?;
    Ok(Export {
        id,
        tenant,
        name: row.get(1)?,
        target: serde_json::from_str(&row.get::<String>(2)?)?,
        enabled: row.get(3)?,
        created: row.get(4)?,
        sent: row.get(5)?,
        last_sent: row.get(6)?,
        failures: row.get(7)?,
        last_error: row.get(8)?,
        next_try: row.get(9)?,
        feeds: rows.into_iter().map(read_feed).collect::<Result<_, _>>()?,
    })
}

fn read_feed(mut row: Row) -> Result<ExportFeed, StoreError> {
    let place = |text: String| text.parse().map_err(|_| StoreError::Feed);
    let end: Option<String> = row.get(3)?;
    let made: Option<Timestamp> = row.get(4)?;
    let batch = match (end, made) {
        (Some(end), Some(made)) => Some(Batch {
            end: place(end)?,
            made,
        }),
        _ => None,
    };
    Ok(ExportFeed {
        feed: Feed::from_value(row.get(0)?).ok_or(StoreError::Feed)?,
        place: place(row.get(1)?)?,
        gaps: row.get(2)?,
        batch,
    })
}
