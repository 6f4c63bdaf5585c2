//! What the form above the list asks for.

use casbah_model::alert::{Resolution, Severity};
use serde_json::{Map, Value, json};

use super::words::{severity, standing};
use crate::portal::error::PortalError;
use crate::portal::query::Query;
use crate::portal::span::{self, Choice};

/// What of `standing` is no resolution.
const CLOSED: &str = "closed";
const ALL: &str = "all";

/// The form's parameters.
pub(super) fn fields() -> Vec<&'static str> {
    let own = ["severity", "standing", "read", "user", "address"];
    own.into_iter().chain(span::FIELDS).collect()
}

/// The times that the form offers.
pub(super) fn spans(query: &Query) -> Vec<Choice> {
    span::choices(query, None)
}

/// The severities that the form offers.
pub(super) fn severities(query: &Query) -> Vec<(String, &'static str, bool)> {
    let chosen = query.text("severity");
    let worst_first = [
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Informational,
    ];
    let all = worst_first.into_iter().map(|one| {
        let value = one.value().to_string();
        let is_chosen = value == chosen;
        (value, severity(one).word, is_chosen)
    });
    all.collect()
}

/// What became of alerts, as the form offers it: open ones stand first.
pub(super) fn standings(query: &Query) -> Vec<(String, &'static str, bool)> {
    let chosen = query.text("standing");
    let closed = Resolution::ALL.iter();
    let closed = closed.filter(|one| **one != Resolution::Open);
    let closed = closed.map(|one| (one.value().to_string(), standing(*one).word));
    let first = [("", "Open"), (CLOSED, "Closed"), (ALL, "Open and closed")];
    let first = first.map(|(value, title)| (value.to_owned(), title));
    let all = first.into_iter().chain(closed).map(|(value, title)| {
        let is_chosen = value == chosen;
        (value, title, is_chosen)
    });
    all.collect()
}

/// The API's filters.
pub(super) fn filters(query: &Query) -> Result<Value, PortalError> {
    let mut filters = Map::new();
    let mut add = |field: &str, value: Value| {
        filters.insert(field.to_owned(), json!({ "eq": value }));
    };
    match query.text("severity") {
        "" => {}
        severity => add("severity", number(severity)?),
    }
    match query.text("standing") {
        "" => add("alertOpen", json!(true)),
        CLOSED => add("alertOpen", json!(false)),
        ALL => {}
        resolution => add("resolutionStatus", number(resolution)?),
    }
    match query.text("read") {
        "" => {}
        read => add("read", json!(read == "yes")),
    }
    match query.text("user") {
        "" => {}
        user => add("entity.user", json!(user)),
    }
    match query.text("address") {
        "" => {}
        address => add("entity.ip", json!(address)),
    }
    if let Some(test) = span::test(query, None)? {
        filters.insert("date".to_owned(), test);
    }
    Ok(Value::Object(filters))
}

fn number(text: &str) -> Result<Value, PortalError> {
    let number: i64 = text
        .parse()
        .map_err(|_| PortalError::Entry("Choose one of the values that the form offers."))?;
    Ok(json!(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_what_the_api_is_asked() {
        for (query, expected) in [
            ("", json!({"alertOpen": {"eq": true}})),
            ("standing=all", json!({})),
            ("standing=closed", json!({"alertOpen": {"eq": false}})),
            ("standing=4", json!({"resolutionStatus": {"eq": 4}})),
            (
                "standing=all&severity=2&read=no&days=7",
                json!({"severity": {"eq": 2}, "read": {"eq": false}, "date": {"gte_ndays": 7}}),
            ),
            (
                "standing=all&read=yes&user=a%40b.example&address=203.0.113.7",
                json!({"read": {"eq": true}, "entity.user": {"eq": "a@b.example"},
                    "entity.ip": {"eq": "203.0.113.7"}}),
            ),
        ] {
            assert_eq!(filters(&Query::parse(query)).unwrap(), expected, "{query}");
        }
        for query in ["severity=x", "standing=shut", "days=x"] {
            assert!(filters(&Query::parse(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn at_most_one_choice_is_the_present_one() {
        for (query, severity, standing) in [
            ("", None, Some("Open")),
            ("severity=0&standing=closed", Some("Low"), Some("Closed")),
            ("severity=9&standing=4", None, Some("Closed: benign")),
        ] {
            let query = Query::parse(query);
            let chosen = |all: Vec<(String, &'static str, bool)>| {
                let chosen: Vec<_> = all.into_iter().filter(|one| one.2).collect();
                assert!(chosen.len() < 2, "{chosen:?}");
                chosen.first().map(|one| one.1)
            };
            assert_eq!(chosen(severities(&query)), severity);
            assert_eq!(chosen(standings(&query)), standing);
        }
    }
}
