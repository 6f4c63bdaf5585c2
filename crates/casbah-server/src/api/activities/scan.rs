//! Walking through all activities (`isScan`): each answer holds the filters that ask
//! for the next step.

use axum::Json;
use axum::response::{IntoResponse, Response};
use casbah_model::activity::Activity;
use casbah_model::filter::{ListQuery, Test};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::api::error::ApiError;
use crate::api::parameters::Parameters;
use crate::state::App;

/// The default and the largest step of a scan.
const LIMITS: (u32, u32) = (500, 5_000);

/// A step of a walk; the answer tells how to ask for the next.
pub(super) async fn step(
    app: &App,
    tenant: TenantId,
    mut query: ListQuery,
    parameters: &Parameters,
) -> Result<Response, ApiError> {
    let (default, largest) = LIMITS;
    query.limit = match parameters.number("limit")? {
        None | Some(0) => default,
        Some(limit) => u32::try_from(limit)
            .map_err(|_| ApiError::bad_value("limit", limit.to_string()))?
            .min(largest),
    };
    let descending = query.sort.descending;
    let since = earliest(&query);
    let scan = app.store.scan_activities(tenant, query).await?;
    let next = scan.next.map(|next| {
        if descending {
            next_filters(
                parameters,
                &[(Bound::EARLIEST, since), (Bound::LATEST, Some(next))],
            )
        } else {
            next_filters(parameters, &[(Bound::EARLIEST, Some(next))])
        }
    });
    Ok(Json(ScanAnswer {
        data: scan.data,
        has_next: next.is_some(),
        max: largest,
        total: scan.total.number(),
        more_than_total: scan.total.is_exceeded(),
        next_query_filters: next.transpose()?,
    })
    .into_response())
}

/// A step of a walk as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ActivityScan")]
pub(super) struct ScanAnswer {
    /// The activities.
    #[schemars(with = "Vec<Activity>")]
    data: Vec<Box<RawValue>>,
    /// Whether there are more.
    has_next: bool,
    /// The largest `limit`.
    max: u32,
    /// How many activities there are in all.
    total: u64,
    /// Whether there are more than that: counting stopped there.
    more_than_total: bool,
    /// What to send as `filters` for the next step; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_query_filters: Option<Map<String, Value>>,
}

/// The earliest time that the query asks for, if it names one.
fn earliest(query: &ListQuery) -> Option<Timestamp> {
    let dates = query.filter.conditions.iter();
    let starts = dates.filter_map(|condition| match &condition.test {
        Test::Within(ranges) if condition.field.name == "date" => {
            let start = ranges.iter().map(|(start, _)| *start).min();
            start.flatten()
        }
        _ => None,
    });
    starts.max().map(Timestamp)
}

/// One end of the time that a filter asks for.
struct Bound {
    operator: &'static str,
    /// Its name in a range.
    end: &'static str,
}

impl Bound {
    const EARLIEST: Self = Self {
        operator: "gte",
        end: "start",
    };
    const LATEST: Self = Self {
        operator: "lte",
        end: "end",
    };
}

/// The caller's own filters with these ends of the date; a range stays one.
///
/// A number of days, the caller's or the list's own, is turned into the time it meant
/// at this step: counted anew at each, it would leave behind what was there when the
/// walk began.
fn next_filters(
    parameters: &Parameters,
    bounds: &[(Bound, Option<Timestamp>)],
) -> Result<Map<String, Value>, ApiError> {
    let mut filters = match parameters.0.get("filters") {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            serde_json::from_str(text).map_err(|_| ApiError::bad_value("filters", text))?
        }
        Some(Value::Object(filters)) => filters.clone(),
        _ => Map::new(),
    };
    let date = filters.entry("date").or_insert_with(|| json!({}));
    if let Value::Object(date) = date {
        date.remove("gte_ndays");
    }
    for (bound, time) in bounds {
        let Some(time) = time else { continue };
        match date.get_mut("range") {
            Some(Value::Array(ranges)) if ranges.len() == 1 => ranges[0][bound.end] = json!(time),
            Some(range @ Value::Object(_)) => range[bound.end] = json!(time),
            _ => date[bound.operator] = json!(time),
        }
    }
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use casbah_model::filter::{ACTIVITIES, parse_query};
    use casbah_model::time::DAY_MS;

    use super::*;

    fn next(filters: &Value, descending: bool) -> Value {
        let mut parameters = Parameters::default();
        parameters.0.insert("filters".to_owned(), filters.clone());
        let query = parse_query(&ACTIVITIES, &parameters.0, Timestamp(9 * DAY_MS)).unwrap();
        let since = earliest(&query);
        let bounds: &[_] = if descending {
            &[
                (Bound::EARLIEST, since),
                (Bound::LATEST, Some(Timestamp(5))),
            ]
        } else {
            &[(Bound::EARLIEST, Some(Timestamp(5)))]
        };
        Value::Object(next_filters(&parameters, bounds).unwrap())
    }

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
                json!({"date": {"range": {"start": 1, "end": 9}}}),
                true,
                json!({"date": {"range": {"start": 1, "end": 5}}}),
            ),
            (
                json!({"date": {"range": [{"start": 1, "end": 3}, {"start": 4}]}}),
                false,
                json!({"date": {"range": [{"start": 1, "end": 3}, {"start": 4}], "gte": 5}}),
            ),
            (
                json!({"date": {"gte": 1, "lte": 9}}),
                true,
                json!({"date": {"gte": 1, "lte": 5}}),
            ),
            (
                json!({"date": {"gte_ndays": 2, "lte": 9}}),
                true,
                json!({"date": {"gte": 7 * DAY_MS, "lte": 5}}),
            ),
            (
                json!({"date": {"gte_ndays": 2}}),
                false,
                json!({"date": {"gte": 5}}),
            ),
        ] {
            assert_eq!(next(&filters, descending), expected, "{filters}");
        }
    }
}
