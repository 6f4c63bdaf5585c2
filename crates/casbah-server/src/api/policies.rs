//! `/api/v1/policies/`: the detections, each a policy that can be switched off.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_detection::detections::{DetectionId, POLICY_TYPE};
use casbah_model::activity::tenant_number;
use casbah_model::filter::{POLICIES, Scalar, Test, fold, parse_query};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::{Page, PolicyState};
use schemars::JsonSchema;
use serde::Serialize;

use super::discovery::text_matches;
use super::envelope::Envelope;
use super::error::ApiError;
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::PeopleOnly);
    let manage = Need::Action(Action::PoliciesManage);
    // The Power Automate connector fetches by POST.
    routes
        .list("/api/policies", read, "List policies", list)
        .pages::<PolicyRecord>(&POLICIES)
        .list("/api/policies/{id}", read, "Fetch a policy", fetch)
        .answers::<PolicyRecord>()
        .list(
            "/api/policies/{type}/{id}",
            read,
            "Fetch a policy of a type",
            fetch_of_type,
        )
        .answers::<PolicyRecord>()
        .post(
            "/api/policies/{id}/enable",
            manage,
            "Enable a policy",
            enable,
        )
        .answers::<PolicyRecord>()
        .post(
            "/api/policies/{id}/disable",
            manage,
            "Disable a policy",
            disable,
        )
        .answers::<PolicyRecord>()
}

/// A policy as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyRecord {
    #[serde(rename = "_id")]
    id: RecordId,
    #[serde(rename = "_tid")]
    tid: i32,
    name: &'static str,
    description: &'static str,
    policy_type: &'static str,
    enabled: bool,
    built_in: bool,
    /// No policy has a limit.
    alert_daily_limit: Option<u32>,
    /// When somebody switched it; none if nobody did.
    last_modified: Option<Timestamp>,
}

impl PolicyRecord {
    fn new(tenant: TenantId, detection: DetectionId, state: Option<PolicyState>) -> Self {
        Self {
            id: detection.policy_id(),
            tid: tenant_number(tenant),
            name: detection.title(),
            description: detection.description(),
            policy_type: POLICY_TYPE,
            enabled: state.is_none_or(|state| state.is_enabled),
            built_in: true,
            alert_daily_limit: None,
            last_modified: state.map(|state| state.changed),
        }
    }

    fn fulfils(&self, field: &str, test: &Test) -> bool {
        match field {
            "id" => text_matches(test, &[self.id.to_string()]),
            "type" => text_matches(test, &[self.policy_type.to_owned()]),
            "name" => text_matches(test, &[fold(self.name)]),
            _ => matches!(test, Test::AnyOf(any) if any.contains(&Scalar::Bool(self.enabled))),
        }
    }
}

async fn all(app: &App, tenant: TenantId) -> Result<Vec<PolicyRecord>, ApiError> {
    let states = app.store.policies(tenant).await?;
    let record = |detection: &DetectionId| {
        let state = states.get(&detection.policy_id()).copied();
        PolicyRecord::new(tenant, *detection, state)
    };
    Ok(DetectionId::ALL.iter().map(record).collect())
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Envelope<PolicyRecord>>, ApiError> {
    let query = parse_query(&POLICIES, &parameters.sorted_a_to_z().0, Timestamp::now())?;
    let mut policies = all(&app, caller.tenant).await?;
    policies.retain(|policy| {
        let mut conditions = query.filter.conditions.iter();
        conditions.all(|condition| policy.fulfils(condition.field.name, &condition.test))
    });
    policies.sort_by_key(|policy| policy.name);
    if query.sort.descending {
        policies.reverse();
    }
    Ok(Json(Page::of(policies, &query).into()))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<PolicyRecord>, ApiError> {
    Ok(Json(one(&app, caller.tenant, &id).await?))
}

async fn fetch_of_type(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<PolicyRecord>, ApiError> {
    let policy = one(&app, caller.tenant, &id).await?;
    let is_of_type = policy.policy_type.eq_ignore_ascii_case(&kind);
    is_of_type.then_some(Json(policy)).ok_or(ApiError::NotFound)
}

async fn one(app: &App, tenant: TenantId, id: &str) -> Result<PolicyRecord, ApiError> {
    let detection = detection(id)?;
    let states = app.store.policies(tenant).await?;
    let state = states.get(&detection.policy_id()).copied();
    Ok(PolicyRecord::new(tenant, detection, state))
}

fn detection(id: &str) -> Result<DetectionId, ApiError> {
    let id = id.parse().ok().and_then(DetectionId::of_policy);
    id.ok_or(ApiError::NotFound)
}

async fn enable(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<PolicyRecord>, ApiError> {
    switch(&app, &caller, &id, true).await
}

async fn disable(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<PolicyRecord>, ApiError> {
    switch(&app, &caller, &id, false).await
}

async fn switch(
    app: &App,
    caller: &Caller,
    id: &str,
    is_enabled: bool,
) -> Result<Json<PolicyRecord>, ApiError> {
    let policy = detection(id)?.policy_id();
    let action = if is_enabled {
        "policy.enable"
    } else {
        "policy.disable"
    };
    let audit = caller.record(action, &policy);
    let tenant = caller.tenant;
    app.store
        .switch_policy(tenant, policy, is_enabled, audit)
        .await?;
    Ok(Json(one(app, tenant, id).await?))
}
