//! The parameters that every list shares.

use serde_json::{Map, Value};

use super::parse::{bad_value, parse_filter, whole_number};
use super::{Filter, FilterError, ListSpec};
use crate::time::Timestamp;

/// The default and the largest `limit` of a list; more is clamped.
pub const MAX_LIMIT: u32 = 100;

/// A list's parameters, checked.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Which records.
    pub filter: Filter,
    /// How many of them to pass over.
    pub skip: u32,
    /// How many to answer, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// In which order.
    pub sort: Sort,
}

/// An order of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// One of the list's [`ListSpec::sort_fields`].
    pub field: &'static str,
    /// The greatest first.
    pub descending: bool,
}

/// Reads `filters`, `skip`, `limit`, `sortField` and `sortDirection`; whatever
/// else is sent is ignored, numbers may come as text, `null` is absent.
pub fn parse_query(
    list: &'static ListSpec,
    parameters: &Map<String, Value>,
    now: Timestamp,
) -> Result<ListQuery, FilterError> {
    let filters = match parameters.get("filters") {
        // A query string and a form carry the filters as JSON text.
        Some(Value::String(text)) if text.trim().is_empty() => Value::Null,
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|_| bad_value("filters", &Value::String(text.clone())))?,
        Some(other) => other.clone(),
        None => Value::Null,
    };
    let limit = match number(parameters, "limit")? {
        None | Some(0) => MAX_LIMIT,
        Some(limit) => limit.min(MAX_LIMIT),
    };
    Ok(ListQuery {
        filter: parse_filter(list, &filters, now)?,
        skip: number(parameters, "skip")?.unwrap_or(0),
        limit,
        sort: sort(list, parameters)?,
    })
}

fn number(parameters: &Map<String, Value>, name: &str) -> Result<Option<u32>, FilterError> {
    let value = match parameters.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(value) => value,
    };
    let parsed = whole_number(value)
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| i32::try_from(*n).is_ok());
    parsed.map(Some).ok_or_else(|| bad_value(name, value))
}

fn sort(list: &'static ListSpec, parameters: &Map<String, Value>) -> Result<Sort, FilterError> {
    let text = |name: &str| match parameters.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(bad_value(name, other)),
    };
    let wanted = text("sortField")?;
    let field = if wanted.is_empty() {
        list.sort_fields[0]
    } else {
        list.sort_fields
            .iter()
            .find(|field| field.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| bad_value("sortField", &Value::from(wanted)))?
    };
    let direction = text("sortDirection")?;
    let is = |wanted: &str| direction.eq_ignore_ascii_case(wanted);
    let descending = direction.is_empty() || is("desc");
    if !descending && !is("asc") {
        return Err(bad_value("sortDirection", &Value::from(direction)));
    }
    Ok(Sort { field, descending })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ALERTS;
    use super::*;

    fn query(parameters: &Value) -> Result<ListQuery, FilterError> {
        parse_query(&ALERTS, parameters.as_object().unwrap(), Timestamp(0))
    }

    #[test]
    fn defaults_are_those_of_the_service() {
        let query = query(&json!({})).unwrap();
        assert_eq!((query.skip, query.limit), (0, 100));
        assert_eq!(
            query.sort,
            Sort {
                field: "date",
                descending: true
            }
        );
    }

    #[test]
    fn limits_are_clamped_and_text_is_understood() {
        for (limit, expected) in [
            (json!(0), 100),
            (json!("20"), 20),
            (json!(20.0), 20),
            (json!("2e1"), 20),
            (json!(5000), 100),
            (json!(null), 100),
        ] {
            assert_eq!(query(&json!({"limit": limit})).unwrap().limit, expected);
        }
        assert_eq!(query(&json!({"skip": "100"})).unwrap().skip, 100);
    }

    #[test]
    fn filters_may_be_json_text() {
        let query = query(&json!({"filters": "{\"severity\": {\"eq\": [2]}}"})).unwrap();
        assert_eq!(query.filter.conditions.len(), 1);
    }

    #[test]
    fn nonsense_is_refused() {
        for parameters in [
            json!({"limit": -1}),
            json!({"skip": 4_294_967_296_i64}),
            json!({"limit": {}}),
            json!({"filters": "{"}),
            json!({"sortField": "password"}),
            json!({"sortDirection": "sideways"}),
            json!({"limit": 5.5}),
        ] {
            assert!(query(&parameters).is_err(), "{parameters}");
        }
    }
}
