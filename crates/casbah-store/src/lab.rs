//! For laboratories: a tenant's data, gone.

use casbah_model::ids::TenantId;

use crate::audit::{self, AuditRecord};
use crate::database::params;
use crate::{Store, StoreError};

/// The tables of what the API tells: whoever reads it finds what a first start has.
const DATA: &[&str] = &[
    "activity",
    "activity_raw",
    "activity_feedback",
    "alert",
    "alert_entity",
    "alert_activity",
    "alert_history",
    "policy_state",
    // Who follows a feed goes on behind what is gone.
    "change",
    "entity",
    "ip_range",
    "ip_tag",
    "ip_range_pending",
    "discovery_stream",
    "discovery_upload",
    "app_day",
    "user_day",
    "address_day",
    "app_tag",
    "detector",
    "detector_person",
];

impl Store {
    /// Deletes the tenant's data: activities, alerts, entities, ranges, reports, and what
    /// the detections have learnt. Its directory, and its audit, stay.
    pub async fn reset_data(&self, tenant: TenantId, audit: AuditRecord) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            for table in DATA {
                let sql = format!("DELETE FROM {table} WHERE tenant_id = ?1");
                session.execute(&sql, params![tenant])?;
            }
            // What is kept ready of the ranges is known by the revision, which goes on.
            session.execute(
                "UPDATE ip_range_state SET revision = revision + 1, began = NULL, finished = NULL,
                    total = 0, done = 0
                 WHERE tenant_id = ?1",
                params![tenant],
            )?;
            audit::append(session, tenant, &audit)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Dialect, Session};
    use crate::schema::migrate;

    /// The tables that stay: keys, the directory, sign-ins, the audit, and counts of use.
    const KEPT: &[&str] = &[
        "api_token",
        "app_role_assignment",
        "application",
        "application_home",
        "audit_key",
        "audit_link",
        "audit_record",
        "authenticator_app",
        "authorization_code",
        "change_feed",
        "client_assertion",
        "client_secret",
        "data_key",
        "device_code",
        "directory_owner",
        "directory_user",
        "expiry_warning",
        "export",
        "export_feed",
        "identifier_uri",
        "identity_provider",
        "identity_provider_domain",
        "identity_provider_link",
        "identity_provider_sign_in",
        "ip_range_state",
        "migration",
        "passkey",
        "passkey_home",
        "pepper",
        "permission_grant",
        "recovery_code",
        "refresh_token",
        "role_use",
        "schema_version",
        "service_principal",
        "sign_in_failure",
        "sign_in_step",
        "signing_key",
        "tenant",
        "tenant_domain",
        "user_invitation",
        "user_session",
    ];

    #[test]
    fn of_every_table_it_is_said_whether_it_stays() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        migrate(&mut Session::sqlite(&connection), Dialect::Sqlite).unwrap();
        let mut tables = connection
            .prepare(
                "SELECT name FROM sqlite_schema
                 WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            )
            .unwrap();
        let tables = tables.query_map([], |row| row.get(0)).unwrap();
        let tables: Vec<String> = tables.map(Result::unwrap).collect();
        let mut named: Vec<_> = DATA.iter().chain(KEPT).copied().collect();
        named.sort_unstable();
        assert_eq!(named, tables);
    }
}
