//! Where people are signed in: browsers, and applications that hold refresh tokens.

use std::collections::HashSet;

use casbah_model::identity::{Digest, RefreshToken, Session as UserSession};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;

use super::sign_in::{REFRESH, read_refresh_token, words};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, params};
use crate::{Store, StoreError};

const SESSION: &str = "SELECT hash, user_id, auth_time, expires, methods, agent, source,
        asked
    FROM user_session WHERE tenant_id = ?1";

impl Store {
    /// Stores a new browser session.
    pub async fn add_user_session(&self, user_session: UserSession) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "INSERT INTO user_session (tenant_id, hash, user_id, auth_time, expires, methods,
                    agent, source, asked)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    user_session.tenant,
                    user_session.hash,
                    user_session.user,
                    user_session.auth_time,
                    user_session.expires,
                    user_session.methods.join(" "),
                    &user_session.agent,
                    user_session.source.map(|address| address.to_string()),
                    user_session.is_asked
                ],
            )?;
            session.execute(
                "DELETE FROM user_session WHERE tenant_id = ?1 AND expires <= ?2",
                params![user_session.tenant, user_session.auth_time],
            )?;
            Ok(())
        })
        .await
    }

    /// A browser session that has not ended.
    pub async fn user_session(
        &self,
        tenant: TenantId,
        hash: Digest,
        now: Timestamp,
    ) -> Result<Option<UserSession>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                &format!("{SESSION} AND hash = ?2 AND expires > ?3"),
                params![tenant, hash, now],
            )?;
            row.map(|row| read_session(tenant, row)).transpose()
        })
        .await
    }

    /// A person's browser sessions that have not ended, the newest first.
    pub async fn user_sessions(
        &self,
        tenant: TenantId,
        user: ObjectId,
        now: Timestamp,
    ) -> Result<Vec<UserSession>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                &format!(
                    "{SESSION} AND user_id = ?2 AND expires > ?3 ORDER BY auth_time DESC, hash"
                ),
                params![tenant, user, now],
            )?;
            let read = |row| read_session(tenant, row);
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// A person's refresh tokens that can still be used, the newest first: one for each
    /// sign-in to an application.
    pub async fn live_refresh_tokens(
        &self,
        tenant: TenantId,
        user: ObjectId,
        now: Timestamp,
    ) -> Result<Vec<RefreshToken>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                &format!(
                    "{REFRESH} AND user_id = ?2 AND used IS NULL AND revoked IS NULL
                        AND expires > ?3 ORDER BY created DESC, hash"
                ),
                params![tenant, user, now],
            )?;
            let mut families = HashSet::new();
            let mut newest = Vec::new();
            for row in rows {
                let token = read_refresh_token(tenant, row)?;
                // Tabs that refreshed at once have left several of one sign-in.
                if families.insert(token.family) {
                    newest.push(token);
                }
            }
            Ok(newest)
        })
        .await
    }

    /// Ends one of a person's browser sessions; false if there is none of this hash.
    pub async fn end_session_of(
        &self,
        tenant: TenantId,
        user: ObjectId,
        hash: Digest,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let ended = session.execute(
                "DELETE FROM user_session WHERE tenant_id = ?1 AND hash = ?2 AND user_id = ?3",
                params![tenant, hash, user],
            )?;
            audit::append_if(session, tenant, &record, ended > 0)
        })
        .await
    }

    /// Ends a person's sign-in to an application; false if there is none of this family.
    pub async fn end_family_of(
        &self,
        tenant: TenantId,
        user: ObjectId,
        family: ObjectId,
        now: Timestamp,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let ended = session.execute(
                "UPDATE refresh_token SET revoked = ?4
                 WHERE tenant_id = ?1 AND family = ?2 AND user_id = ?3 AND revoked IS NULL",
                params![tenant, family, user, now],
            )?;
            audit::append_if(session, tenant, &record, ended > 0)
        })
        .await
    }

    /// Ends a browser session.
    pub async fn end_user_session(&self, tenant: TenantId, hash: Digest) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "DELETE FROM user_session WHERE tenant_id = ?1 AND hash = ?2",
                params![tenant, hash],
            )?;
            Ok(())
        })
        .await
    }
}

fn read_session(tenant: TenantId, mut row: Row) -> Result<UserSession, StoreError> {
    Ok(UserSession {
        hash: row.get(0)?,
        tenant,
        user: row.get(1)?,
        auth_time: row.get(2)?,
        expires: row.get(3)?,
        methods: words(&row.get::<String>(4)?),
        agent: row.get(5)?,
        source: row
            .get::<Option<String>>(6)?
            .and_then(|address| address.parse().ok()),
        is_asked: row.get(7)?,
    })
}
