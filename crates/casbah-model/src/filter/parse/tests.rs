use serde_json::json;

use super::*;
use crate::filter::{ACTIVITIES, ALERTS, ENTITIES};

const NOW: Timestamp = Timestamp(10 * DAY_MS);

fn tests_of(list: &'static ListSpec, filters: &Value) -> Vec<(&'static str, Test)> {
    let filter = parse_filter(list, filters, NOW).unwrap();
    filter
        .conditions
        .into_iter()
        .map(|c| (c.field.name, c.test))
        .collect()
}

#[test]
fn spellings_of_one_value_are_one_condition() {
    let severity = vec![("severity", Test::AnyOf(vec![Scalar::Int(2)]))];
    for value in [json!(2), json!([2]), json!("2"), json!(["2"]), json!(2.0)] {
        assert_eq!(
            tests_of(&ALERTS, &json!({"severity": {"eq": value}})),
            severity
        );
    }
    let read = vec![("read", Test::AnyOf(vec![Scalar::Bool(true)]))];
    for value in [json!(true), json!("true"), json!("True"), json!(["true"])] {
        assert_eq!(tests_of(&ALERTS, &json!({"read": {"eq": value}})), read);
    }
    let user = vec![("type", Test::AnyOf(vec![Scalar::Int(2)]))];
    for value in [json!(2), json!("2"), json!("user"), json!("User")] {
        assert_eq!(tests_of(&ENTITIES, &json!({"type": {"eq": value}})), user);
    }
}

#[test]
fn bounds_and_ranges_are_closed_intervals() {
    for (operators, range) in [
        (json!({"gte": 5}), (Some(5), None)),
        (json!({"lte": "5"}), (None, Some(5))),
        (json!({"gte": 4.9998}), (Some(5), None)),
        (json!({"lte": "5.0002"}), (None, Some(5))),
        (json!({"gte_ndays": 3}), (Some(7 * DAY_MS), None)),
        (json!({"lte_ndays": 0}), (None, Some(10 * DAY_MS))),
        (
            json!({"range": [{"start": 5.0, "end": 7}]}),
            (Some(5), Some(7)),
        ),
    ] {
        let expected = vec![("date", Test::Within(vec![range]))];
        assert_eq!(tests_of(&ACTIVITIES, &json!({"date": operators})), expected);
    }
}

#[test]
fn an_empty_list_matches_nothing() {
    for operator in ["eq", "neq"] {
        let filters = json!({"location.country": {operator: []}, "policy": {operator: []}});
        for (field, test) in tests_of(&ACTIVITIES, &filters) {
            assert_eq!(test, Test::AnyOf(Vec::new()), "{field} {operator}");
            assert!(!test.holds_without_value(), "{field} {operator}");
        }
    }
    for (field, operator) in [
        ("userAgent.userAgent", "ncontains"),
        ("ip.address", "doesnotstartwith"),
        ("office365url", "endswith"),
        ("date", "range"),
    ] {
        let found = tests_of(&ACTIVITIES, &json!({field: {operator: []}}));
        assert_eq!(found, vec![(field, Test::AnyOf(Vec::new()))], "{operator}");
    }
}

#[test]
fn days_beyond_all_time_are_beyond_all_times() {
    for (days, time) in [
        (json!(i64::MIN), i64::MAX),
        (json!(-110_000_000_000_i64), i64::MAX),
        (json!("110000000000"), NOW.millis() - i64::MAX),
    ] {
        let filters = json!({"date": {"gte_ndays": days}});
        let expected = Test::Within(vec![(Some(time), None)]);
        assert_eq!(tests_of(&ACTIVITIES, &filters), vec![("date", expected)]);
    }
}

#[test]
fn names_of_2023_and_before_are_understood() {
    let filter = json!({"activity.eventType": {"eq": "EVENT_CATEGORY_LOGIN"}});
    assert_eq!(
        tests_of(&ACTIVITIES, &filter)[0].0,
        "activity.eventActionType"
    );
    assert_eq!(
        tests_of(
            &ALERTS,
            &json!({"ID": {"eq": ["5f06d71dba4289d0602ba5ac"]}})
        )[0]
        .0,
        "id"
    );
}

#[test]
fn entities_are_read_from_objects_and_bare_ids() {
    let full = json!({"entity": {"eq": [{"id": "A@b.example", "saas": 11161, "inst": 0}]}});
    let expected = Scalar::Entity {
        id: "a@b.example".to_owned(),
        saas: Some(SaasId(11161)),
        instance: Some(0),
    };
    assert_eq!(
        tests_of(&ACTIVITIES, &full),
        vec![("entity", Test::AnyOf(vec![expected]))]
    );
}

#[test]
fn a_source_is_a_number_with_a_stream_or_without() {
    let number = |n| vec![Scalar::Int(n)];
    for (source, expected) in [
        (json!(2), number(2)),
        (json!("2"), number(2)),
        (json!({"t": 2}), number(2)),
        (json!([{"s": null, "t": "2"}]), number(2)),
        (json!({"s": "5f06d71dba4289d0602ba5ac", "t": 5}), vec![]),
        (json!({"s": "5f06d71dba4289d0602ba5ac"}), vec![]),
    ] {
        assert_eq!(
            tests_of(&ACTIVITIES, &json!({"source": {"eq": source}})),
            vec![("source", Test::AnyOf(expected))],
            "{source}"
        );
    }
    for source in [json!({}), json!({"t": "x"}), json!("app connector")] {
        let filters = json!({"source": {"neq": source}});
        assert!(
            parse_filter(&ACTIVITIES, &filters, NOW).is_err(),
            "{filters}"
        );
    }
}

#[test]
fn a_field_that_is_not_kept_takes_any_value() {
    for (tests, holds) in [
        (json!({"eq": "5f06d71dba4289d0602ba5ac"}), false),
        (json!({"eq": [{"role": 1, "adv": true}]}), false),
        (json!({"eq": [7, null]}), true),
        (json!({"neq": [7]}), true),
        (json!({"neq": null}), false),
        (json!({"isset": true}), false),
        (json!({"isnotset": true}), true),
    ] {
        let tests = tests_of(&ACTIVITIES, &json!({"policy": tests}));
        assert_eq!(tests[0].1.holds_without_value(), holds, "{tests:?}");
    }
}

#[test]
fn groups_are_named_by_id_or_role() {
    let administrators = Group::Administrators.id().to_string();
    let external = Group::External.id().to_string();
    for (value, id) in [
        (json!({"role": 1, "adv": true}), &administrators),
        (json!([{"role": "1"}]), &administrators),
        (json!({"_id": "x", "id": external}), &external),
        (json!(external.to_uppercase()), &external),
    ] {
        let expected = vec![("user.tags", Test::AnyOf(vec![Scalar::Text(id.clone())]))];
        let found = tests_of(&ACTIVITIES, &json!({"user.tags": {"eq": value}}));
        assert_eq!(found, expected, "{value}");
    }
    for value in [json!({"role": 2, "id": external}), json!({}), json!([[1]])] {
        let filters = json!({"userGroups": {"eq": value}});
        assert!(parse_filter(&ENTITIES, &filters, NOW).is_err(), "{filters}");
    }
}

#[test]
fn what_the_list_does_not_know_is_refused_by_name() {
    let error = parse_filter(&ENTITIES, &json!({"lastSeen": {"gte": 1}}), NOW).unwrap_err();
    assert_eq!(
        error.to_string(),
        "filter validation error: No filter name 'lastSeen' found in metadata entities"
    );
    for filters in [
        json!({"severity": {"contains": 1}}),
        json!({"severity": {"eq": "<alert_id>"}}),
        json!({"severity": {"eq": {"deep": [1]}}}),
        json!({"severity": {"eq": 1.5}}),
        json!({"severity": {"eq": ["1.5"]}}),
        json!({"date": {"gte_ndays": 0.5}}),
        json!({"date": {"gte": []}}),
        json!({"date": {"range": [1]}}),
        json!({"date": {"gte": [1, 2]}}),
        json!({"severity": [1]}),
        json!([]),
        json!("x"),
    ] {
        assert!(parse_filter(&ALERTS, &filters, NOW).is_err(), "{filters}");
    }
}

#[test]
fn what_makes_too_large_a_statement_is_refused() {
    let numbers: Vec<usize> = (0..1_000).collect();
    let words = vec!["a"; 101].join(" ");
    let all = json!({
        "service": {"eq": numbers, "neq": numbers}, "instance": {"eq": numbers, "neq": numbers},
        "ip.category": {"eq": numbers},
    });
    assert!(parse_filter(&ACTIVITIES, &all, NOW).is_ok());
    for (field, tests) in [
        ("source", json!({"eq": [0]})),
        ("text", json!({"text": words})),
        ("text", json!({"eq": [words]})),
        ("text", json!({"eq": vec!["a"; 101]})),
        ("text", json!({"startswithsingle": ["a", "b"]})),
        ("activity.id", json!({"eq": vec!["a"; 1_001]})),
    ] {
        let mut filters = all.clone();
        if field != "source" {
            filters = json!({});
        }
        filters[field] = tests;
        let refused = parse_filter(&ACTIVITIES, &filters, NOW);
        assert!(matches!(refused, Err(FilterError::Value { .. })), "{field}");
    }
}

#[test]
fn an_isset_of_false_is_as_if_absent() {
    let filters = json!({"location.country": {"isset": false}});
    assert_eq!(tests_of(&ACTIVITIES, &filters), vec![]);
}
