//! `/api/v1/activities/`.

mod scan;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use casbah_model::activity::{Activity, ActivityId};
use casbah_model::feedback::{ActivityFeedback, ActivityVerdict};
use casbah_model::filter::{
    ACTIVITIES, ACTIVITY_FEEDBACK, Condition, ListQuery, Test, parse_query,
};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::{Page, Total};
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::error::ApiError;
use super::lines::{self, ListForm};
use super::operation::{Kind, Parameter};
use super::parameters::{FEEDBACK, Parameters};
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// How many days a list looks back whose filters name no time.
const DAYS: i64 = 30;

const VERDICT: [Parameter; 4] = {
    let [text, allow, email] = FEEDBACK;
    let about = "The verdict; clients send numbers";
    let value = Parameter::new("feedbackValue", Kind::Text, about).required();
    [value, text, allow, email]
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::ActivitiesRead);
    routes
        .of("Activities")
        .list(
            "/api/activities",
            read,
            "List activities, of the last 30 days if no filter names a time",
            list,
        )
        .pages_with::<Activity>(
            &ACTIVITIES,
            const {
                &[Parameter::new(
                    "isScan",
                    Kind::Flag,
                    "Whether to walk through all: the answer then has `nextQueryFilters`, and \
                 `limit` is 500 unless told, and at most 5,000",
                )]
            },
        )
        .answers::<scan::ScanAnswer>()
        .and_lines::<Activity>()
        .list(
            "/api/archived_activities",
            read,
            "List activities of any age",
            list_archived,
        )
        .pages::<Activity>(&ACTIVITIES)
        .and_lines::<Activity>()
        .get("/api/activities/{id}", read, "Fetch an activity", fetch)
        .answers::<Activity>()
        .list(
            "/api/activities_kusto",
            read,
            "List activities, as the MCAS PowerShell module calls it",
            list,
        )
        .pages::<Activity>(&ACTIVITIES)
        .and_lines::<Activity>()
        .get(
            "/api/activities_kusto/{id}",
            read,
            "Fetch an activity, as the MCAS PowerShell module calls it",
            fetch,
        )
        .answers::<Activity>()
        .post(
            "/api/activities/{id}/feedback",
            Need::Action(Action::ActivitiesFeedback),
            "Give feedback on an activity",
            feedback,
        )
        .takes(&VERDICT)
        .answers::<Envelope<ActivityVerdict>>()
        .list(
            "/casbah/v1/activities/{id}/feedback",
            read,
            "List the feedback on an activity",
            list_feedback,
        )
        .pages::<ActivityFeedback>(&ACTIVITY_FEEDBACK)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
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
    if form == ListForm::Page && parameters.flag("isScan")? {
        return scan::step(&app, caller.tenant, query, &parameters).await;
    }
    answer(&app, &caller, form, query, &parameters).await
}

async fn answer(
    app: &App,
    caller: &Caller,
    form: ListForm,
    query: ListQuery,
    parameters: &Parameters,
) -> Result<Response, ApiError> {
    let (store, tenant) = (app.store.clone(), caller.tenant);
    if form == ListForm::Page {
        return form.answer(store.list_activities(tenant, query).await?);
    }
    lines::walk(&query.clone(), parameters, move |walk, limit| {
        let (store, query) = (store.clone(), query.clone());
        async move {
            let step = store.walk_activities(tenant, query, walk, limit).await?;
            Ok(step.map(lines::Text))
        }
    })
    .await
}

async fn list_archived(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let query = parse_query(&ACTIVITIES, &parameters.0, Timestamp::now())?;
    answer(&app, &caller, form, query, &parameters).await
}

/// Whether the filters name a time, its end alone too, or activities one by one.
fn names_a_time(query: &ListQuery) -> bool {
    let mut fields = query.filter.conditions.iter().map(|one| one.field.name);
    fields.any(|name| {
        matches!(
            name,
            "date" | "created" | "activity.id" | "activity.alertId"
        )
    })
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
