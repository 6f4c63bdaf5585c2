//! People, as they are read.

use casbah_model::filter::fold;
use casbah_model::identity::{PasswordHash, User};
use casbah_model::ids::{ObjectId, TenantId};

use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::error::Conflict;
use crate::{Store, StoreError};

const SELECT: &str = "SELECT id, upn, display_name, roles, enabled, password, must_change_password,
    created, sign_ins_from, tokens_from FROM directory_user WHERE tenant_id = ?1";

impl Store {
    /// All people of a tenant, by name.
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<User>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(&format!("{SELECT} ORDER BY upn_folded"), params![tenant])?;
            rows.into_iter().map(|row| read_user(tenant, row)).collect()
        })
        .await
    }

    /// One person.
    pub async fn user(&self, tenant: TenantId, id: ObjectId) -> Result<Option<User>, StoreError> {
        self.read(move |session| by_id(session, tenant, id)).await
    }

    /// The person with this principal name.
    pub async fn user_by_upn(
        &self,
        tenant: TenantId,
        upn: &str,
    ) -> Result<Option<User>, StoreError> {
        let upn = upn.to_owned();
        self.read(move |session| by_upn(session, tenant, &upn))
            .await
    }

    /// Gives an enabled person another password in place of `before`; false if that is
    /// not the password any more.
    pub async fn change_password(
        &self,
        tenant: TenantId,
        id: ObjectId,
        before: PasswordHash,
        after: PasswordHash,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let changed = session.execute(
                "UPDATE directory_user SET password = ?4, must_change_password = 0
                 WHERE tenant_id = ?1 AND id = ?2 AND password = ?3 AND enabled = 1",
                params![tenant, id, before.as_str(), after.as_str()],
            )?;
            audit::append_if(session, tenant, &record, changed > 0)
        })
        .await
    }
}

pub(super) fn by_id(
    session: &mut Session<'_>,
    tenant: TenantId,
    id: ObjectId,
) -> Result<Option<User>, StoreError> {
    let row = session.row(&format!("{SELECT} AND id = ?2"), params![tenant, id])?;
    row.map(|row| read_user(tenant, row)).transpose()
}

pub(super) fn by_upn(
    session: &mut Session<'_>,
    tenant: TenantId,
    upn: &str,
) -> Result<Option<User>, StoreError> {
    let row = session.row(
        &format!("{SELECT} AND upn_folded = ?2"),
        params![tenant, fold(upn)],
    )?;
    row.map(|row| read_user(tenant, row)).transpose()
}

/// Stores a new person; refused if another has the name.
pub(super) fn insert(session: &mut Session<'_>, user: &User) -> Result<(), StoreError> {
    let added = session.execute(
        "INSERT INTO directory_user (tenant_id, id, upn, upn_folded, display_name, roles, enabled,
            password, must_change_password, created, sign_ins_from,
            tokens_from)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING",
        params![
            user.tenant,
            user.id,
            &user.upn,
            fold(&user.upn),
            &user.display_name,
            serde_json::to_string(&user.roles)?,
            user.enabled,
            user.password.as_ref().map(|hash| hash.as_str().to_owned()),
            user.must_change_password,
            user.created,
            user.sign_ins_from,
            user.tokens_from
        ],
    )?;
    if added == 0 {
        return Err(StoreError::Conflict(Conflict::Name(user.upn.clone())));
    }
    Ok(())
}

/// Writes a person back; refused if another has the name.
pub(super) fn update(session: &mut Session<'_>, user: &User) -> Result<(), StoreError> {
    if by_upn(session, user.tenant, &user.upn)?.is_some_and(|other| other.id != user.id) {
        return Err(StoreError::Conflict(Conflict::Name(user.upn.clone())));
    }
    session.execute(
        "UPDATE directory_user SET upn = ?3, upn_folded = ?4, display_name = ?5, roles = ?6,
            enabled = ?7, password = ?8, must_change_password = ?9, sign_ins_from = ?10,
            tokens_from = ?11
         WHERE tenant_id = ?1 AND id = ?2",
        params![
            user.tenant,
            user.id,
            &user.upn,
            fold(&user.upn),
            &user.display_name,
            serde_json::to_string(&user.roles)?,
            user.enabled,
            user.password.as_ref().map(|hash| hash.as_str().to_owned()),
            user.must_change_password,
            user.sign_ins_from,
            user.tokens_from
        ],
    )?;
    Ok(())
}

fn read_user(tenant: TenantId, mut row: Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.get(0)?,
        tenant,
        upn: row.get(1)?,
        display_name: row.get(2)?,
        roles: serde_json::from_str(&row.get::<String>(3)?)?,
        enabled: row.get(4)?,
        password: row.get::<Option<String>>(5)?.map(PasswordHash::new),
        must_change_password: row.get(6)?,
        created: row.get(7)?,
        sign_ins_from: row.get(8)?,
        tokens_from: row.get(9)?,
    })
}
