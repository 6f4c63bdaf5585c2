//! Which report a request means, and its apps with what the catalog says of them.

use casbah_discovery::risk::Weights;
use casbah_discovery::{App as CatalogApp, Catalog};
use casbah_model::discovery::{AppCategory, AppUsage, EpochDay};
use casbah_model::filter::whole_number;
use casbah_model::ids::RecordId;
use casbah_model::time::Timestamp;
use casbah_store::GLOBAL_VIEW;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::api::error::ApiError;
use crate::api::parameters::Parameters;
use crate::auth::Caller;
use crate::state::App;

/// The days that a report can look back.
pub(super) const TIME_FRAMES: [i64; 3] = [7, 30, 90];

/// A report over some days.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReportScope {
    pub(super) stream: RecordId,
    pub(super) since: EpochDay,
}

/// A discovered app as the wire has it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DiscoveredApp {
    pub(super) app_id: i32,
    pub(super) name: String,
    pub(super) category: AppCategory,
    /// 0 risky to 10; null where nothing is known of the app.
    pub(super) score: Option<u8>,
    pub(super) traffic_total_bytes: u64,
    pub(super) traffic_uploaded_bytes: u64,
    pub(super) traffic_downloaded_bytes: u64,
    pub(super) traffic_total_events: u64,
    pub(super) transactions_count: u64,
    pub(super) blocked_count: u64,
    pub(super) users_count: u64,
    pub(super) ip_addresses_count: u64,
    /// Proxy logs name no machines.
    pub(super) devices_count: u64,
    pub(super) first_seen: i64,
    pub(super) last_seen: i64,
    pub(super) last_used: i64,
    pub(super) tags: Vec<String>,
    pub(super) domain_list: Vec<String>,
}

/// Reads `streamId` and `timeFrame`, in any case and also inside `filters`. Where no report
/// is named, `otherwise` is meant, without which one must be named.
///
/// A snapshot report is of its own days, whatever the time frame.
pub(super) async fn scope(
    app: &App,
    caller: &Caller,
    parameters: &Parameters,
    otherwise: Option<RecordId>,
) -> Result<ReportScope, ApiError> {
    let filters = filters_of(parameters);
    let inside = filters.as_ref().and_then(Value::as_object);
    let find = |names: &[&str]| {
        let mut all = parameters.0.iter().chain(inside.into_iter().flatten());
        let is_named = |name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        all.find(|(name, value)| is_named(name) && !value.is_null())
            .map(|(_, value)| value.clone())
    };
    let stream = match find(&["streamId", "stream_id"]) {
        None => otherwise.ok_or(ApiError::Required("streamId"))?,
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            text.parse()
                .map_err(|_| ApiError::bad_json("streamId", &value))?
        }
    };
    let days = match find(&["timeFrame"]) {
        None => TIME_FRAMES[2],
        Some(value) => whole_number(&value)
            .filter(|days| TIME_FRAMES.contains(days))
            .ok_or_else(|| ApiError::bad_json("timeFrame", &value))?,
    };
    let mut since = EpochDay::of_millis(Timestamp::now().minus_days(days).millis());
    if stream != GLOBAL_VIEW {
        let streams = app.store.discovery_streams(caller.tenant).await?;
        let known = streams.into_iter().find(|known| known.id == stream);
        let known = known.ok_or_else(|| ApiError::bad_value("streamId", stream.to_string()))?;
        if known.snapshot {
            since = EpochDay(i32::MIN);
        }
    }
    Ok(ReportScope { stream, since })
}

/// The `filters` without what clients put there that is none.
pub(super) fn filters_of(parameters: &Parameters) -> Option<Value> {
    match parameters.0.get("filters") {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(other) => Some(other.clone()),
        None => None,
    }
}

/// All apps of a report.
pub(super) async fn apps(
    app: &App,
    caller: &Caller,
    scope: ReportScope,
) -> Result<Vec<DiscoveredApp>, ApiError> {
    let usage = app
        .store
        .app_usage(caller.tenant, scope.stream, scope.since)
        .await?;
    let (catalog, year) = (Catalog::built_in(), current_year());
    Ok(usage
        .into_iter()
        .map(|usage| discovered(catalog, year, usage))
        .collect())
}

fn discovered(catalog: &Catalog, year: i16, usage: AppUsage) -> DiscoveredApp {
    let totals = usage.totals;
    let known = catalog.app(usage.app);
    DiscoveredApp {
        app_id: usage.app.0,
        name: known.map_or_else(
            || format!("App {}", usage.app.0),
            |app| app.name.value.clone(),
        ),
        category: known.map_or(AppCategory::Unclassified, CatalogApp::category),
        score: known
            .and_then(|app| app.risk(&Weights::default(), year))
            .map(|s| s.rounded()),
        traffic_total_bytes: totals.bytes(),
        traffic_uploaded_bytes: totals.bytes_up,
        traffic_downloaded_bytes: totals.bytes_down,
        traffic_total_events: totals.transactions,
        transactions_count: totals.transactions,
        blocked_count: totals.blocked,
        users_count: usage.users,
        ip_addresses_count: usage.addresses,
        devices_count: 0,
        first_seen: totals.first_seen,
        last_seen: totals.last_seen,
        last_used: totals.last_seen,
        tags: usage.tags,
        domain_list: known.map(domain_list).unwrap_or_default(),
    }
}

/// The domains by which the catalog knows an app.
pub(super) fn domain_list(app: &CatalogApp) -> Vec<String> {
    app.domains
        .iter()
        .map(|domain| domain.value.clone())
        .collect()
}

/// The year that ages are counted from.
pub(super) fn current_year() -> i16 {
    Timestamp::now().to_iso()[..4].parse().unwrap_or(i16::MAX)
}
