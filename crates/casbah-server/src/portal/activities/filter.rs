//! What the form above the list asks for.

use std::net::IpAddr;

use casbah_model::ids::SaasId;
use casbah_model::saas;
use serde_json::{Map, Value, json};

use crate::portal::error::PortalError;
use crate::portal::query::Query;
use crate::portal::span::{self, Choice};

/// How many days the list looks back if it is not told.
const DAYS: Option<i64> = Some(30);

/// The form's parameters.
pub(super) fn fields() -> Vec<&'static str> {
    let own = ["text", "user", "app", "address", "country", "alert"];
    own.into_iter().chain(span::FIELDS).collect()
}

/// The times that the form offers.
pub(super) fn spans(query: &Query) -> Vec<Choice> {
    span::choices(query, DAYS)
}

/// The apps that the form offers: number, name, whether it is the chosen one.
pub(super) fn apps(query: &Query) -> Vec<(SaasId, String, bool)> {
    let chosen = query.text("app").parse().ok().map(SaasId);
    let known = saas::all().map(|(id, name)| (id, name.to_owned()));
    let unknown = chosen.filter(|id| saas::name(*id).is_none());
    let unknown = unknown.map(|id| (id, format!("App {id}")));
    let mut all: Vec<_> = known
        .chain(unknown)
        .map(|(id, name)| (id, name, Some(id) == chosen))
        .collect();
    all.sort_by_key(|(_, name, _)| name.to_lowercase());
    all
}

/// The API's filters.
pub(super) fn filters(query: &Query) -> Result<Value, PortalError> {
    let mut filters = Map::new();
    let mut add = |field: &str, test: Value| {
        filters.insert(field.to_owned(), test);
    };
    match query.text("text") {
        "" => {}
        text => add("text", json!({ "text": text })),
    }
    match query.text("user") {
        "" => {}
        user => add("user.username", json!({ "startswith": user })),
    }
    match query.text("app") {
        "" => {}
        app => {
            let app: i32 = app
                .parse()
                .map_err(|_| PortalError::Entry("An app is asked for by its number."))?;
            add("service", json!({ "eq": app }));
        }
    }
    match query.text("address") {
        "" => {}
        // The beginning of one address would find those that it is a part of, too.
        whole if whole.parse::<IpAddr>().is_ok() => add("ip.address", json!({ "eq": whole })),
        part => add("ip.address", json!({ "startswith": part })),
    }
    match query.text("country") {
        "" => {}
        country => add(
            "location.country",
            json!({ "eq": country.to_ascii_uppercase() }),
        ),
    }
    match query.text("alert") {
        "" => {}
        alert => add("activity.alertId", json!({ "eq": alert })),
    }
    if let Some(test) = span::test(query, DAYS)? {
        add("date", test);
    }
    Ok(Value::Object(filters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_what_the_api_is_asked() {
        for (query, expected) in [
            ("days=all", json!({})),
            ("", json!({"date": {"gte_ndays": 30}})),
            (
                "text=offer.pdf+shared&user=adele%40&days=all",
                json!({"text": {"text": "offer.pdf shared"},
                    "user.username": {"startswith": "adele@"}}),
            ),
            (
                "app=11161&country=de&alert=5f06d71dba4289d0602ba5ac&days=all",
                json!({"service": {"eq": 11161}, "location.country": {"eq": "DE"},
                    "activity.alertId": {"eq": "5f06d71dba4289d0602ba5ac"}}),
            ),
            (
                "address=203.0.113.&days=all",
                json!({"ip.address": {"startswith": "203.0.113."}}),
            ),
            (
                "address=203.0.113.7&days=all",
                json!({"ip.address": {"eq": "203.0.113.7"}}),
            ),
            (
                "address=2001:db8::1&days=all",
                json!({"ip.address": {"eq": "2001:db8::1"}}),
            ),
        ] {
            assert_eq!(filters(&Query::parse(query)).unwrap(), expected, "{query}");
        }
        assert!(filters(&Query::parse("app=Office")).is_err());
    }

    #[test]
    fn an_app_that_has_no_name_is_offered_while_it_is_chosen() {
        let chosen = |query: &str| {
            let all = apps(&Query::parse(query)).into_iter();
            let chosen = all.filter(|(.., is_chosen)| *is_chosen);
            chosen.map(|(_, name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(chosen("app=11161"), ["Office 365"]);
        assert_eq!(chosen("app=7"), ["App 7"]);
        assert!(chosen("").is_empty());
    }
}
