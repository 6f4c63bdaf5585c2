//! Which policies are on.

use std::collections::BTreeMap;

use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::Timestamp;

use crate::audit::{self, AuditRecord};
use crate::database::{Session, params};
use crate::{Store, StoreError};

/// What somebody made of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyState {
    /// Whether it is on.
    pub is_enabled: bool,
    /// Since when.
    pub changed: Timestamp,
}

impl Store {
    /// The policies that were ever switched; all others are on.
    pub async fn policies(
        &self,
        tenant: TenantId,
    ) -> Result<BTreeMap<RecordId, PolicyState>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT policy_id, enabled, changed FROM policy_state WHERE tenant_id = ?1",
                params![tenant],
            )?;
            rows.into_iter()
                .map(|mut row| {
                    let state = PolicyState {
                        is_enabled: row.get(1)?,
                        changed: row.get(2)?,
                    };
                    Ok((row.get(0)?, state))
                })
                .collect()
        })
        .await
    }

    /// Switches a policy on or off. Once this returns, no alert of a policy that is off
    /// is raised or grows.
    pub async fn switch_policy(
        &self,
        tenant: TenantId,
        policy: RecordId,
        is_enabled: bool,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "INSERT INTO policy_state (tenant_id, policy_id, enabled, changed)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant_id, policy_id) DO UPDATE SET
                    changed = CASE WHEN policy_state.enabled = excluded.enabled
                        THEN policy_state.changed ELSE excluded.changed END,
                    enabled = excluded.enabled",
                params![tenant, policy, is_enabled, audit.timestamp],
            )?;
            audit::append(session, tenant, &audit)
        })
        .await
    }

    /// The policies that are off.
    pub async fn policies_off(&self, tenant: TenantId) -> Result<Vec<RecordId>, StoreError> {
        self.read(move |session| off(session, tenant)).await
    }
}

/// The policies that are off.
pub(crate) fn off(
    session: &mut Session<'_>,
    tenant: TenantId,
) -> Result<Vec<RecordId>, StoreError> {
    let rows = session.rows(
        "SELECT policy_id FROM policy_state WHERE tenant_id = ?1 AND enabled = 0",
        params![tenant],
    )?;
    rows.into_iter().map(|mut row| row.get(0)).collect()
}
