//! `/api/v1/subnet/`: IP ranges.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json};
use casbah_model::activity::tenant_number;
use casbah_model::filter::{IP_RANGES, parse_query};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpLocation, IpRange, IpTag, NameTemplate, Subnet};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::AuditRecord;
use serde_json::Value;

use super::envelope::Envelope;
use super::error::ApiError;
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// The most networks or tags of one range.
const MOST: usize = 1_000;

/// What a tag marks: an IP address.
const TAG_OF_ADDRESS: i32 = 1;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::IpRangesRead);
    let manage = Need::Action(Action::IpRangesManage);
    routes
        .route("/api/subnet", read, get(list).post(list))
        .route("/api/subnet/create_rule", manage, post(create))
        .route("/api/subnet/{id}/update_rule", manage, post(update))
        .route("/api/subnet/{id}", read, get(fetch))
        .route("/api/subnet/{id}", manage, axum::routing::delete(delete))
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Envelope<IpRange>>, ApiError> {
    let query = parse_query(&IP_RANGES, &parameters.0, Timestamp::now())?;
    Ok(Json(
        app.store.list_ip_ranges(caller.tenant, query).await?.into(),
    ))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<IpRange>, ApiError> {
    Ok(Json(existing(&app, &caller, &id).await?))
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<RecordId>, ApiError> {
    let now = Timestamp::now();
    let range = read_range(
        caller.tenant,
        RecordId::generate(now.seconds()),
        &parameters,
        now,
    )?;
    let audit = AuditRecord::new(&caller.name, "ip_range.create", range.id);
    let range = app.store.save_ip_range(caller.tenant, range, audit).await?;
    Ok(Json(range.id))
}

async fn update(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<IpRange>, ApiError> {
    let existing = existing(&app, &caller, &id).await?;
    let range = read_range(caller.tenant, existing.id, &parameters, Timestamp::now())?;
    let audit = AuditRecord::new(&caller.name, "ip_range.update", range.id);
    let range = app.store.save_ip_range(caller.tenant, range, audit).await?;
    Ok(Json(range))
}

async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let audit = AuditRecord::new(&caller.name, "ip_range.delete", id);
    if !app.store.delete_ip_range(caller.tenant, id, audit).await? {
        return Err(ApiError::NotFound);
    }
    Ok(StatusCode::OK)
}

async fn existing(app: &App, caller: &Caller, id: &str) -> Result<IpRange, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    app.store
        .ip_range(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)
}

fn read_range(
    tenant: TenantId,
    id: RecordId,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<IpRange, ApiError> {
    let category = parameters
        .number("category")?
        .ok_or(ApiError::Required("category"))?;
    let subnets = list_of(parameters, "subnets")?;
    if subnets.is_empty() {
        return Err(ApiError::Required("subnets"));
    }
    Ok(IpRange {
        id,
        name: parameters.required_text("name")?,
        subnets: subnets.iter().map(read_subnet).collect::<Result<_, _>>()?,
        location: read_location(parameters)?,
        organization: parameters.text("organization")?,
        tags: list_of(parameters, "tags")?
            .iter()
            .map(|tag| read_tag(tenant, tag, now))
            .collect::<Result<_, _>>()?,
        category: IpCategory::from_value(category)
            .ok_or_else(|| ApiError::bad_value("category", category.to_string()))?,
        last_modified: now.millis() as f64,
        tid: tenant_number(tenant),
    })
}

/// A list, a single value in its stead, or (in forms) JSON text of a list.
fn list_of(parameters: &Parameters, name: &'static str) -> Result<Vec<Value>, ApiError> {
    let values = match parameters.0.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(Value::String(text)) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).map_err(|_| ApiError::bad_value(name, text))?
        }
        Some(other) => vec![other.clone()],
    };
    if values.len() > MOST {
        return Err(ApiError::bad_value(
            name,
            format!("a list of {} values", values.len()),
        ));
    }
    Ok(values)
}

/// A network as text, or as a record that was read from a list.
fn read_subnet(value: &Value) -> Result<Subnet, ApiError> {
    let text = value.as_str().or_else(|| value["originalString"].as_str());
    let text = text.ok_or_else(|| ApiError::bad_value("subnets", value.to_string()))?;
    Subnet::parse(text).map_err(|error| ApiError::bad_value("subnets", error.0))
}

/// A tag by its name, its id, `{"text": name}`, or as a record. The store puts the
/// tenant's own record in its place if there is one.
fn read_tag(tenant: TenantId, value: &Value, now: Timestamp) -> Result<IpTag, ApiError> {
    let names = [
        value.as_str(),
        value["name"].as_str(),
        value["text"].as_str(),
        value["id"].as_str(),
    ];
    let name = names
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| ApiError::bad_value("tags", value.to_string()))?;
    let record_id = RecordId::generate(now.seconds());
    let id = value["id"]
        .as_str()
        .or(Some(name))
        .filter(|id| id.parse::<RecordId>().is_ok());
    Ok(IpTag {
        record_id,
        id: id.map_or_else(|| record_id.to_string(), str::to_owned),
        target: TAG_OF_ADDRESS,
        kind: 1,
        name: name.to_owned(),
        name_template: NameTemplate {
            template: name.to_owned(),
        },
        description: None,
        description_template: None,
        visibility: 0,
        status: 0,
        tid: tenant_number(tenant),
    })
}

fn read_location(parameters: &Parameters) -> Result<Option<IpLocation>, ApiError> {
    match parameters.0.get("location") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|_| ApiError::bad_value("location", value.to_string())),
    }
}
