//! `/api/v1/alerts/`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use casbah_model::alert::{Alert, AlertHandling, CloseKind, Resolution};
use casbah_model::filter::{ALERT_HISTORY, ALERTS, Filter, parse_query};
use casbah_model::ids::RecordId;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::Handled;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, json};

use super::envelope::Envelope;
use super::error::ApiError;
use super::lines::{self, ListForm};
use super::operation::{Kind, Parameter};
use super::parameters::{FEEDBACK, Parameters};
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::AlertsRead);
    let close = Need::Action(Action::AlertsClose);
    let routes = routes
        .of("Alerts")
        .list("/api/alerts", read, "List alerts", list)
        .pages::<AlertRecord>(&ALERTS)
        .and_lines::<AlertRecord>()
        .get("/api/alerts/{id}", read, "Fetch an alert", fetch)
        .answers::<AlertRecord>()
        .post(
            "/api/alerts/{id}/read",
            read,
            "Mark an alert read",
            mark_read,
        )
        .answers::<AlertRecord>()
        .post(
            "/api/alerts/{id}/unread",
            read,
            "Mark an alert unread",
            mark_unread,
        )
        .answers::<AlertRecord>();
    let routes = CLOSINGS.iter().fold(routes, |routes, closing| {
        let handler = move |app, caller, parameters| close_all(app, caller, parameters, closing);
        routes
            .post(closing.path, close, closing.summary, handler)
            .takes(closing.takes)
            .answers::<HandledAlerts>()
    });
    routes
        .post(
            "/api/alerts/{id}/dismiss",
            close,
            "Dismiss an alert (deprecated: a false positive)",
            dismiss,
        )
        .takes(const { &[COMMENT] })
        .answers::<HandledAlerts>()
        .post("/api/alerts/reopen", close, "Reopen alerts", reopen)
        .takes(const { &[FILTERS, COMMENT] })
        .answers::<HandledAlerts>()
        .list(
            "/casbah/v1/alerts/{id}/history",
            read,
            "List how an alert was handled",
            history,
        )
        .pages::<AlertHandling>(&ALERT_HISTORY)
}

/// A way to close all alerts that a filter matches.
struct Closing {
    path: &'static str,
    summary: &'static str,
    kind: CloseKind,
    takes: &'static [Parameter],
    counted: fn(u64) -> Counted,
}

const FILTERS: Parameter = Parameter::new(
    "filters",
    Kind::Filters(&ALERTS),
    "Which alerts; empty filters are of none",
)
.required();

const COMMENT: Parameter = Parameter::new("comment", Kind::Text, "Why");

const CLOSE: [Parameter; 6] = {
    let [text, allow, email] = FEEDBACK;
    let about = "Whether the remark is for who makes detections";
    let send = Parameter::new("sendFeedback", Kind::Flag, about);
    [FILTERS, COMMENT, send, text, allow, email]
};

const BENIGN: [Parameter; 7] = with_reason(Parameter::new(
    "reasonId",
    Kind::Code(CloseKind::Benign.reasons()),
    "2 the severity is lower, 4 another, 5 confirmed with the person, 6 triggered by a test",
));

const FALSE_POSITIVE: [Parameter; 7] = with_reason(Parameter::new(
    "reasonId",
    Kind::Code(CloseKind::FalsePositive.reasons()),
    "0 of no interest, 1 too many alike, 3 not accurate, 4 another",
));

const fn with_reason(reason: Parameter) -> [Parameter; 7] {
    let [filters, comment, send, text, allow, email] = CLOSE;
    [filters, comment, reason, send, text, allow, email]
}

/// The last two are deprecated: a dismissed alert is a false positive, a resolved
/// one a true positive.
const CLOSINGS: [Closing; 5] = [
    Closing {
        path: "/api/alerts/close_benign",
        summary: "Close alerts as benign",
        kind: CloseKind::Benign,
        takes: &BENIGN,
        counted: Counted::ClosedBenign,
    },
    Closing {
        path: "/api/alerts/close_false_positive",
        summary: "Close alerts as false positives",
        kind: CloseKind::FalsePositive,
        takes: &FALSE_POSITIVE,
        counted: Counted::ClosedFalsePositive,
    },
    Closing {
        path: "/api/alerts/close_true_positive",
        summary: "Close alerts as true positives",
        kind: CloseKind::TruePositive,
        takes: &CLOSE,
        counted: Counted::ClosedTruePositive,
    },
    Closing {
        path: "/api/alerts/dismiss_bulk",
        summary: "Dismiss alerts (deprecated: false positives)",
        kind: CloseKind::FalsePositive,
        takes: &FALSE_POSITIVE,
        counted: Counted::Dismissed,
    },
    Closing {
        path: "/api/alerts/resolve",
        summary: "Resolve alerts (deprecated: true positives)",
        kind: CloseKind::TruePositive,
        takes: &CLOSE,
        counted: Counted::Resolved,
    },
];

/// An alert with the address of its page.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AlertRecord {
    #[serde(flatten)]
    alert: Alert,
    #[serde(rename = "URL")]
    url: String,
}

pub(crate) fn record(app: &App, alert: Alert) -> AlertRecord {
    let url = format!("{}/#/alerts/{}", app.authority.origin(), alert.id);
    AlertRecord { alert, url }
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let query = parse_query(&ALERTS, &parameters.0, Timestamp::now())?;
    let tenant = caller.tenant;
    if form == ListForm::Page {
        let page = app.store.list_alerts(tenant, query).await?;
        return form.answer(page.map(|alert| record(&app, alert)));
    }
    lines::walk(&query.clone(), &parameters, move |walk, limit| {
        let (app, query) = (Arc::clone(&app), query.clone());
        async move {
            let step = app.store.walk_alerts(tenant, query, walk, limit).await?;
            Ok(step.map(|alert| record(&app, alert)))
        }
    })
    .await
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<AlertRecord>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let alert = app
        .store
        .alert(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(record(&app, alert)))
}

async fn mark_read(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<AlertRecord>, ApiError> {
    mark(&app, &caller, &id, true).await
}

async fn mark_unread(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<AlertRecord>, ApiError> {
    mark(&app, &caller, &id, false).await
}

async fn mark(
    app: &App,
    caller: &Caller,
    id: &str,
    read: bool,
) -> Result<Json<AlertRecord>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let action = if read { "alert.read" } else { "alert.unread" };
    let audit = caller.record(action, &id);
    let alert = app
        .store
        .mark_alert(caller.tenant, id, read, audit)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(record(app, alert)))
}

/// Deprecated: dismisses one alert, with a comment or without.
async fn dismiss(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    mut parameters: Parameters,
) -> Result<Json<HandledAlerts>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    parameters
        .0
        .insert("filters".to_owned(), json!({"id": {"eq": [id]}}));
    let handled = close_matching(&app, &caller, CloseKind::FalsePositive, &parameters).await?;
    if handled.count == 0 {
        return Err(ApiError::NotFound);
    }
    Ok(answer(Counted::Dismissed, handled))
}

async fn reopen(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<HandledAlerts>, ApiError> {
    let filter = required_filter(&parameters)?;
    let mut handling = AlertHandling::new(Resolution::Open, &caller.name, Timestamp::now());
    handling.comment = parameters.text("comment")?;
    let handled = app
        .store
        .handle_alerts(caller.tenant, filter, handling, caller.origin)
        .await?;
    Ok(answer(Counted::Reopened, handled))
}

/// How an alert was handled, the latest first.
async fn history(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Envelope<AlertHandling>>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let query = parse_query(&ALERT_HISTORY, &parameters.0, Timestamp::now())?;
    let page = app
        .store
        .alert_history(caller.tenant, id, query)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(page.into()))
}

async fn close_all(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
    closing: &Closing,
) -> Result<Json<HandledAlerts>, ApiError> {
    let handled = close_matching(&app, &caller, closing.kind, &parameters).await?;
    Ok(answer(closing.counted, handled))
}

async fn close_matching(
    app: &App,
    caller: &Caller,
    kind: CloseKind,
    parameters: &Parameters,
) -> Result<Handled, ApiError> {
    let filter = required_filter(parameters)?;
    let mut handling = AlertHandling::new(kind.resolution(), &caller.name, Timestamp::now());
    handling.reason_id = reason(kind, parameters)?;
    handling.comment = parameters.text("comment")?;
    handling.send_feedback = parameters.flag("sendFeedback")?;
    handling.feedback = parameters.feedback()?;
    Ok(app
        .store
        .handle_alerts(caller.tenant, filter, handling, caller.origin)
        .await?)
}

/// A bulk change without `filters` is refused; one with empty filters changes nothing.
fn required_filter(parameters: &Parameters) -> Result<Filter, ApiError> {
    let (_, filters) = parameters
        .any_of(&["filters"])
        .ok_or(ApiError::Required("filters"))?;
    let only_filters = Map::from_iter([("filters".to_owned(), filters.clone())]);
    Ok(parse_query(&ALERTS, &only_filters, Timestamp::now())?.filter)
}

/// Only `reasonId`, in either spelling, is validated; no reason is fine. A true positive
/// has none, whatever is sent.
fn reason(kind: CloseKind, parameters: &Parameters) -> Result<Option<i64>, ApiError> {
    let mut given = None;
    if kind.reasons().is_empty() {
        return Ok(given);
    }
    for name in ["reasonId", "reasonID"] {
        let Some(reason) = parameters.number(name)? else {
            continue;
        };
        if !kind.reasons().contains(&reason) {
            return Err(ApiError::bad_value(name, reason.to_string()));
        }
        given = Some(reason);
    }
    Ok(given)
}

/// What became of the alerts that were meant.
#[derive(Debug, Serialize, JsonSchema)]
struct HandledAlerts {
    #[serde(flatten)]
    counted: Counted,
    /// Those of the ids in the filters that are of no alert that could be handled; absent
    /// if all are.
    #[serde(rename = "alertsNotFound", skip_serializing_if = "Vec::is_empty")]
    not_found: Vec<String>,
}

/// How many alerts were handled, under the name that the operation has for it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Counted {
    ClosedBenign(u64),
    ClosedFalsePositive(u64),
    ClosedTruePositive(u64),
    Dismissed(u64),
    Resolved(u64),
    Reopened(u64),
}

fn answer(counted: fn(u64) -> Counted, handled: Handled) -> Json<HandledAlerts> {
    Json(HandledAlerts {
        counted: counted(handled.count),
        not_found: handled.not_found,
    })
}
