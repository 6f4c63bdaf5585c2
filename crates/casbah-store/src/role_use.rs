//! How often applications used the roles that they were granted.

use casbah_model::ids::{AppId, TenantId};
use casbah_model::permission::{ApplicationRole, Use};
use casbah_model::time::Timestamp;

use crate::database::{Row, params};
use crate::{Store, StoreError};

/// Uses of one role for one thing on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUse {
    /// The tenant.
    pub tenant: TenantId,
    /// The application.
    pub app: AppId,
    /// The role, one of those that allowed it.
    pub role: ApplicationRole,
    /// What it was used for.
    pub what: Use,
    /// The UTC day, since 1970-01-01.
    pub day: i64,
    /// How often.
    pub count: u64,
    /// How often no other role of the application allowed it.
    pub only: u64,
    /// The last time.
    pub last: Timestamp,
    /// The last call: method and path.
    pub call: String,
}

impl Store {
    /// Adds uses to those that were counted before.
    pub async fn add_role_uses(&self, uses: Vec<RoleUse>) -> Result<(), StoreError> {
        self.write(move |session| {
            for used in &uses {
                session.execute(
                    "INSERT INTO role_use (tenant_id, app_id, role, action, day, count,
                        only_count, last_used, last_call)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                     ON CONFLICT (tenant_id, app_id, role, action, day) DO UPDATE SET
                        count = role_use.count + excluded.count,
                        only_count = role_use.only_count + excluded.only_count,
                        last_call = CASE WHEN excluded.last_used >= role_use.last_used
                            THEN excluded.last_call ELSE role_use.last_call END,
                        last_used = CASE WHEN excluded.last_used >= role_use.last_used
                            THEN excluded.last_used ELSE role_use.last_used END",
                    params![
                        used.tenant,
                        used.app,
                        used.role.value(),
                        used.what.name(),
                        used.day,
                        i64::try_from(used.count).unwrap_or(i64::MAX),
                        i64::try_from(used.only).unwrap_or(i64::MAX),
                        used.last,
                        &used.call
                    ],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// A tenant's uses from a day on, of one application or of all, the oldest first.
    pub async fn role_uses(
        &self,
        tenant: TenantId,
        app: Option<AppId>,
        from_day: i64,
    ) -> Result<Vec<RoleUse>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT app_id, role, action, day, count, only_count, last_used, last_call
                 FROM role_use WHERE tenant_id = ?1 AND (?2 IS NULL OR app_id = ?2) AND day >= ?3
                 ORDER BY last_used",
                params![tenant, app, from_day],
            )?;
            let uses = rows.into_iter().map(|row| read(tenant, row));
            uses.filter_map(Result::transpose).collect()
        })
        .await
    }
}

/// None for a role or a use that this version does not know.
fn read(tenant: TenantId, mut row: Row) -> Result<Option<RoleUse>, StoreError> {
    let role = ApplicationRole::from_value(&row.get::<String>(1)?);
    let what = Use::from_name(&row.get::<String>(2)?);
    let Some((role, what)) = role.zip(what) else {
        return Ok(None);
    };
    Ok(Some(RoleUse {
        tenant,
        app: row.get(0)?,
        role,
        what,
        day: row.get(3)?,
        count: row.get(4)?,
        only: row.get(5)?,
        last: row.get(6)?,
        call: row.get(7)?,
    }))
}
