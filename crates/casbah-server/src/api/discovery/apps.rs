//! Discovered apps, their categories and their users.
//!
//! A report has some thousand apps at most, and name, category and score come from
//! the catalog, so filters are evaluated and pages cut here and not in the store.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use casbah_model::discovery::{AppCategory, DiscoveredAppId};
use casbah_model::filter::{
    APP_USERS, Condition, DISCOVERED_APPS, Filter, ListQuery, ListSpec, Part, Scalar, Test, fold,
    parse_query, whole_number,
};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::{GLOBAL_VIEW, Page};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::report::{self, DiscoveredApp, ReportScope};
use crate::api::error::ApiError;
use crate::api::lines::ListForm;
use crate::api::operation::{Kind, LARGEST, Parameter};
use crate::api::parameters::Parameters;
use crate::api::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

const REPORT: [Parameter; 2] = [
    Parameter::new(
        "streamId",
        Kind::Text,
        "The report; that of all continuous reports together unless told",
    ),
    Parameter::new(
        "timeFrame",
        Kind::Code(&report::TIME_FRAMES),
        "How many days it looks back",
    ),
];

/// The same of the list that asks for a report.
const NAMED_REPORT: [Parameter; 2] = [
    Parameter::new("streamId", Kind::Text, "The report").required(),
    REPORT[1],
];

const USERS: [Parameter; 3] = [
    Parameter::new("appId", Kind::UpTo(LARGEST), "The app").required(),
    REPORT[0],
    REPORT[1],
];

/// How many apps of a report are of a category.
#[derive(Debug, Serialize, JsonSchema)]
struct CategoryTotal {
    id: AppCategory,
    total: u64,
}

/// A user of a discovered app as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AppUser {
    /// The name for display.
    username: String,
    /// The name in lower case.
    user_identifier: String,
    traffic_total_bytes: u64,
    traffic_uploaded_bytes: u64,
    traffic_downloaded_bytes: u64,
    transactions_count: u64,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::DiscoveryRead);
    routes
        .list(
            "/api/discovery/discovered_apps",
            read,
            "List the discovered apps of a report",
            list,
        )
        .pages_with::<DiscoveredApp>(&DISCOVERED_APPS, &REPORT)
        .and_lines::<DiscoveredApp>()
        .list(
            "/api/discovery/discovered_apps/categories",
            read,
            "List the categories of a report's apps",
            categories,
        )
        .takes_list(&DISCOVERED_APPS, &NAMED_REPORT)
        .answers::<Vec<CategoryTotal>>()
        .list(
            "/api/discovery/app_users",
            read,
            "List the users of a discovered app",
            users,
        )
        .pages_with::<AppUser>(&APP_USERS, &USERS)
        .and_lines::<AppUser>()
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let scope = report::scope(&app, &caller, &parameters, Some(GLOBAL_VIEW)).await?;
    let mut query = query(&DISCOVERED_APPS, &parameters)?;
    form.widen(&mut query, &parameters)?;
    let mut apps = matching(&app, &caller, scope, &query.filter).await?;
    sort(&mut apps, &query);
    form.answer(Page::of(apps, &query))
}

async fn categories(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Vec<CategoryTotal>>, ApiError> {
    let scope = report::scope(&app, &caller, &parameters, None).await?;
    let query = query(&DISCOVERED_APPS, &parameters)?;
    let mut totals: BTreeMap<&str, CategoryTotal> = BTreeMap::new();
    for app in matching(&app, &caller, scope, &query.filter).await? {
        let (id, total) = (app.category, 0);
        let known = totals.entry(id.wire_name());
        known.or_insert(CategoryTotal { id, total }).total += 1;
    }
    let totals = totals.into_values().collect();
    Ok(Json(Page::of(totals, &query).data))
}

async fn users(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let scope = report::scope(&app, &caller, &parameters, Some(GLOBAL_VIEW)).await?;
    let id = parameters
        .number("appId")?
        .ok_or(ApiError::Required("appId"))?;
    let id = i32::try_from(id).map_err(|_| ApiError::bad_value("appId", id.to_string()))?;
    let mut query = query(&APP_USERS, &parameters)?;
    form.widen(&mut query, &parameters)?;
    let store = &app.store;
    let users = store
        .app_users(
            caller.tenant,
            scope.stream,
            DiscoveredAppId(id),
            scope.since,
        )
        .await?;
    let users = users.into_iter().map(|user| AppUser {
        username: user.display,
        user_identifier: user.user,
        traffic_total_bytes: user.totals.bytes(),
        traffic_uploaded_bytes: user.totals.bytes_up,
        traffic_downloaded_bytes: user.totals.bytes_down,
        transactions_count: user.totals.transactions,
        first_seen: Timestamp(user.totals.first_seen),
        last_seen: Timestamp(user.totals.last_seen),
    });
    let mut users: Vec<_> = users.collect();
    sort_users(&mut users, &query);
    form.answer(Page::of(users, &query))
}

fn sort_users(users: &mut [AppUser], query: &ListQuery) {
    users.sort_by(|a, b| {
        let order = match query.sort.field {
            "username" => a.user_identifier.cmp(&b.user_identifier),
            "trafficTotalBytes" => a.traffic_total_bytes.cmp(&b.traffic_total_bytes),
            "trafficUploadedBytes" => a.traffic_uploaded_bytes.cmp(&b.traffic_uploaded_bytes),
            "trafficDownloadedBytes" => a.traffic_downloaded_bytes.cmp(&b.traffic_downloaded_bytes),
            "transactionsCount" => a.transactions_count.cmp(&b.transactions_count),
            _ => a.last_seen.cmp(&b.last_seen),
        };
        in_direction(order, query).then_with(|| a.user_identifier.cmp(&b.user_identifier))
    });
}

fn in_direction(order: Ordering, query: &ListQuery) -> Ordering {
    if query.sort.descending {
        order.reverse()
    } else {
        order
    }
}

/// The list's parameters; `streamId` and `timeframe`, which some clients put among
/// the filters, are none.
fn query(list: &'static ListSpec, parameters: &Parameters) -> Result<ListQuery, ApiError> {
    let mut own = parameters.0.clone();
    let mut scores = None;
    if let Some(Value::Object(filters)) = report::filters_of(parameters) {
        let is_filter = |name: &str| {
            !["streamid", "stream_id", "timeframe"].contains(&name.to_ascii_lowercase().as_str())
        };
        let mut filters: Map<_, _> = filters
            .into_iter()
            .filter(|(name, _)| is_filter(name))
            .collect();
        if let Some(field) = list.fields.iter().find(|field| field.name == SCORE) {
            let range = take_scores(&mut filters)?;
            scores = range.map(|(low, high)| Condition {
                field,
                test: Test::Within(vec![(Some(low), Some(high))]),
            });
        }
        own.insert("filters".to_owned(), Value::Object(filters));
    }
    let mut query = parse_query(list, &own, Timestamp::now())?;
    query.filter.conditions.extend(scores);
    Ok(query)
}

/// `score eq [low, high]` means the range, as the MCAS PowerShell module sends it. It sends
/// the range of all scores where nobody asks for any: then apps without one are meant too.
fn take_scores(filters: &mut Map<String, Value>) -> Result<Option<(i64, i64)>, ApiError> {
    let Some(Value::Object(tests)) = filters.get_mut(SCORE) else {
        return Ok(None);
    };
    let pair = tests.get("eq").and_then(Value::as_array).map(Vec::as_slice);
    let Some([low, high]) = pair else {
        return Ok(None);
    };
    let bound =
        |value: &Value| whole_number(value).ok_or_else(|| ApiError::bad_json("filters", value));
    let (low, high) = (bound(low)?, bound(high)?);
    tests.remove("eq");
    Ok((low > LOWEST || high < HIGHEST).then_some((low, high)))
}

/// The filter of scores, and the least and the best of them.
const SCORE: &str = "score";
const LOWEST: i64 = 0;
const HIGHEST: i64 = 10;

async fn matching(
    app: &App,
    caller: &Caller,
    scope: ReportScope,
    filter: &Filter,
) -> Result<Vec<DiscoveredApp>, ApiError> {
    let mut apps = report::apps(app, caller, scope).await?;
    for condition in &filter.conditions {
        if condition.field.name == "user.entity" {
            let theirs = apps_of_users(app, caller, scope, &condition.test).await?;
            apps.retain(|app| theirs.contains(&app.app_id));
        } else {
            apps.retain(|app| matches(app, condition));
        }
    }
    Ok(apps)
}

async fn apps_of_users(
    app: &App,
    caller: &Caller,
    scope: ReportScope,
    test: &Test,
) -> Result<BTreeSet<i32>, ApiError> {
    let mut apps = BTreeSet::new();
    let Test::AnyOf(users) = test else {
        return Ok(apps);
    };
    for user in users {
        if let Scalar::Text(user) = user {
            let (tenant, store) = (caller.tenant, &app.store);
            let theirs = store
                .apps_of_user(tenant, scope.stream, user.clone(), scope.since)
                .await?;
            apps.extend(theirs.into_iter().map(|app| app.0));
        }
    }
    Ok(apps)
}

fn matches(app: &DiscoveredApp, condition: &Condition) -> bool {
    let number = |value: u64| i64::try_from(value).ok();
    match condition.field.name {
        "name" => text_matches(&condition.test, &[fold(&app.name)]),
        "category" => text_matches(&condition.test, &[app.category.wire_name().to_owned()]),
        "tag" => {
            let tags: Vec<String> = app.tags.iter().map(|tag| fold(tag)).collect();
            text_matches(&condition.test, &tags)
        }
        "appId" => number_matches(&condition.test, Some(i64::from(app.app_id))),
        "score" => number_matches(&condition.test, app.score.map(i64::from)),
        "users" => number_matches(&condition.test, number(app.users_count)),
        _ => false,
    }
}

pub(in crate::api) fn number_matches(test: &Test, number: Option<i64>) -> bool {
    let scalar = number.map_or(Scalar::Null, Scalar::Int);
    match test {
        Test::AnyOf(values) => values.contains(&scalar),
        Test::NoneOf(values) => !values.contains(&scalar),
        Test::Within(intervals) => number.is_some_and(|number| {
            intervals.iter().any(|(start, end)| {
                start.is_none_or(|start| number >= start) && end.is_none_or(|end| number <= end)
            })
        }),
        _ => false,
    }
}

pub(in crate::api) fn text_matches(test: &Test, texts: &[String]) -> bool {
    let is = |value: &Scalar| match value {
        Scalar::Text(wanted) => texts.contains(wanted),
        Scalar::Null => texts.is_empty(),
        _ => false,
    };
    let has = |part: &Part, wanted: &String| {
        texts.iter().any(|text| match part {
            Part::Anywhere => text.contains(wanted.as_str()),
            Part::Start => text.starts_with(wanted.as_str()),
            Part::End => text.ends_with(wanted.as_str()),
        })
    };
    match test {
        Test::AnyOf(values) => values.iter().any(is),
        Test::NoneOf(values) => !values.iter().any(is),
        Test::Like(part, wanted) => wanted.iter().any(|wanted| has(part, wanted)),
        Test::NotLike(part, wanted) => !wanted.iter().any(|wanted| has(part, wanted)),
        _ => false,
    }
}

fn sort(apps: &mut [DiscoveredApp], query: &ListQuery) {
    let order = |a: &DiscoveredApp, b: &DiscoveredApp| -> Ordering {
        match query.sort.field {
            "score" => a.score.cmp(&b.score),
            "name" => fold(&a.name).cmp(&fold(&b.name)),
            "usersCount" => a.users_count.cmp(&b.users_count),
            "ipAddressesCount" => a.ip_addresses_count.cmp(&b.ip_addresses_count),
            "trafficUploadedBytes" => a.traffic_uploaded_bytes.cmp(&b.traffic_uploaded_bytes),
            "trafficDownloadedBytes" => a.traffic_downloaded_bytes.cmp(&b.traffic_downloaded_bytes),
            "trafficTotalEvents" | "transactionsCount" => {
                a.transactions_count.cmp(&b.transactions_count)
            }
            "lastUsed" | "lastSeen" => a.last_seen.cmp(&b.last_seen),
            _ => a.traffic_total_bytes.cmp(&b.traffic_total_bytes),
        }
    };
    apps.sort_by(|a, b| in_direction(order(a, b), query).then(a.app_id.cmp(&b.app_id)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn report_parameters_among_the_filters_are_no_filters() {
        let mut parameters = Parameters::default();
        let filters = json!({"streamId": "x", "timeframe": "30", "score": {"eq": [1, 5]}});
        parameters.0.insert("filters".to_owned(), filters);
        let query = query(&DISCOVERED_APPS, &parameters).unwrap();
        let names = query.filter.conditions.iter().map(|one| one.field.name);
        assert_eq!(names.collect::<Vec<_>>(), ["score"]);
    }

    #[test]
    fn two_scores_are_a_range_beside_other_tests() {
        let conditions = |score: Value| {
            let mut parameters = Parameters::default();
            parameters
                .0
                .insert("filters".to_owned(), json!({"score": score}));
            let query = query(&DISCOVERED_APPS, &parameters)?;
            let tests = query.filter.conditions.into_iter().map(|one| one.test);
            Ok::<_, ApiError>(tests.collect::<Vec<_>>())
        };
        let range = |start, end| Test::Within(vec![(start, end)]);
        for (score, expected) in [
            (json!({"eq": [1, 5]}), vec![range(Some(1), Some(5))]),
            (json!({"eq": ["1", 10]}), vec![range(Some(1), Some(10))]),
            (json!({"eq": [0, 10]}), vec![]),
            (json!({"eq": [0, 10], "lt": 4}), vec![range(None, Some(3))]),
            (
                json!({"eq": [1, 9], "gt": 6}),
                vec![range(Some(7), None), range(Some(1), Some(9))],
            ),
            (json!({"eq": [5]}), vec![Test::AnyOf(vec![Scalar::Int(5)])]),
        ] {
            assert_eq!(conditions(score.clone()).unwrap(), expected, "{score}");
        }
        for score in [
            json!({"eq": [1, 5], "bogus": 1}),
            json!({"eq": [1, "x"]}),
            json!({"eq": ["x", 10]}),
        ] {
            assert!(conditions(score.clone()).is_err(), "{score}");
        }
    }
}
