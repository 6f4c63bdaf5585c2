//! What people's sign-in leaves: codes, refresh tokens, failures.

use casbah_model::identity::{
    AuthorizationCode, CodeChallenge, Digest, RefreshToken, RequestedResource,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::Timestamp;

use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

/// How long failures are remembered after the last, milliseconds: beyond any wait.
const FAILURES_KEPT_MS: i64 = 60 * 60 * 1000;

impl Store {
    /// Stores a new authorization code.
    pub async fn add_authorization_code(&self, code: AuthorizationCode) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "INSERT INTO authorization_code (tenant_id, hash, client, user_id, redirect_uri,
                    scopes, resource_requested, resource_app_id, challenge, nonce, auth_time,
                    wants_auth_time, created, expires, redeemed, family, methods)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                    ?17)",
                params![
                    code.tenant,
                    code.hash,
                    code.client,
                    code.user,
                    &code.redirect_uri,
                    code.scopes.join(" "),
                    code.resource
                        .as_ref()
                        .map(|resource| resource.requested.clone()),
                    code.resource.as_ref().map(|resource| resource.app_id),
                    code.challenge
                        .as_ref()
                        .map(|CodeChallenge::S256(text)| text.clone()),
                    code.nonce.clone(),
                    code.auth_time,
                    code.wants_auth_time,
                    code.created,
                    code.expires,
                    code.redeemed,
                    code.family,
                    code.methods.join(" ")
                ],
            )?;
            // Codes live minutes; what is long dead is swept here, where it costs nobody.
            session.execute(
                "DELETE FROM authorization_code WHERE tenant_id = ?1 AND expires < ?2",
                params![code.tenant, code.created.minus_days(1)],
            )?;
            Ok(())
        })
        .await
    }

    /// Stores a new refresh token.
    pub async fn add_refresh_token(&self, token: RefreshToken) -> Result<(), StoreError> {
        self.write_apart(move |session| insert_refresh_token(session, &token))
            .await
    }

    /// Ends all refresh tokens that descend from one sign-in.
    pub async fn revoke_family(
        &self,
        tenant: TenantId,
        family: ObjectId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "UPDATE refresh_token SET revoked = ?3
                 WHERE tenant_id = ?1 AND family = ?2 AND revoked IS NULL",
                params![tenant, family, now],
            )?;
            Ok(())
        })
        .await
    }

    /// How often sign-in of this subject (a person at an address, say) failed in a
    /// row, and when last.
    pub async fn sign_in_failures(
        &self,
        tenant: TenantId,
        subject: String,
    ) -> Result<Option<(u32, Timestamp)>, StoreError> {
        self.read(move |session| failures(session, tenant, &subject))
            .await
    }

    /// Counts an attempt as a failure before it is made, so that of many at once only
    /// so many begin as one after the other. `wait` is asked about the failures and
    /// the last of them; an attempt that has to wait is not counted.
    ///
    /// A name that nobody has is counted like any other: a wait, or its absence,
    /// must not tell who exists. What keeps them few is that each has cost a turn and
    /// that old ones are forgotten here.
    pub async fn begin_sign_in<F>(
        &self,
        tenant: TenantId,
        subject: String,
        at: Timestamp,
        wait: F,
    ) -> Result<Option<u32>, StoreError>
    where
        F: Fn(u32, Timestamp) -> Option<u32> + Send + 'static,
    {
        self.write_apart(move |session| {
            session.execute(
                "DELETE FROM sign_in_failure WHERE tenant_id = ?1 AND last < ?2",
                params![tenant, at.plus_millis(-FAILURES_KEPT_MS)],
            )?;
            if let Some((count, last)) = failures(session, tenant, &subject)?
                && let Some(seconds) = wait(count, last)
            {
                return Ok(Some(seconds));
            }
            session.execute(
                "INSERT INTO sign_in_failure (tenant_id, subject, failures, last)
                 VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (tenant_id, subject) DO UPDATE
                 SET failures = sign_in_failure.failures + 1, last = excluded.last",
                params![tenant, &subject, at],
            )?;
            Ok(None)
        })
        .await
    }

    /// Forgets the failures of a subject who has proved itself.
    pub async fn forget_sign_in_failures(
        &self,
        tenant: TenantId,
        subject: String,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "DELETE FROM sign_in_failure WHERE tenant_id = ?1 AND subject = ?2",
                params![tenant, &subject],
            )?;
            Ok(())
        })
        .await
    }
}

fn failures(
    session: &mut Session<'_>,
    tenant: TenantId,
    subject: &str,
) -> Result<Option<(u32, Timestamp)>, StoreError> {
    let row = session.row(
        "SELECT failures, last FROM sign_in_failure WHERE tenant_id = ?1 AND subject = ?2",
        params![tenant, subject],
    )?;
    row.map(|mut row| Ok((row.get(0)?, row.get(1)?)))
        .transpose()
}

pub(super) fn code(
    session: &mut Session<'_>,
    tenant: TenantId,
    hash: Digest,
) -> Result<Option<AuthorizationCode>, StoreError> {
    let row = session.row(
        "SELECT client, user_id, redirect_uri, scopes, resource_requested, resource_app_id,
            challenge, nonce, auth_time, wants_auth_time, created, expires, redeemed, family,
            methods
         FROM authorization_code WHERE tenant_id = ?1 AND hash = ?2",
        params![tenant, hash],
    )?;
    row.map(|row| read_code(tenant, hash, row)).transpose()
}

/// All of a refresh token, in the order of [`read_refresh_token`].
pub(super) const REFRESH: &str = "SELECT hash, family, client, platform, user_id, scopes,
    resource_requested, resource_app_id, auth_time, created, expires, used, generation, revoked,
    methods
 FROM refresh_token WHERE tenant_id = ?1";

pub(super) fn refresh_token(
    session: &mut Session<'_>,
    tenant: TenantId,
    hash: Digest,
) -> Result<Option<RefreshToken>, StoreError> {
    let row = session.row(&format!("{REFRESH} AND hash = ?2"), params![tenant, hash])?;
    row.map(|row| read_refresh_token(tenant, row)).transpose()
}

pub(super) fn insert_refresh_token(
    session: &mut Session<'_>,
    token: &RefreshToken,
) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO refresh_token (tenant_id, hash, family, client, platform, user_id, scopes,
            resource_requested, resource_app_id, auth_time, created, expires, used, generation,
            revoked, methods)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        params![
            token.tenant,
            token.hash,
            token.family,
            token.client,
            token.platform.name(),
            token.user,
            token.scopes.join(" "),
            token
                .resource
                .as_ref()
                .map(|resource| resource.requested.clone()),
            token.resource.as_ref().map(|resource| resource.app_id),
            token.auth_time,
            token.created,
            token.expires,
            token.used,
            token.generation,
            token.revoked,
            token.methods.join(" ")
        ],
    )?;
    Ok(())
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn resource(requested: Option<String>, app_id: Option<AppId>) -> Option<RequestedResource> {
    Some(RequestedResource {
        requested: requested?,
        app_id: app_id?,
    })
}

fn read_code(
    tenant: TenantId,
    hash: Digest,
    mut row: Row,
) -> Result<AuthorizationCode, StoreError> {
    Ok(AuthorizationCode {
        hash,
        tenant,
        client: row.get(0)?,
        user: row.get(1)?,
        redirect_uri: row.get(2)?,
        scopes: words(&row.get::<String>(3)?),
        resource: resource(row.get(4)?, row.get(5)?),
        challenge: row.get::<Option<String>>(6)?.map(CodeChallenge::S256),
        nonce: row.get(7)?,
        auth_time: row.get(8)?,
        wants_auth_time: row.get(9)?,
        created: row.get(10)?,
        expires: row.get(11)?,
        redeemed: row.get(12)?,
        family: row.get(13)?,
        methods: words(&row.get::<String>(14)?),
    })
}

pub(super) fn read_refresh_token(
    tenant: TenantId,
    mut row: Row,
) -> Result<RefreshToken, StoreError> {
    Ok(RefreshToken {
        hash: row.get(0)?,
        tenant,
        family: row.get(1)?,
        client: row.get(2)?,
        platform: row.get(3)?,
        user: row.get(4)?,
        scopes: words(&row.get::<String>(5)?),
        resource: resource(row.get(6)?, row.get(7)?),
        auth_time: row.get(8)?,
        created: row.get(9)?,
        expires: row.get(10)?,
        used: row.get(11)?,
        generation: row.get(12)?,
        revoked: row.get(13)?,
        methods: words(&row.get::<String>(14)?),
    })
}
