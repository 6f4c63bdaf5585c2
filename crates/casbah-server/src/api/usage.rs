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
use serde_json::{Value, json};

use super::error::ApiError;
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
        .get(
            "/casbah/v1/apps/{appId}/usage",
            need,
            "Fetch which permissions an application uses",
            of_one,
        )
}

async fn of_all(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let reports = reports(&app, caller.tenant, None).await?;
    Ok(Json(json!({"data": reports})))
}

async fn of_one(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id: AppId = id.parse().map_err(|_| ApiError::NotFound)?;
    let mut reports = reports(&app, caller.tenant, Some(id)).await?;
    reports.pop().map(Json).ok_or(ApiError::NotFound)
}

/// A report of one application, or of each that was granted a role.
async fn reports(app: &App, tenant: TenantId, only: Option<AppId>) -> Result<Vec<Value>, ApiError> {
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

fn report(
    principal: &ServicePrincipal,
    grants: &[Grant],
    uses: &[RoleUse],
    now: Timestamp,
) -> Value {
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
    json!({
        "appId": principal.app_id,
        "displayName": principal.display_name,
        "days": DAYS,
        "permissions": permissions,
        "keep": values(true),
        "remove": values(false),
    })
}

fn permission(advice: &Advice, uses: &[RoleUse]) -> Value {
    let role = advice.grant.role;
    let own: Vec<_> = uses.iter().filter(|used| used.role == role).collect();
    // The store gives the oldest first.
    let last = own.last();
    let mut actions: Vec<_> = own.iter().map(|used| used.what.name()).collect();
    actions.sort_unstable();
    actions.dedup();
    json!({
        "resource": match role {
            ApplicationRole::CloudAppSecurity(_) => CLOUD_APP_SECURITY.display_name,
            ApplicationRole::Casbah(_) => CASBAH.display_name,
        },
        "permission": role.value(),
        "granted": advice.grant.granted.to_iso(),
        "lastUsed": last.map(|used| used.last.to_iso()),
        "lastCall": last.map(|used| &used.call),
        "count": own.iter().map(|used| used.count).sum::<u64>(),
        "onlyCount": own.iter().map(|used| used.only).sum::<u64>(),
        "actions": actions,
        "keep": advice.keep,
        "reason": advice.reason,
    })
}
