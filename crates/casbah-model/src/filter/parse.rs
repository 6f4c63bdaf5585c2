//! From the wire's JSON to conditions.

use serde_json::{Map, Value};

use super::{
    Condition, FieldKind, FieldSpec, Filter, FilterError, Interval, ListSpec, Operator, Part,
    Scalar, Test, fold, words,
};
use crate::entity::Group;
use crate::ids::{RecordId, SaasId};
use crate::time::{DAY_MS, Timestamp};

/// The most values that one operator compares for equality: enough for a bulk of
/// ids, too few to make a statement that no database takes.
const MAX_VALUES: usize = 1_000;

/// The most patterns or ranges of one operator: each is an expression of its own.
const MAX_PATTERNS: usize = 100;

/// The most values of one filter: together they make no statement that a database
/// refuses.
const MAX_VALUES_IN_ALL: usize = 5_000;

/// The longest text that is compared, in bytes.
const MAX_TEXT: usize = 2_000;

/// Parses `filters` of a list; `null` is no filter.
pub(super) fn parse_filter(
    list: &'static ListSpec,
    filters: &Value,
    now: Timestamp,
) -> Result<Filter, FilterError> {
    let object = match filters {
        Value::Null => return Ok(Filter::default()),
        Value::Object(object) => object,
        other => return Err(bad_value("filters", other)),
    };
    let mut conditions = Vec::new();
    for (name, tests) in object {
        let field = list
            .fields
            .iter()
            .find(|field| field.name == name || field.aliases.contains(&name.as_str()))
            .ok_or_else(|| FilterError::UnknownField {
                field: name.clone(),
                list: list.name,
            })?;
        match tests {
            Value::Null => {}
            Value::Object(tests) => parse_field(field, tests, now, &mut conditions)?,
            other => return Err(bad_value(field.name, other)),
        }
    }
    let compared = |condition: &Condition| match &condition.test {
        Test::AnyOf(values) | Test::NoneOf(values) | Test::OtherThan(values) => values.len(),
        _ => 0,
    };
    let values: usize = conditions.iter().map(compared).sum();
    if values > MAX_VALUES_IN_ALL {
        return Err(too_many("filters", values, MAX_VALUES_IN_ALL));
    }
    Ok(Filter { conditions })
}

fn parse_field(
    field: &'static FieldSpec,
    tests: &Map<String, Value>,
    now: Timestamp,
    conditions: &mut Vec<Condition>,
) -> Result<(), FilterError> {
    for (name, value) in tests {
        let operator = Operator::from_name(name)
            .filter(|operator| field.operators.contains(operator))
            .ok_or_else(|| FilterError::Operator {
                field: field.name,
                operator: name.clone(),
            })?;
        if let Some(test) = parse_test(field, operator, value, now)? {
            conditions.push(Condition { field, test });
        }
    }
    Ok(())
}

/// `None` where the wire says "as if absent".
fn parse_test(
    field: &'static FieldSpec,
    operator: Operator,
    value: &Value,
    now: Timestamp,
) -> Result<Option<Test>, FilterError> {
    // Also of what no value may equal, so that no change of all records comes about by a
    // list that a program left empty.
    if operator.takes_list() && value.as_array().is_some_and(Vec::is_empty) {
        return Ok(Some(Test::AnyOf(Vec::new())));
    }
    let days_ago = || {
        let days = whole_number(value).ok_or_else(|| bad_value(field.name, value))?;
        let before_now = days.saturating_mul(DAY_MS);
        Ok(now.millis().saturating_sub(before_now))
    };
    let bound = || int(field, single(value));
    let test = match operator {
        Operator::Eq if field.kind == FieldKind::OneText => {
            Test::AnyOf(vec![scalar(field, single(value))?])
        }
        Operator::Neq if field.kind == FieldKind::OneText => {
            Test::NoneOf(vec![scalar(field, single(value))?])
        }
        Operator::Eq | Operator::CabinetMatchedRulesEquals => Test::AnyOf(scalars(field, value)?),
        Operator::Deq => Test::OtherThan(scalars(field, value)?),
        Operator::Neq => Test::NoneOf(scalars(field, value)?),
        Operator::Contains => Test::Like(Part::Anywhere, texts(field, value)?),
        Operator::Ncontains => Test::NotLike(Part::Anywhere, texts(field, value)?),
        Operator::StartsWith => Test::Like(Part::Start, texts(field, value)?),
        Operator::StartsWithSingle => Test::Like(Part::Start, vec![text(field, single(value))?]),
        Operator::DoesNotStartWith => Test::NotLike(Part::Start, texts(field, value)?),
        Operator::EndsWith => Test::Like(Part::End, texts(field, value)?),
        Operator::Gt => Test::Within(vec![(Some(bound()?.saturating_add(1)), None)]),
        Operator::Gte => Test::Within(vec![(Some(bound()?), None)]),
        Operator::Lt => Test::Within(vec![(None, Some(bound()?.saturating_sub(1)))]),
        Operator::Lte => Test::Within(vec![(None, Some(bound()?))]),
        Operator::GteNdays => Test::Within(vec![(Some(days_ago()?), None)]),
        Operator::LteNdays => Test::Within(vec![(None, Some(days_ago()?))]),
        Operator::Range => Test::Within(ranges(field, value)?),
        Operator::IsSet | Operator::IsNotSet => {
            return if boolean(field, single(value))? {
                Ok(Some(Test::IsSet(operator == Operator::IsSet)))
            } else {
                Ok(None)
            };
        }
        Operator::Text => Test::Words(words(&text(field, single(value))?).collect()),
    };
    Ok(Some(test))
}

/// A bare value where a list is expected counts as a list of one.
fn list<'a>(field: &FieldSpec, value: &'a Value, most: usize) -> Result<&'a [Value], FilterError> {
    match value {
        Value::Array(values) if values.len() > most => {
            Err(too_many(field.name, values.len(), most))
        }
        Value::Array(values) => Ok(values),
        other => Ok(std::slice::from_ref(other)),
    }
}

fn too_many(field: &str, values: usize, most: usize) -> FilterError {
    FilterError::Value {
        field: field.to_owned(),
        value: format!("a list of {values} values, more than {most},"),
    }
}

/// A list of one where a bare value is expected counts as that value.
fn single(value: &Value) -> &Value {
    match value {
        Value::Array(values) if values.len() == 1 => &values[0],
        other => other,
    }
}

fn scalars(field: &FieldSpec, value: &Value) -> Result<Vec<Scalar>, FilterError> {
    let most = match field.kind {
        FieldKind::Words => MAX_PATTERNS,
        _ => MAX_VALUES,
    };
    let values = list(field, value, most)?.iter();
    let scalars = values.map(|value| match field.kind {
        FieldKind::Source => source(field, value),
        _ => scalar(field, value).map(Some),
    });
    scalars.filter_map(Result::transpose).collect()
}

/// None where a stream is meant: no activity here comes from one.
fn source(field: &FieldSpec, value: &Value) -> Result<Option<Scalar>, FilterError> {
    let Value::Object(parts) = value else {
        return scalar(field, value).map(Some);
    };
    let part = |key: &str| parts.get(key).filter(|part| !part.is_null());
    let number = part("t").map(|number| scalar(field, number)).transpose()?;
    if number.is_none() && part("s").is_none() {
        return Err(bad_value(field.name, value));
    }
    Ok(number.filter(|_| part("s").is_none()))
}

fn scalar(field: &FieldSpec, value: &Value) -> Result<Scalar, FilterError> {
    if value.is_null() {
        return Ok(Scalar::Null);
    }
    match field.kind {
        FieldKind::Int | FieldKind::Named(_) | FieldKind::Time | FieldKind::Source => {
            int(field, value).map(Scalar::Int)
        }
        FieldKind::Bool => boolean(field, value).map(Scalar::Bool),
        FieldKind::Folded
        | FieldKind::OneText
        | FieldKind::Exact
        | FieldKind::RecordId
        | FieldKind::Words
        | FieldKind::Group
        | FieldKind::Unkept => text(field, value).map(Scalar::Text),
        FieldKind::Entity => entity(field, value),
    }
}

fn texts(field: &FieldSpec, value: &Value) -> Result<Vec<String>, FilterError> {
    list(field, value, MAX_PATTERNS)?
        .iter()
        .map(|value| text(field, value))
        .collect()
}

fn text(field: &FieldSpec, value: &Value) -> Result<String, FilterError> {
    let text = match value {
        Value::String(text) if text.len() <= MAX_TEXT => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Object(entity) if field.kind == FieldKind::Entity => {
            let id = entity.get("id").and_then(Value::as_str);
            id.ok_or_else(|| bad_value(field.name, value))?.to_owned()
        }
        Value::Object(group) if field.kind == FieldKind::Group => {
            group_id(group).ok_or_else(|| bad_value(field.name, value))?
        }
        Value::Object(_) if field.kind == FieldKind::Unkept => value.to_string(),
        other => return Err(bad_value(field.name, other)),
    };
    match field.kind {
        FieldKind::Exact => Ok(text),
        FieldKind::RecordId => match text.parse::<RecordId>() {
            Ok(id) => Ok(id.to_string()),
            Err(_) => Err(bad_value(field.name, value)),
        },
        FieldKind::Words if words(&text).nth(MAX_PATTERNS).is_some() => Err(FilterError::Value {
            field: field.name.to_owned(),
            value: format!("a text of more than {MAX_PATTERNS} words"),
        }),
        _ => Ok(fold(&text)),
    }
}

/// A group as clients name it by an object. What roles there are is nowhere documented;
/// 1 is taken for those who administer, whatever `adv` says.
fn group_id(group: &Map<String, Value>) -> Option<String> {
    const ADMINISTRATORS: i64 = 1;
    let text = |key: &str| group.get(key).and_then(Value::as_str).map(str::to_owned);
    match group.get("role").and_then(whole_number) {
        Some(ADMINISTRATORS) => Some(Group::Administrators.id().to_string()),
        Some(_) => None,
        None => text("id").or_else(|| text("_id")),
    }
}

fn int(field: &FieldSpec, value: &Value) -> Result<i64, FilterError> {
    let named = |text: &str| match field.kind {
        FieldKind::Named(names) => names
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, value)| *value),
        _ => None,
    };
    // Arithmetic of clients leaves times a little beside the millisecond they were.
    let whole = |value: f64| match field.kind {
        FieldKind::Time => whole(value.round()),
        _ => whole(value),
    };
    let parsed = match value {
        Value::String(text) => named(text.trim()),
        Value::Bool(value) => named(&value.to_string()),
        _ => None,
    };
    let parsed = parsed.or_else(|| number(value, whole));
    parsed.ok_or_else(|| bad_value(field.name, value))
}

/// A whole number as clients send it: also as text, with a fraction of nothing, and in a
/// list of one.
pub fn whole_number(value: &Value) -> Option<i64> {
    number(single(value), whole)
}

/// A truth value as clients send it: also as text or number, and in a list of one.
pub fn truth(value: &Value) -> Option<bool> {
    match single(value) {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
        Value::Number(number) if number.as_i64() == Some(1) => Some(true),
        Value::Number(number) if number.as_i64() == Some(0) => Some(false),
        _ => None,
    }
}

fn number(value: &Value, whole: impl Fn(f64) -> Option<i64>) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => {
            let text = text.trim();
            let integer = text.parse::<i64>().ok();
            integer.or_else(|| text.parse::<f64>().ok().and_then(whole))
        }
        _ => None,
    }
}

/// A floating-point number that has no fraction.
fn whole(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9.0e18;
    let is_whole = value.fract() == 0.0 && value.abs() < LIMIT;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    is_whole.then_some(value as i64)
}

fn boolean(field: &FieldSpec, value: &Value) -> Result<bool, FilterError> {
    truth(value).ok_or_else(|| bad_value(field.name, value))
}

fn entity(field: &FieldSpec, value: &Value) -> Result<Scalar, FilterError> {
    let number = |value: &Value| whole_number(value).and_then(|n| i32::try_from(n).ok());
    match value {
        Value::String(id) => Ok(Scalar::Entity {
            id: fold(id),
            saas: None,
            instance: None,
        }),
        Value::Object(object) => {
            let id = object.get("id").and_then(Value::as_str);
            let id = id.ok_or_else(|| bad_value(field.name, value))?;
            let part = |key: &str| match object.get(key) {
                None | Some(Value::Null) => Ok(None),
                Some(part) => number(part)
                    .map(Some)
                    .ok_or_else(|| bad_value(field.name, value)),
            };
            Ok(Scalar::Entity {
                id: fold(id),
                saas: part("saas")?.map(SaasId),
                instance: part("inst")?,
            })
        }
        other => Err(bad_value(field.name, other)),
    }
}

fn ranges(field: &FieldSpec, value: &Value) -> Result<Vec<Interval>, FilterError> {
    let end = |range: &Map<String, Value>, key: &str| match range.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => int(field, value).map(Some),
    };
    list(field, value, MAX_PATTERNS)?
        .iter()
        .map(|range| match range {
            Value::Object(range) => Ok((end(range, "start")?, end(range, "end")?)),
            other => Err(bad_value(field.name, other)),
        })
        .collect()
}

/// The error for a value; what is quoted of it is short.
pub(super) fn bad_value(field: &str, value: &Value) -> FilterError {
    const QUOTED: usize = 100;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    FilterError::Value {
        field: field.to_owned(),
        value: text.chars().take(QUOTED).collect(),
    }
}

#[cfg(test)]
mod tests;
