//! `/casbah/v1/apps/…/usage`: which permissions applications use, and which they
//! could do without.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_identity::least_privilege::{Advice, DAYS, Grant, advise};
use casbah_model::identity::{
    AppRoleAssignment, CASBAH, CLOUD_APP_SECURITY, FirstPartyApp, PrincipalType, ServicePrincipal,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::permission::{ApplicationRole, CasbahRole};
use casbah_model::time::Timestamp;
use casbah_store::{ApplicationQuery, RoleUse};
use schemars::JsonSchema;
use serde::Serialize;

use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;
use crate::usage::flush;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::AuditRead);
    routes
        .of("Use of permissions")
        .get(
            "/casbah/v1/apps/usage",
            need,
            "List which permissions applications use",
            of_all,
        )
        .answers::<Listed<UsageReport>>()
        .get(
            "/casbah/v1/apps/{appId}/usage",
            need,
            "Fetch which permissions an application uses",
            of_one,
        )
        .answers::<UsageReport>()
}

async fn of_all(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<UsageReport>>, ApiError> {
    let reports = reports(&app, caller.tenant, None).await?;
    Ok(Json(reports.into_iter().collect()))
}

async fn of_one(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<UsageReport>, ApiError> {
    let id: AppId = id.parse().map_err(|_| ApiError::NotFound)?;
    let mut reports = reports(&app, caller.tenant, Some(id)).await?;
    reports.pop().map(Json).ok_or(ApiError::NotFound)
}

/// A report of one application, or of each that was granted a role.
async fn reports(
    app: &App,
    tenant: TenantId,
    only: Option<AppId>,
) -> Result<Vec<UsageReport>, ApiError> {
    flush(app).await;
    let now = Timestamp::now();
    let query = ApplicationQuery {
        app_id: only,
        ..ApplicationQuery::default()
    };
    let principals = app.store.service_principals(tenant, query).await?;
    let mut grants: HashMap<ObjectId, Vec<Grant>> = HashMap::new();
    for resource in [CLOUD_APP_SECURITY, CASBAH] {
        for assignment in assignments(app, tenant, resource).await? {
            if let Some(role) = role_of(resource, &assignment) {
                let granted = assignment.created;
                let held = grants.entry(assignment.principal_id).or_default();
                held.push(Grant { role, granted });
            }
        }
    }
    let uses = app.store.role_uses(tenant, only, now.day() - DAYS).await?;
    let mut uses_of: HashMap<AppId, Vec<RoleUse>> = HashMap::new();
    for used in uses {
        uses_of.entry(used.app).or_default().push(used);
    }
    let mut reports = Vec::new();
    for principal in principals {
        let mut held = grants.remove(&principal.id).unwrap_or_default();
        if held.is_empty() && only.is_none() {
            continue;
        }
        held.sort_by_key(|grant| grant.role);
        let uses = uses_of.remove(&principal.app_id).unwrap_or_default();
        reports.push(report(&principal, &held, &uses, now));
    }
    Ok(reports)
}

async fn assignments(
    app: &App,
    tenant: TenantId,
    resource: FirstPartyApp,
) -> Result<Vec<AppRoleAssignment>, ApiError> {
    let store = &app.store;
    let found = store.service_principal_by_app_id(tenant, resource.app_id);
    let Some(principal) = found.await? else {
        return Ok(Vec::new());
    };
    let all = store.assignments_to(tenant, principal.id).await?;
    let is_app = |assignment: &AppRoleAssignment| {
        matches!(assignment.principal_type, PrincipalType::ServicePrincipal)
    };
    Ok(all.into_iter().filter(is_app).collect())
}

fn role_of(resource: FirstPartyApp, assignment: &AppRoleAssignment) -> Option<ApplicationRole> {
    let roles = resource.app_roles();
    let role = roles
        .iter()
        .find(|role| role.id == assignment.app_role_id)?;
    ApplicationRole::from_value(role.value.as_deref()?)
}

/// Which permissions an application uses.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UsageReport {
    app_id: AppId,
    display_name: String,
    /// How many days it looks back.
    days: i64,
    permissions: Vec<PermissionUse>,
    /// What it should keep.
    keep: Vec<&'static str>,
    /// What it could do without.
    remove: Vec<&'static str>,
}

/// How a permission is used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PermissionUse {
    /// The name of the API that it is of.
    resource: &'static str,
    permission: &'static str,
    granted: Iso,
    last_used: Option<Iso>,
    /// Method and path of the last call that needed it.
    last_call: Option<String>,
    /// How many calls it would have allowed.
    count: u64,
    /// How many calls nothing else would have allowed.
    only_count: u64,
    /// What was done by it.
    actions: Vec<&'static str>,
    keep: bool,
    /// Why it should be kept or taken away.
    reason: String,
}

fn report(
    principal: &ServicePrincipal,
    grants: &[Grant],
    uses: &[RoleUse],
    now: Timestamp,
) -> UsageReport {
    let mut what = Vec::new();
    for one in uses {
        if !what.contains(&one.what) {
            what.push(one.what);
        }
    }
    let advice = advise(grants, &what, now);
    let permissions: Vec<_> = advice.iter().map(|one| permission(one, uses)).collect();
    let values = |keep: bool| -> Vec<_> {
        let chosen = advice.iter().filter(|advice| advice.keep == keep);
        chosen.map(|advice| advice.grant.role.value()).collect()
    };
    UsageReport {
        app_id: principal.app_id,
        display_name: principal.display_name.clone(),
        days: DAYS,
        permissions,
        keep: values(true),
        remove: values(false),
    }
}

fn permission(advice: &Advice, uses: &[RoleUse]) -> PermissionUse {
    let role = advice.grant.role;
    let own: Vec<_> = uses.iter().filter(|used| used.role == role).collect();
    // The store gives the oldest first.
    let last = own.last();
    let mut actions: Vec<_> = own.iter().map(|used| used.what.name()).collect();
    actions.sort_unstable();
    actions.dedup();
    PermissionUse {
        resource: match role {
            ApplicationRole::CloudAppSecurity(_) => CLOUD_APP_SECURITY.display_name,
            ApplicationRole::Casbah(_) => CASBAH.display_name,
        },
        permission: role.value(),
        granted: advice.grant.granted.into(),
        last_used: last.map(|used| used.last.into()),
        last_call: last.map(|used| used.call.clone()),
        count: own.iter().map(|used| used.count).sum(),
        only_count: own.iter().map(|used| used.only).sum(),
        actions,
        keep: advice.keep,
        reason: advice.reason.clone(),
    }
}
