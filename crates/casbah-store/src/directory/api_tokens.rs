//! Legacy API tokens.

use casbah_model::identity::{ApiToken, Digest};
use casbah_model::ids::{KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;

use crate::audit::{self, AuditRecord};
use crate::database::{Row, params};
use crate::{Store, StoreError};

const SELECT: &str = "SELECT id, name, digest, issuer_id, issuer_name, created, last_used
    FROM api_token WHERE tenant_id = ?1";

impl Store {
    /// Stores a new token.
    pub async fn create_api_token(
        &self,
        token: ApiToken,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "INSERT INTO api_token (tenant_id, id, name, digest, issuer_id, issuer_name,
                    created, last_used)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    token.tenant,
                    token.id,
                    &token.name,
                    token.digest,
                    token.issuer,
                    &token.issuer_name,
                    token.created,
                    token.last_used,
                ],
            )?;
            audit::append(session, token.tenant, &record)
        })
        .await
    }

    /// A tenant's tokens, the newest first; those of one issuer, if one is named.
    pub async fn api_tokens(
        &self,
        tenant: TenantId,
        issuer: Option<ObjectId>,
    ) -> Result<Vec<ApiToken>, StoreError> {
        self.read(move |session| {
            let order = "ORDER BY created DESC, id";
            let rows = match issuer {
                Some(issuer) => session.rows(
                    &format!("{SELECT} AND issuer_id = ?2 {order}"),
                    params![tenant, issuer],
                )?,
                None => session.rows(&format!("{SELECT} {order}"), params![tenant])?,
            };
            rows.into_iter().map(|row| read(tenant, row)).collect()
        })
        .await
    }

    /// The token whose text has this digest.
    pub async fn api_token_by_digest(
        &self,
        tenant: TenantId,
        digest: Digest,
    ) -> Result<Option<ApiToken>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                &format!("{SELECT} AND digest = ?2"),
                params![tenant, digest],
            )?;
            row.map(|row| read(tenant, row)).transpose()
        })
        .await
    }

    /// Keeps when a token was used.
    pub async fn note_api_token_use(
        &self,
        tenant: TenantId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "UPDATE api_token SET last_used = ?3 WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id, at],
            )?;
            Ok(())
        })
        .await
    }

    /// Revokes a token, of this issuer if one is named; false if there is none.
    pub async fn delete_api_token(
        &self,
        tenant: TenantId,
        id: KeyId,
        issuer: Option<ObjectId>,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let row = session.row(&format!("{SELECT} AND id = ?2"), params![tenant, id])?;
            let token = row.map(|row| read(tenant, row)).transpose()?;
            let is_meant = |token: &ApiToken| issuer.is_none_or(|issuer| issuer == token.issuer);
            if !token.as_ref().is_some_and(is_meant) {
                return Ok(false);
            }
            session.execute(
                "DELETE FROM api_token WHERE tenant_id = ?1 AND id = ?2",
                params![tenant, id],
            )?;
            audit::append(session, tenant, &record)?;
            Ok(true)
        })
        .await
    }
}

fn read(tenant: TenantId, mut row: Row) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: row.get(0)?,
        tenant,
        name: row.get(1)?,
        digest: row.get(2)?,
        issuer: row.get(3)?,
        issuer_name: row.get(4)?,
        created: row.get(5)?,
        last_used: row.get(6)?,
    })
}
