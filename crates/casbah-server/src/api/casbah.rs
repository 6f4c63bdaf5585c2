//! `/casbah/v1/…`: what only Casbah has.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use casbah_detection::sources::Source;
use casbah_model::discovery::{BadLineSample, DiscoveryUpload, UploadState};
use casbah_model::identity::Tenant;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::permission::{Action, CasbahRole};
use casbah_model::time::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::lines::NDJSON;
use super::operation::{JSON, Kind, Parameter};
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
        .names(Source::ALL.iter().map(|source| source.name()))
        .takes_file(&[JSON, NDJSON], &[])
        .answers::<IngestReport>()
        .get(
            "/casbah/v1/detector",
            Need::Action(Action::ActivitiesRead),
            "Ask how far the detector is",
            detector,
        )
        .answers::<DetectorRecord>()
        .of("Tenants")
        .get("/casbah/v1/tenants", tenants, "List tenants", list_tenants)
        .answers::<Listed<TenantRecord>>()
        .post(
            "/casbah/v1/tenants",
            tenants,
            "Create a tenant",
            create_tenant,
        )
        .takes(
            const {
                &[
                    Parameter::new("displayName", Kind::Text, "Its name").required(),
                    Parameter::new("defaultDomain", Kind::Text, "The domain of its people")
                        .required(),
                ]
            },
        )
        .answers_as::<NewTenant>(StatusCode::CREATED)
        .get(
            "/casbah/v1/tenants/{id}",
            tenants,
            "Fetch a tenant",
            fetch_tenant,
        )
        .answers::<TenantRecord>()
        .of("Cloud discovery uploads")
        .get(
            "/casbah/v1/discovery/uploads",
            uploads,
            "List uploads",
            list_uploads,
        )
        .answers::<Listed<UploadRecord>>()
        .get(
            "/casbah/v1/discovery/uploads/{id}",
            uploads,
            "Fetch an upload",
            fetch_upload,
        )
        .answers::<UploadRecord>()
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

/// A tenant as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TenantRecord {
    id: TenantId,
    display_name: String,
    default_domain: String,
    created: Iso,
}

impl From<Tenant> for TenantRecord {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            display_name: tenant.display_name,
            default_domain: tenant.default_domain,
            created: tenant.created.into(),
        }
    }
}

/// A tenant that was just made.
#[derive(Serialize, JsonSchema)]
struct NewTenant {
    #[serde(flatten)]
    tenant: TenantRecord,
    /// Its first administrator.
    administrator: NewAdministrator,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewAdministrator {
    user_principal_name: String,
    /// To be changed at the first sign-in. It is not shown again.
    one_time_password: String,
}

async fn list_tenants(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<TenantRecord>>, ApiError> {
    require_home(&app, &caller).await?;
    let tenants = app.store.tenants().await?;
    Ok(Json(tenants.into_iter().map(TenantRecord::from).collect()))
}

async fn fetch_tenant(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<TenantRecord>, ApiError> {
    require_home(&app, &caller).await?;
    let id: TenantId = id.parse().map_err(|_| ApiError::NotFound)?;
    let tenant = app.store.tenant(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(tenant.into()))
}

async fn create_tenant(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<NewTenant>), ApiError> {
    require_home(&app, &caller).await?;
    let name = parameters.required_name("displayName")?;
    let domain = parameters.required_text("defaultDomain")?;
    let founder = Founder::Caller {
        tenant: caller.tenant,
        name: &caller.name,
    };
    let created = first_start::create_tenant(&app.store, &name, &domain, founder)
        .await
        .map_err(refused_tenant)?;
    let answer = NewTenant {
        tenant: created.tenant.into(),
        administrator: NewAdministrator {
            user_principal_name: created.administrator.upn,
            one_time_password: created.password.expose_secret().to_owned(),
        },
    };
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

/// A log on its way into a report, as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UploadRecord {
    id: RecordId,
    /// The report that it goes into, once that is known.
    stream_id: Option<RecordId>,
    /// That report's name.
    stream_name: Option<String>,
    filename: String,
    /// What the sender says the log is.
    source: String,
    /// What the log was found to be.
    format: Option<String>,
    state: UploadState,
    bytes: u64,
    /// Lines read.
    lines: u64,
    /// Lines understood.
    parsed: u64,
    /// Lines not understood.
    bad: u64,
    /// Transactions with apps that the catalog does not know.
    uncatalogued_transactions: u64,
    /// Why it failed, or what is missing.
    error: Option<String>,
    /// The first lines that were not understood.
    samples: Vec<BadLineSample>,
    created: Iso,
    /// When the log was in its report, or had failed.
    finished: Option<Iso>,
}

impl From<DiscoveryUpload> for UploadRecord {
    fn from(upload: DiscoveryUpload) -> Self {
        Self {
            id: upload.id,
            stream_id: upload.stream_id,
            stream_name: upload.stream_name,
            filename: upload.filename,
            source: upload.source,
            format: upload.format,
            state: upload.state,
            bytes: upload.bytes,
            lines: upload.lines,
            parsed: upload.parsed,
            bad: upload.bad,
            uncatalogued_transactions: upload.uncatalogued_transactions,
            error: upload.error,
            samples: upload.samples,
            created: upload.created.into(),
            finished: upload.finished.map(Iso),
        }
    }
}

async fn list_uploads(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<UploadRecord>>, ApiError> {
    let uploads = app.store.uploads(caller.tenant, LISTED).await?;
    Ok(Json(uploads.into_iter().map(UploadRecord::from).collect()))
}

async fn fetch_upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<UploadRecord>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let upload = app
        .store
        .upload(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(upload.into()))
}

/// How far the detector is.
#[derive(Debug, Serialize, JsonSchema)]
struct DetectorRecord {
    /// The time of the last activity that it looked at, if there is any.
    position: Option<Timestamp>,
    /// How many activities it has not looked at.
    pending: u64,
}

async fn detector(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<DetectorRecord>, ApiError> {
    let (position, pending) = app.store.detector_progress(caller.tenant).await?;
    let position = position.map(|position| position.timestamp);
    Ok(Json(DetectorRecord { position, pending }))
}
