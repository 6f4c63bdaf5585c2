//! `/casbah/v1/…`: what only Casbah has.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use casbah_detection::sources::Source;
use casbah_model::discovery::DiscoveryUpload;
use casbah_model::identity::Tenant;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::permission::{Action, CasbahRole};
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::error::ApiError;
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::first_start::{self, CreateTenantError, Founder};
use crate::ingest::{Destination, IngestReport, ingest_events};
use crate::state::App;

/// How many uploads are listed.
const LISTED: u32 = 1_000;

pub(super) fn routes(routes: Routes) -> Routes {
    let tenants = Need::Casbah(CasbahRole::TenantManage);
    let uploads = Need::Action(Action::DiscoveryRead);
    routes
        .of("Audit events")
        .post_stream(
            "/casbah/v1/events/{source}",
            Need::Casbah(CasbahRole::IngestWrite),
            "Hand in audit events",
            ingest,
        )
        .get(
            "/casbah/v1/detector",
            Need::Action(Action::ActivitiesRead),
            "Ask how far the detector is",
            detector,
        )
        .of("Tenants")
        .get("/casbah/v1/tenants", tenants, "List tenants", list_tenants)
        .post(
            "/casbah/v1/tenants",
            tenants,
            "Create a tenant",
            create_tenant,
        )
        .get(
            "/casbah/v1/tenants/{id}",
            tenants,
            "Fetch a tenant",
            fetch_tenant,
        )
        .of("Cloud discovery uploads")
        .get(
            "/casbah/v1/discovery/uploads",
            uploads,
            "List uploads",
            list_uploads,
        )
        .get(
            "/casbah/v1/discovery/uploads/{id}",
            uploads,
            "Fetch an upload",
            fetch_upload,
        )
}

async fn ingest(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IngestReport>, ApiError> {
    let source: Source = source.parse().map_err(|_| ApiError::NotFound)?;
    let gzip = match headers
        .get(header::CONTENT_ENCODING)
        .map(axum::http::HeaderValue::as_bytes)
    {
        None | Some(b"identity") => false,
        Some(b"gzip" | b"x-gzip") => true,
        Some(other) => {
            return Err(ApiError::bad_value(
                "Content-Encoding",
                String::from_utf8_lossy(other),
            ));
        }
    };
    let tenant = app
        .store
        .tenant(caller.tenant)
        .await?
        .ok_or(ApiError::NotFound)?;
    let enricher = app.enricher().await.map_err(|error| {
        tracing::error!(%error, "events cannot be enriched");
        ApiError::Internal("the data for enrichment cannot be read")
    })?;
    let receiving = app.receiving.enter();
    let to = Destination {
        store: &app.store,
        enricher,
        ranges: &app.ranges,
    };
    let report = ingest_events(to, &tenant, source, body, gzip, app.config.largest_ingest)
        .await
        .map_err(|error| ApiError::Store(error.into_store_error()))?;
    // The detector rests while a request brings events.
    drop(receiving);
    app.detector_wake.notify_one();
    let target = format!("{source}: {} accepted", report.accepted);
    caller.audit(&app, "activity.ingest", target).await?;
    Ok(Json(report))
}

/// Only the installation's own administrators see tenants.
pub(super) async fn require_home(app: &App, caller: &Caller) -> Result<(), ApiError> {
    let tenant = app.store.tenant(caller.tenant).await?;
    if tenant.is_some_and(|tenant| tenant.is_home) {
        Ok(())
    } else {
        Err(ApiError::Forbidden)
    }
}

fn tenant_record(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id,
        "displayName": tenant.display_name,
        "defaultDomain": tenant.default_domain,
        "created": tenant.created.to_iso(),
    })
}

async fn list_tenants(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    require_home(&app, &caller).await?;
    let tenants = app.store.tenants().await?;
    Ok(Json(
        json!({"data": tenants.iter().map(tenant_record).collect::<Vec<_>>()}),
    ))
}

async fn fetch_tenant(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_home(&app, &caller).await?;
    let id: TenantId = id.parse().map_err(|_| ApiError::NotFound)?;
    let tenant = app.store.tenant(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(tenant_record(&tenant)))
}

async fn create_tenant(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    require_home(&app, &caller).await?;
    let name = parameters.required_text("displayName")?;
    let domain = parameters.required_text("defaultDomain")?;
    let founder = Founder::Caller {
        tenant: caller.tenant,
        name: &caller.name,
    };
    let created = first_start::create_tenant(&app.store, &name, &domain, founder)
        .await
        .map_err(refused_tenant)?;
    let mut answer = tenant_record(&created.tenant);
    answer["administrator"] = json!({
        "userPrincipalName": created.administrator.upn,
        "oneTimePassword": created.password.expose_secret(),
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

fn refused_tenant(error: CreateTenantError) -> ApiError {
    match error {
        CreateTenantError::Domain(domain) => ApiError::bad_value("defaultDomain", domain),
        CreateTenantError::Store(error) => error.into(),
        CreateTenantError::Random(_)
        | CreateTenantError::Password(_)
        | CreateTenantError::Interrupted => ApiError::Internal("a password cannot be made"),
    }
}

fn upload_record(upload: &DiscoveryUpload) -> Value {
    json!({
        "id": upload.id,
        "streamId": upload.stream_id,
        "streamName": upload.stream_name,
        "filename": upload.filename,
        "source": upload.source,
        "format": upload.format,
        "state": upload.state,
        "bytes": upload.bytes,
        "lines": upload.lines,
        "parsed": upload.parsed,
        "bad": upload.bad,
        "uncataloguedTransactions": upload.uncatalogued_transactions,
        "error": upload.error,
        "samples": upload.samples,
        "created": upload.created.to_iso(),
        "finished": upload.finished.map(Timestamp::to_iso),
    })
}

async fn list_uploads(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let uploads = app.store.uploads(caller.tenant, LISTED).await?;
    Ok(Json(
        json!({"data": uploads.iter().map(upload_record).collect::<Vec<_>>()}),
    ))
}

async fn fetch_upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let upload = app
        .store
        .upload(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(upload_record(&upload)))
}

async fn detector(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let (position, pending) = app.store.detector_progress(caller.tenant).await?;
    let position = position.map(|position| position.timestamp);
    Ok(Json(json!({"position": position, "pending": pending})))
}
