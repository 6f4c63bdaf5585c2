//! Sign-ins on other devices: asked for by a client, answered by a person, exchanged once.

use casbah_model::identity::{
    DeviceGrant, DeviceRequest, DeviceState, Digest, RefreshToken, RequestedResource,
};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;

use super::sign_in::{insert_refresh_token, words};
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::{Store, StoreError};

const SELECT: &str = "SELECT hash, user_code, asked_tenant, client, scope, created, expires, state,
    tenant_id, user_id, scopes, resource_requested, resource_app_id, auth_time, methods
    FROM device_code";

impl Store {
    /// Stores a new request. False if its user code is that of another, which hardly ever
    /// happens: then another must be made.
    pub async fn add_device_request(&self, request: DeviceRequest) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            // An hour longer than they are good, so that a client learns why.
            session.execute(
                "DELETE FROM device_code WHERE expires < ?1",
                params![request.created.plus_millis(-3_600_000)],
            )?;
            let added = session.execute(
                "INSERT INTO device_code (hash, user_code, asked_tenant, client, scope, created,
                    expires, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
                params![
                    request.hash,
                    request.user_code,
                    request.tenant,
                    request.client,
                    &request.scope,
                    request.created,
                    request.expires,
                    request.state.name()
                ],
            )?;
            Ok(added > 0)
        })
        .await
    }

    /// The request with this device code.
    pub async fn device_request(&self, hash: Digest) -> Result<Option<DeviceRequest>, StoreError> {
        self.read(move |session| by_hash(session, hash)).await
    }

    /// The request that waits for an answer under this user code.
    pub async fn pending_device_request(
        &self,
        user_code: Digest,
        now: Timestamp,
    ) -> Result<Option<DeviceRequest>, StoreError> {
        self.read(move |session| {
            let row = session.row(
                &format!("{SELECT} WHERE user_code = ?1 AND expires > ?2 AND state = 'pending'"),
                params![user_code, now],
            )?;
            row.map(read).transpose()
        })
        .await
    }

    /// Stores a person's answer, with what the audit of the person's tenant keeps of it;
    /// false if nothing waits for one any more.
    pub async fn answer_device_request(
        &self,
        hash: Digest,
        answer: DeviceState,
        now: Timestamp,
        tenant: TenantId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_apart(move |session| {
            let grant = match &answer {
                DeviceState::Accepted(grant) => Some(grant),
                DeviceState::Pending | DeviceState::Declined | DeviceState::Redeemed => None,
            };
            let resource = grant.and_then(|grant| grant.resource.as_ref());
            let changed = session.execute(
                "UPDATE device_code SET state = ?3, tenant_id = ?4, user_id = ?5, scopes = ?6,
                    resource_requested = ?7, resource_app_id = ?8, auth_time = ?9,
                    methods = ?10
                 WHERE hash = ?1 AND expires > ?2 AND state = 'pending'",
                params![
                    hash,
                    now,
                    answer.name(),
                    grant.map(|grant| grant.tenant),
                    grant.map(|grant| grant.user),
                    grant.map(|grant| grant.scopes.join(" ")),
                    resource.map(|resource| resource.requested.clone()),
                    resource.map(|resource| resource.app_id),
                    grant.map(|grant| grant.auth_time),
                    grant.map(|grant| grant.methods.join(" "))
                ],
            )?;
            audit::append_if(session, tenant, &record, changed > 0)
        })
        .await
    }

    /// Asks `decide` about a request; if it agrees, marks the request redeemed and stores
    /// the refresh token that it answers.
    pub async fn exchange_device_code<E, D>(
        &self,
        hash: Digest,
        decide: D,
    ) -> Result<Result<(), E>, StoreError>
    where
        E: Send + 'static,
        D: Fn(Option<&DeviceRequest>) -> Result<Option<RefreshToken>, E> + Send + 'static,
    {
        self.write_apart(move |session| {
            let first = match decide(by_hash(session, hash)?.as_ref()) {
                Ok(first) => first,
                Err(refusal) => return Ok(Err(refusal)),
            };
            session.execute(
                "UPDATE device_code SET state = ?2 WHERE hash = ?1",
                params![hash, DeviceState::Redeemed.name()],
            )?;
            if let Some(first) = first {
                insert_refresh_token(session, &first)?;
            }
            Ok(Ok(()))
        })
        .await
    }
}

fn by_hash(session: &mut Session<'_>, hash: Digest) -> Result<Option<DeviceRequest>, StoreError> {
    let row = session.row(&format!("{SELECT} WHERE hash = ?1"), params![hash])?;
    row.map(read).transpose()
}

fn read(mut row: Row) -> Result<DeviceRequest, StoreError> {
    let state: String = row.get(7)?;
    let state = match state.as_str() {
        "pending" => DeviceState::Pending,
        "declined" => DeviceState::Declined,
        "accepted" => DeviceState::Accepted(read_grant(&mut row)?),
        "redeemed" => DeviceState::Redeemed,
        _ => {
            return Err(StoreError::Column {
                column: 7,
                expected: "a state",
            });
        }
    };
    Ok(DeviceRequest {
        hash: row.get(0)?,
        user_code: row.get(1)?,
        tenant: row.get(2)?,
        client: row.get(3)?,
        scope: row.get(4)?,
        created: row.get(5)?,
        expires: row.get(6)?,
        state,
    })
}

fn read_grant(row: &mut Row) -> Result<DeviceGrant, StoreError> {
    let requested: Option<String> = row.get(11)?;
    let app_id: Option<AppId> = row.get(12)?;
    Ok(DeviceGrant {
        tenant: row.get(8)?,
        user: row.get(9)?,
        scopes: words(&row.get::<String>(10)?),
        resource: requested
            .zip(app_id)
            .map(|(requested, app_id)| RequestedResource { requested, app_id }),
        auth_time: row.get(13)?,
        methods: words(&row.get::<String>(14)?),
    })
}
