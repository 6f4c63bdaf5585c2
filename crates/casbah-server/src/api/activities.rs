//! `/api/v1/activities/`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use casbah_model::activity::ActivityId;
use casbah_model::feedback::{ActivityFeedback, ActivityVerdict};
use casbah_model::filter::{
    ACTIVITIES, ACTIVITY_FEEDBACK, Condition, ListQuery, MAX_LIMIT, Test, parse_query,
};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::{Page, Total};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::envelope::Envelope;
use super::error::ApiError;
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// How many days a list looks back if it is not told.
const DAYS: i64 = 30;

/// The default and the largest step of a scan.
const SCAN_LIMITS: (u32, u32) = (500, 5_000);

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::ActivitiesRead);
    routes
        .of("Activities")
        .list("/api/activities", read, "List activities", list)
        .list(
            "/api/archived_activities",
            read,
            "List activities of any age",
            list_archived,
        )
        .get("/api/activities/{id}", read, "Fetch an activity", fetch)
        .post(
            "/api/activities/{id}/feedback",
            Need::Action(Action::ActivitiesFeedback),
            "Give feedback on an activity",
            feedback,
        )
        .list(
            "/casbah/v1/activities/{id}/feedback",
            read,
            "List the feedback on an activity",
            list_feedback,
        )
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let now = Timestamp::now();
    let mut query = parse_query(&ACTIVITIES, &parameters.0, now)?;
    if !names_a_time(&query) {
        let since = Some(now.minus_days(DAYS).millis());
        let date = ACTIVITIES.fields.iter().find(|field| field.name == "date");
        let test = Test::Within(vec![(since, None)]);
        query
            .filter
            .conditions
            .extend(date.map(|field| Condition { field, test }));
    }
    if parameters.flag("isScan")? {
        return scan(&app, &caller, query, &parameters).await;
    }
    let page = app.store.list_activities(caller.tenant, query).await?;
    Ok(Json(Envelope::from(page)).into_response())
}

async fn list_archived(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Envelope<Box<RawValue>>>, ApiError> {
    let query = parse_query(&ACTIVITIES, &parameters.0, Timestamp::now())?;
    Ok(Json(
        app.store
            .list_activities(caller.tenant, query)
            .await?
            .into(),
    ))
}

fn names_a_time(query: &ListQuery) -> bool {
    let bounds = |condition: &Condition| match &condition.test {
        Test::Within(intervals) => intervals.iter().all(|(start, _)| start.is_some()),
        Test::AnyOf(_) => true,
        _ => false,
    };
    query.filter.conditions.iter().any(|condition| {
        matches!(
            condition.field.name,
            "date" | "created" | "activity.id" | "activity.alertId"
        ) && bounds(condition)
    })
}

/// A step of a walk; the answer tells how to ask for the next.
async fn scan(
    app: &App,
    caller: &Caller,
    mut query: ListQuery,
    parameters: &Parameters,
) -> Result<Response, ApiError> {
    let (default, largest) = SCAN_LIMITS;
    query.limit = match parameters.number("limit")? {
        None | Some(0) => default,
        Some(limit) => u32::try_from(limit)
            .map_err(|_| ApiError::bad_value("limit", limit.to_string()))?
            .min(largest),
    };
    let descending = query.sort.descending;
    let scan = app.store.scan_activities(caller.tenant, query).await?;
    let mut answer = Map::new();
    if let Some(next) = scan.next {
        answer.insert(
            "nextQueryFilters".to_owned(),
            next_filters(parameters, next, descending)?,
        );
    }
    Ok(Json(ScanAnswer {
        data: scan.data,
        has_next: scan.next.is_some(),
        max: MAX_LIMIT,
        total: scan.total.number(),
        more_than_total: scan.total.is_exceeded(),
        next: answer,
    })
    .into_response())
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ScanAnswer {
    data: Vec<Box<RawValue>>,
    has_next: bool,
    max: u32,
    total: u64,
    more_than_total: bool,
    #[serde(flatten)]
    next: Map<String, Value>,
}

/// The caller's own filters with the next bound of the date; a range stays one.
fn next_filters(
    parameters: &Parameters,
    next: Timestamp,
    descending: bool,
) -> Result<Value, ApiError> {
    let mut filters = match parameters.0.get("filters") {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            serde_json::from_str(text).map_err(|_| ApiError::bad_value("filters", text))?
        }
        Some(Value::Object(filters)) => filters.clone(),
        _ => Map::new(),
    };
    let date = filters.entry("date").or_insert_with(|| json!({}));
    let (bound, end) = if descending {
        ("lte", "end")
    } else {
        ("gte", "start")
    };
    match date.get_mut("range").and_then(Value::as_array_mut) {
        Some(ranges) if ranges.len() == 1 => ranges[0][end] = json!(next),
        _ => date[bound] = json!(next),
    }
    Ok(Value::Object(filters))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Box<RawValue>>, ApiError> {
    let id: ActivityId = id.parse().map_err(|_| ApiError::NotFound)?;
    app.store
        .activity(caller.tenant, id)
        .await?
        .map(Json)
        .ok_or(ApiError::NotFound)
}

async fn feedback(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Envelope<ActivityVerdict>>, ApiError> {
    let id: ActivityId = id.parse().map_err(|_| ApiError::NotFound)?;
    let verdict = ActivityVerdict {
        feedback_value: parameters.required_text("feedbackValue")?,
        feedback: parameters.feedback()?,
    };
    let audit = caller.record("activity.feedback", &id);
    let stored = app
        .store
        .add_activity_feedback(caller.tenant, id, verdict.clone(), audit)
        .await?;
    if !stored {
        return Err(ApiError::NotFound);
    }
    let all = Page {
        data: vec![verdict],
        total: Total::Exactly(1),
        has_next: false,
    };
    Ok(Json(all.into()))
}

async fn list_feedback(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Envelope<ActivityFeedback>>, ApiError> {
    let id: ActivityId = id.parse().map_err(|_| ApiError::NotFound)?;
    let query = parse_query(&ACTIVITY_FEEDBACK, &parameters.0, Timestamp::now())?;
    let page = app
        .store
        .activity_feedback(caller.tenant, id, query)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(page.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_filters_are_the_callers_own_with_one_bound_moved() {
        for (filters, descending, expected) in [
            (json!({}), true, json!({"date": {"lte": 5}})),
            (
                json!({"service": {"eq": 1}}),
                false,
                json!({"service": {"eq": 1}, "date": {"gte": 5}}),
            ),
            (
                json!({"date": {"range": [{"start": 1.5, "end": 9}]}}),
                false,
                json!({"date": {"range": [{"start": 5, "end": 9}]}}),
            ),
            (
                json!({"date": {"gte": 1, "lte": 9}}),
                true,
                json!({"date": {"gte": 1, "lte": 5}}),
            ),
        ] {
            let mut parameters = Parameters::default();
            parameters.0.insert("filters".to_owned(), filters.clone());
            let next = next_filters(&parameters, Timestamp(5), descending).unwrap();
            assert_eq!(next, expected, "{filters}");
        }
    }
}
