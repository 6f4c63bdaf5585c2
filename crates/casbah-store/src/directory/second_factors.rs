//! Second factors of people, and sign-ins under way.

use casbah_model::identity::{
    AuthenticatorApp, Digest, Passkey, Sealed, SecondFactors, SignInStep, StepKind,
};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::recovery_codes;
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

impl Store {
    /// All second factors of a person.
    pub async fn second_factors(
        &self,
        tenant: TenantId,
        user: ObjectId,
    ) -> Result<SecondFactors, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT secret, last_step, created FROM authenticator_app
                 WHERE tenant_id = ?1 AND user_id = ?2",
                params![tenant, user],
            )?;
            let read = |mut row: Row| {
                Ok::<_, StoreError>(AuthenticatorApp {
                    tenant,
                    user,
                    secret: Sealed::new(row.get(0)?),
                    last_step: row.get(1)?,
                    created: row.get(2)?,
                })
            };
            let app = row.map(read).transpose()?;
            let rows = session.rows(
                "SELECT id, user_id, name, record, created, last_used FROM passkey
                 WHERE tenant_id = ?1 AND user_id = ?2 ORDER BY created, id",
                params![tenant, user],
            )?;
            let read = |row| read_passkey(tenant, row);
            let passkeys = rows.into_iter().map(read).collect::<Result<_, _>>()?;
            Ok(SecondFactors {
                app,
                passkeys,
                recovery_codes: recovery_codes::count(session, tenant, user)?,
            })
        })
        .await
    }

    /// Gives a person an authenticator app in place of the one that was there.
    pub async fn set_authenticator_app(
        &self,
        app: AuthenticatorApp,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write(move |session| {
            session.execute(
                "INSERT INTO authenticator_app (tenant_id, user_id, secret, last_step, created)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret = excluded.secret,
                    last_step = excluded.last_step, created = excluded.created",
                params![
                    app.tenant,
                    app.user,
                    app.secret.as_bytes().to_vec(),
                    app.last_step,
                    app.created
                ],
            )?;
            audit::append(session, app.tenant, &record)
        })
        .await
    }

    /// Uses up the code of a step of time; false if that or a later one was used, by
    /// however many callers at once.
    pub async fn use_authenticator_step(
        &self,
        tenant: TenantId,
        user: ObjectId,
        step: i64,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let changed = session.execute(
                "UPDATE authenticator_app SET last_step = ?3
                 WHERE tenant_id = ?1 AND user_id = ?2 AND last_step < ?3",
                params![tenant, user, step],
            )?;
            Ok(changed > 0)
        })
        .await
    }

    /// Takes the authenticator app away; false if there was none.
    pub async fn delete_authenticator_app(
        &self,
        tenant: TenantId,
        user: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = session.execute(
                "DELETE FROM authenticator_app WHERE tenant_id = ?1 AND user_id = ?2",
                params![tenant, user],
            )?;
            recovery_codes::forget_without_factor(session, tenant, user)?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }

    /// Gives a person a passkey; false if the tenant knows its id already.
    pub async fn add_passkey(
        &self,
        passkey: Passkey,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let added = session.execute(
                "INSERT INTO passkey (tenant_id, id, user_id, name, record, created, last_used)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                params![
                    passkey.tenant,
                    passkey.id.clone(),
                    passkey.user,
                    &passkey.name,
                    &passkey.record,
                    passkey.created,
                    passkey.last_used
                ],
            )?;
            session.execute(
                "INSERT INTO passkey_home (user_id, tenant_id) VALUES (?1, ?2)
                 ON CONFLICT DO NOTHING",
                params![passkey.user, passkey.tenant],
            )?;
            audit::append_if(session, passkey.tenant, &record, added > 0)
        })
        .await
    }

    /// The tenant of a person who has or had a passkey.
    pub async fn passkey_home(&self, user: ObjectId) -> Result<Option<TenantId>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                "SELECT tenant_id FROM passkey_home WHERE user_id = ?1",
                params![user],
            )?;
            row.map(|mut row| row.get(0)).transpose()
        })
        .await
    }

    /// Keeps what the use of a passkey changed in it.
    pub async fn use_passkey(
        &self,
        tenant: TenantId,
        id: Vec<u8>,
        record: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "UPDATE passkey SET record = ?3, last_used = ?4 WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id.clone(), &record, now],
            )?;
            Ok(())
        })
        .await
    }

    /// Takes a passkey away from a person; false if the person has none of this id.
    pub async fn delete_passkey(
        &self,
        tenant: TenantId,
        user: ObjectId,
        id: Vec<u8>,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = session.execute(
                "DELETE FROM passkey WHERE tenant_id = ?1 AND id = ?2 AND user_id = ?3",
                params![tenant, id.clone(), user],
            )?;
            recovery_codes::forget_without_factor(session, tenant, user)?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }

    /// Takes all second factors away, so that the password suffices again; false if
    /// there was none. Sign-ins that wait for one end.
    pub async fn reset_second_factors(
        &self,
        tenant: TenantId,
        user: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let deleted = delete_factors(session, tenant, user)?;
            audit::append_if(session, tenant, &record, deleted > 0)
        })
        .await
    }

    /// Stores a sign-in under way.
    pub async fn add_sign_in_step(&self, step: SignInStep) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "INSERT INTO sign_in_step (tenant_id, hash, user_id, kind, state, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    step.tenant,
                    step.hash,
                    step.user,
                    step.kind.name(),
                    &step.state,
                    step.expires
                ],
            )?;
            session.execute(
                "DELETE FROM sign_in_step WHERE tenant_id = ?1 AND expires <= ?2",
                params![step.tenant, Timestamp::now()],
            )?;
            Ok(())
        })
        .await
    }

    /// A sign-in under way that waits for this, and has not ended.
    pub async fn sign_in_step(
        &self,
        tenant: TenantId,
        hash: Digest,
        kind: StepKind,
        now: Timestamp,
    ) -> Result<Option<SignInStep>, StoreError> {
        self.read(move |session| step(session, tenant, hash, kind, now))
            .await
    }

    /// The same, which ends by it: of many callers at once one gets it.
    pub async fn take_sign_in_step(
        &self,
        tenant: TenantId,
        hash: Digest,
        kind: StepKind,
        now: Timestamp,
    ) -> Result<Option<SignInStep>, StoreError> {
        self.write_apart(move |session| {
            let found = step(session, tenant, hash, kind, now)?;
            let ended = session.execute(
                "DELETE FROM sign_in_step WHERE tenant_id = ?1 AND hash = ?2 AND kind = ?3",
                params![tenant, hash, kind.name()],
            )?;
            Ok(found.filter(|_| ended > 0))
        })
        .await
    }
}

/// Deletes a person's second factors and the sign-ins that wait for one; answers how
/// many factors there were.
pub(super) fn delete_factors(
    session: &mut Session<'_>,
    tenant: TenantId,
    user: ObjectId,
) -> Result<u64, StoreError> {
    session.execute(
        "DELETE FROM sign_in_step WHERE tenant_id = ?1 AND user_id = ?2",
        params![tenant, user],
    )?;
    recovery_codes::forget(session, tenant, user)?;
    let app = session.execute(
        "DELETE FROM authenticator_app WHERE tenant_id = ?1 AND user_id = ?2",
        params![tenant, user],
    )?;
    let passkeys = session.execute(
        "DELETE FROM passkey WHERE tenant_id = ?1 AND user_id = ?2",
        params![tenant, user],
    )?;
    Ok(app + passkeys)
}

fn step(
    session: &mut Session<'_>,
    tenant: TenantId,
    hash: Digest,
    kind: StepKind,
    now: Timestamp,
) -> Result<Option<SignInStep>, StoreError> {
    let row = session.row(
        "SELECT user_id, state, expires FROM sign_in_step
         WHERE tenant_id = ?1 AND hash = ?2 AND kind = ?3 AND expires > ?4",
        params![tenant, hash, kind.name(), now],
    )?;
    let read = |mut row: Row| {
        Ok(SignInStep {
            hash,
            tenant,
            user: row.get(0)?,
            kind,
            state: row.get(1)?,
            expires: row.get(2)?,
        })
    };
    row.map(read).transpose()
}

fn read_passkey(tenant: TenantId, mut row: Row) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        tenant,
        id: row.get(0)?,
        user: row.get(1)?,
        name: row.get(2)?,
        record: row.get(3)?,
        created: row.get(4)?,
        last_used: row.get(5)?,
    })
}
