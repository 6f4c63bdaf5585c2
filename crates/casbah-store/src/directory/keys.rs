//! Keys of the installation, sealed by the master key.

use casbah_model::audit::AuditKeyRecord;
use casbah_model::identity::{DataKeyRecord, PepperRecord, Sealed, SigningKeyRecord};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

impl Store {
    /// Signing keys that are still published, the newest first.
    pub async fn signing_keys(&self, now: Timestamp) -> Result<Vec<SigningKeyRecord>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT kid, certificate, private_key, created, signs_from, signs_until,
                    published_until
                 FROM signing_key WHERE published_until > ?1 ORDER BY signs_from DESC, kid",
                params![now],
            )?;
            rows.into_iter().map(read_signing_key).collect()
        })
        .await
    }

    /// Stores the next signing key, unless another node was faster: `after` is when the
    /// last of the known keys ceases to sign. Answers whether it was stored. The home
    /// tenant's audit keeps it; the first key is there before any tenant.
    pub async fn add_next_signing_key(
        &self,
        key: SigningKeyRecord,
        after: Option<Timestamp>,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let last = session.number(
                "SELECT MAX(signs_until) FROM signing_key WHERE signs_until > ?1",
                params![key.created],
            )?;
            let after = after.filter(|after| *after > key.created);
            if last != after.map_or(0, |after| after.0) {
                return Ok(false);
            }
            insert_signing_key(session, &key)?;
            audit_at_home(session, &record)?;
            Ok(true)
        })
        .await
    }

    /// Stores a new signing key and ends the older ones: none signs after `signs_until`
    /// or is published after `published_until`. Tokens that were known to be good are
    /// looked at again, in every tenant.
    pub async fn replace_signing_keys(
        &self,
        key: SigningKeyRecord,
        signs_until: Timestamp,
        published_until: Timestamp,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "UPDATE signing_key SET signs_until = ?1 WHERE signs_until > ?1",
                params![signs_until],
            )?;
            session.execute(
                "UPDATE signing_key SET published_until = ?1 WHERE published_until > ?1",
                params![published_until],
            )?;
            insert_signing_key(session, &key)?;
            session.execute("UPDATE tenant SET auth_epoch = auth_epoch + 1", params![])?;
            audit_at_home(session, &record)
        })
        .await
    }

    /// Puts data keys, sealed anew, in the place of those with the same versions;
    /// refused if they are not all.
    pub async fn rewrap_data_keys(
        &self,
        keys: Vec<DataKeyRecord>,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            let present = session.number("SELECT COUNT(*) FROM data_key", params![])?;
            if usize::try_from(present).ok() != Some(keys.len()) {
                return Err(StoreError::Conflict(Conflict::Exists));
            }
            for key in &keys {
                session.execute(
                    "UPDATE data_key SET wrapped = ?2 WHERE version = ?1",
                    params![key.version, key.wrapped.as_bytes()],
                )?;
            }
            audit_at_home(session, &record)
        })
        .await
    }

    /// Data keys, the newest first.
    pub async fn data_keys(&self) -> Result<Vec<DataKeyRecord>, StoreError> {
        self.read(|session| {
            let rows = session.rows(
                "SELECT version, wrapped, created FROM data_key ORDER BY version DESC",
                params![],
            )?;
            let read = |mut row: Row| {
                Ok(DataKeyRecord {
                    version: row.get(0)?,
                    wrapped: Sealed::new(row.get(1)?),
                    created: row.get(2)?,
                })
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Stores a new data key; false if the version is there already.
    pub async fn add_data_key(&self, key: DataKeyRecord) -> Result<bool, StoreError> {
        self.write(move |session| {
            let added = session.execute(
                "INSERT INTO data_key (version, wrapped, created) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![key.version, key.wrapped.as_bytes(), key.created],
            )?;
            Ok(added > 0)
        })
        .await
    }

    /// Peppers of client secrets, the newest first.
    pub async fn peppers(&self) -> Result<Vec<PepperRecord>, StoreError> {
        self.read(|session| {
            let rows = session.rows(
                "SELECT version, sealed, created FROM pepper ORDER BY version DESC",
                params![],
            )?;
            let read = |mut row: Row| {
                Ok(PepperRecord {
                    version: row.get(0)?,
                    sealed: Sealed::new(row.get(1)?),
                    created: row.get(2)?,
                })
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Stores a new pepper; false if the version is there already.
    pub async fn add_pepper(&self, pepper: PepperRecord) -> Result<bool, StoreError> {
        self.write(move |session| {
            let added = session.execute(
                "INSERT INTO pepper (version, sealed, created) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![pepper.version, pepper.sealed.as_bytes(), pepper.created],
            )?;
            Ok(added > 0)
        })
        .await
    }

    /// Keys of the audit, the newest first.
    pub async fn audit_keys(&self) -> Result<Vec<AuditKeyRecord>, StoreError> {
        self.read(|session| {
            let rows = session.rows(
                "SELECT version, sealed, created FROM audit_key ORDER BY version DESC",
                params![],
            )?;
            let read = |mut row: Row| {
                Ok(AuditKeyRecord {
                    version: row.get(0)?,
                    sealed: Sealed::new(row.get(1)?),
                    created: row.get(2)?,
                })
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Stores a new key of the audit; false if the version is there already.
    pub async fn add_audit_key(&self, key: AuditKeyRecord) -> Result<bool, StoreError> {
        self.write(move |session| {
            let added = session.execute(
                "INSERT INTO audit_key (version, sealed, created) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![key.version, key.sealed.as_bytes(), key.created],
            )?;
            Ok(added > 0)
        })
        .await
    }
}

/// Keys are the installation's, so the home tenant's audit holds what became of them.
pub(crate) fn audit_at_home(
    session: &mut Session<'_>,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let homes = session.rows("SELECT id FROM tenant WHERE is_home = 1", params![])?;
    for mut home in homes {
        let home: TenantId = home.get(0)?;
        audit::append(session, home, record)?;
    }
    Ok(())
}

fn insert_signing_key(session: &mut Session<'_>, key: &SigningKeyRecord) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO signing_key (kid, certificate, private_key, created, signs_from,
            signs_until, published_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            &key.kid,
            key.certificate.clone(),
            key.private_key.as_bytes(),
            key.created,
            key.signs_from,
            key.signs_until,
            key.published_until
        ],
    )?;
    Ok(())
}

fn read_signing_key(mut row: Row) -> Result<SigningKeyRecord, StoreError> {
    Ok(SigningKeyRecord {
        kid: row.get(0)?,
        certificate: row.get(1)?,
        private_key: Sealed::new(row.get(2)?),
        created: row.get(3)?,
        signs_from: row.get(4)?,
        signs_until: row.get(5)?,
        published_until: row.get(6)?,
    })
}
