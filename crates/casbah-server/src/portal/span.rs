//! The time that a list is about, as a form says it: a number of days (`days`), and times
//! from (`since`) and before (`until`) which something happened.

use casbah_model::time::Timestamp;
use serde_json::{Map, Value, json};

use super::error::PortalError;
use super::query::Query;

/// The parameters.
pub(super) const FIELDS: [&str; 3] = ["days", "since", "until"];

/// The word for any number of days.
const ALL: &str = "all";

/// What the form offers beside its own default.
const OFFERED: [(&str, &str); 5] = [
    ("1", "Last 24 hours"),
    ("7", "Last 7 days"),
    ("90", "Last 90 days"),
    ("180", "Last 180 days"),
    (ALL, "Any time"),
];

/// The most days that are asked for.
const MOST_DAYS: i64 = 36_500;

/// A choice of the form: value, title, whether it is the present one.
pub(super) type Choice = (&'static str, String, bool);

/// What the form offers; `unless` is the number of days where nothing is said, none for
/// any time.
pub(super) fn choices(query: &Query, unless: Option<i64>) -> Vec<Choice> {
    let chosen = query.text("days");
    let has_times = !query.text("since").is_empty() || !query.text("until").is_empty();
    let default = match unless {
        _ if has_times => "Between the times".to_owned(),
        Some(days) => format!("Last {days} days"),
        None => "Any time".to_owned(),
    };
    let is_default = OFFERED.iter().all(|(value, _)| *value != chosen);
    let offered = OFFERED
        .iter()
        .filter(|(value, _)| has_times || unless.is_some() || *value != ALL)
        .map(|(value, title)| (*value, (*title).to_owned(), *value == chosen));
    let mut all = vec![("", default, is_default)];
    all.extend(offered);
    all
}

/// The test of the API's field `date`; none for any time.
pub(super) fn test(query: &Query, unless: Option<i64>) -> Result<Option<Value>, PortalError> {
    let mut bounds = Map::new();
    let (since, until) = (time(query.text("since"))?, time(query.text("until"))?);
    if let Some(since) = since {
        bounds.insert("gte".to_owned(), json!(since));
    }
    if let Some(until) = until {
        bounds.insert("lte".to_owned(), json!(until.plus_millis(-1)));
    }
    let days = match query.text("days") {
        "" => unless.filter(|_| bounds.is_empty()),
        ALL => None,
        number => Some(days(number)?),
    };
    if let Some(days) = days {
        bounds.insert("gte_ndays".to_owned(), json!(days));
    }
    Ok((!bounds.is_empty()).then_some(Value::Object(bounds)))
}

fn days(text: &str) -> Result<i64, PortalError> {
    let days = text.parse().ok();
    days.filter(|days| (1..=MOST_DAYS).contains(days))
        .ok_or(PortalError::Entry("Choose a number of days."))
}

fn time(text: &str) -> Result<Option<Timestamp>, PortalError> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = Timestamp::parse(text).ok_or(PortalError::Entry(
        "Write times as 2026-01-31T15:04, in UTC.",
    ))?;
    Ok(Some(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THIRTY: Option<i64> = Some(30);

    #[test]
    fn the_form_says_what_the_api_is_asked() {
        for (unless, query, expected) in [
            (THIRTY, "", json!({"gte_ndays": 30})),
            (None, "", Value::Null),
            (THIRTY, "days=all", Value::Null),
            (THIRTY, "days=7", json!({"gte_ndays": 7})),
            (THIRTY, "since=1970-01-01T00:01", json!({"gte": 60_000})),
            (
                THIRTY,
                "until=1970-01-01T00:01&since=1970-01-01T00:00",
                json!({"gte": 0, "lte": 59_999}),
            ),
            (
                THIRTY,
                "until=1970-01-01T00:01&days=7",
                json!({"lte": 59_999, "gte_ndays": 7}),
            ),
        ] {
            let bounds = test(&Query::parse(query), unless).unwrap();
            assert_eq!(bounds.unwrap_or_default(), expected, "{query}");
        }
        for query in [
            "days=0",
            "days=-1",
            "days=x",
            "since=soon",
            "until=99999999999",
        ] {
            let bounds = test(&Query::parse(query), THIRTY);
            assert!(matches!(bounds, Err(PortalError::Entry(_))), "{query}");
        }
    }

    #[test]
    fn one_choice_is_the_present_one() {
        for (query, value, title) in [
            ("", "", "Last 30 days"),
            ("days=7", "7", "Last 7 days"),
            ("days=all", "all", "Any time"),
            ("since=2026-01-01T00:00", "", "Between the times"),
        ] {
            let offered = choices(&Query::parse(query), THIRTY);
            let chosen: Vec<_> = offered.iter().filter(|choice| choice.2).collect();
            assert_eq!(chosen, [&(value, title.to_owned(), true)], "{query}");
        }
        let offered = choices(&Query::parse(""), None);
        let any = offered.iter().filter(|choice| choice.1 == "Any time");
        assert_eq!(any.count(), 1);
    }
}
