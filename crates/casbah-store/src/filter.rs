//! From a list's filter to SQL.
//!
//! Texts were folded and numbers read when the filter was parsed, so both
//! databases compare bytes and give the same answer.

use std::collections::BTreeMap;

use casbah_model::filter::{
    Condition as FieldCondition, FieldKind, Filter, Part, Scalar, Test, fold,
};
use casbah_model::saas::OFFICE_365;
use sea_query::{Alias, Cond, Condition, Expr, ExprTrait, LikeExpr, SimpleExpr};

use crate::database::Param;

/// Where a field's values are.
pub(crate) enum Target {
    /// In a column of the list's own table.
    Column(&'static str),
    /// Many, in a column of [`members`].
    Members(&'static str),
    /// Nowhere so simply: this is what the condition means.
    Expression(Condition),
}

/// All conditions of a filter; `target` says where each field's values are.
pub(crate) fn compile(filter: &Filter, target: impl Fn(&FieldCondition) -> Target) -> Condition {
    filter
        .conditions
        .iter()
        .fold(Cond::all(), |all, condition| {
            if condition.field.kind == FieldKind::Unkept {
                return all.add_option((!condition.test.holds_without_value()).then(never));
            }
            all.add(match target(condition) {
                Target::Column(column) => test(&condition.test, column),
                Target::Members(column) => member(&condition.test, column),
                Target::Expression(expression) => expression,
            })
        })
}

/// Stands before and after each member.
const BESIDE_MEMBER: char = '\n';

/// Texts as a column of many holds them, folded; empty if there are none.
pub(crate) fn members<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut column = String::new();
    for text in texts {
        if column.is_empty() {
            column.push(BESIDE_MEMBER);
        }
        column.push_str(&fold(text));
        column.push(BESIDE_MEMBER);
    }
    column
}

/// What is asked of the members of a column.
fn member(condition: &Test, column: &'static str) -> Condition {
    let like = |text: String| {
        let pattern = pattern(Part::Anywhere, &text);
        Cond::all().add(Expr::col(column).like(pattern))
    };
    let is_empty = || Cond::all().add(Expr::col(column).eq(""));
    let equals = |values: &[Scalar]| {
        let conditions = values.iter().filter_map(|value| match value {
            Scalar::Text(text) => Some(like(format!("{BESIDE_MEMBER}{text}{BESIDE_MEMBER}"))),
            Scalar::Null => Some(is_empty()),
            _ => None,
        });
        any(conditions.collect())
    };
    let matches = |part: Part, texts: &[String]| {
        let conditions = texts.iter().map(|text| match part {
            Part::Anywhere => like(text.clone()),
            Part::Start => like(format!("{BESIDE_MEMBER}{text}")),
            Part::End => like(format!("{text}{BESIDE_MEMBER}")),
        });
        any(conditions.collect())
    };
    match condition {
        Test::AnyOf(values) => equals(values),
        Test::NoneOf(values) => equals(values).not(),
        Test::Like(part, texts) => matches(*part, texts),
        Test::NotLike(part, texts) => matches(*part, texts).not(),
        Test::IsSet(true) => is_empty().not(),
        Test::IsSet(false) => is_empty(),
        Test::OtherThan(_) | Test::Within(_) | Test::Words(_) => Cond::all().add(never()),
    }
}

/// What is asked of one column.
pub(crate) fn test(test: &Test, column: &'static str) -> Condition {
    let column = || Expr::col(Alias::new(column));
    match test {
        Test::AnyOf(values) => any_of(values, column),
        Test::NoneOf(values) => {
            let (values, with_null) = split_null(values);
            let mut none = Cond::all();
            if with_null {
                none = none.add(column().is_not_null());
            }
            if values.is_empty() {
                return none;
            }
            let differs = column().is_not_in(values);
            none.add(Cond::any().add(differs).add(column().is_null()))
        }
        Test::Like(part, texts) => {
            let like = |text: &String| column().like(pattern(*part, text));
            any(texts
                .iter()
                .map(|text| Cond::all().add(like(text)))
                .collect())
        }
        Test::NotLike(part, texts) => {
            let none = texts.iter().fold(Cond::all(), |all, text| {
                all.add(column().not_like(pattern(*part, text)))
            });
            Cond::any().add(none).add(column().is_null())
        }
        Test::Within(intervals) => {
            let within = |interval: &(Option<i64>, Option<i64>)| {
                Cond::all()
                    .add(column().is_not_null())
                    .add_option(interval.0.map(|start| column().gte(start)))
                    .add_option(interval.1.map(|end| column().lte(end)))
            };
            any(intervals.iter().map(within).collect())
        }
        Test::OtherThan(values) => {
            let other = Cond::all().add(column().is_not_null());
            let (values, _) = split_null(values);
            if values.is_empty() {
                return other;
            }
            other.add(column().is_not_in(values))
        }
        Test::IsSet(true) => Cond::all().add(column().is_not_null()),
        Test::IsSet(false) => Cond::all().add(column().is_null()),
        // A column of words begins each of them with a space.
        Test::Words(words) => words.iter().fold(Cond::all(), |all, word| {
            all.add(column().like(pattern(Part::Anywhere, &format!(" {word}"))))
        }),
    }
}

fn any_of(values: &[Scalar], column: impl Fn() -> Expr) -> Condition {
    let (values, with_null) = split_null(values);
    let is_null = with_null.then(|| column().is_null());
    let is_value = (!values.is_empty()).then(|| column().is_in(values));
    let conditions = is_null.into_iter().chain(is_value);
    any(conditions.map(|one| Cond::all().add(one)).collect())
}

fn split_null(values: &[Scalar]) -> (Vec<sea_query::Value>, bool) {
    let with_null = values.contains(&Scalar::Null);
    (values.iter().filter_map(value).collect(), with_null)
}

fn value(scalar: &Scalar) -> Option<sea_query::Value> {
    match scalar {
        Scalar::Int(value) => Some(Param(*value).into()),
        Scalar::Bool(value) => Some(Param(*value).into()),
        Scalar::Text(text) | Scalar::Entity { id: text, .. } => Some(Param(text).into()),
        Scalar::Null => None,
    }
}

/// True where one of these is. One that stands alone stays alone: SQLite uses no index for
/// a column that is asked for beside an `OR`. A balanced tree: SQLite takes no expression
/// that is a thousand levels deep, and a chain is as deep as it is long.
pub(crate) fn any(mut conditions: Vec<Condition>) -> Condition {
    if conditions.len() > 1 {
        let second = conditions.split_off(conditions.len() / 2);
        return Cond::any().add(any(conditions)).add(any(second));
    }
    conditions.pop().unwrap_or_else(|| Cond::any().add(never()))
}

/// The app and the instance that an entity is asked for in; any, if not said.
pub(crate) type Place = (Option<i32>, Option<i32>);

/// The ids of the entities among the values, by their place.
pub(crate) fn by_place(values: &[Scalar]) -> BTreeMap<Place, Vec<sea_query::Value>> {
    let mut places: BTreeMap<Place, Vec<_>> = BTreeMap::new();
    for scalar in values {
        if let Scalar::Entity { saas, instance, .. } = scalar {
            let place = (saas.map(|saas| saas.0), *instance);
            places.entry(place).or_default().extend(value(scalar));
        }
    }
    places
}

/// Whether the keys of people are of this place: they are all of one.
pub(crate) fn holds_people((saas, instance): Place) -> bool {
    saas.is_none_or(|saas| saas == OFFICE_365.0) && instance.is_none_or(|instance| instance == 0)
}

/// `condition` in this place, which the two columns hold.
pub(crate) fn in_place(
    condition: Condition,
    (saas, instance): Place,
    columns: (&'static str, &'static str),
) -> Condition {
    let is = |column, number: Option<i32>| number.map(|n| Expr::col(column).eq(i64::from(n)));
    Cond::all()
        .add(condition)
        .add_option(is(columns.0, saas))
        .add_option(is(columns.1, instance))
}

/// True of no record.
pub(crate) fn never() -> SimpleExpr {
    Expr::val(1_i64).eq(0_i64)
}

/// What a text must be like to hold `text` in this part of it.
pub(crate) fn pattern(part: Part, text: &str) -> LikeExpr {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in text.replace('\0', "\u{fffd}").chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    let pattern = match part {
        Part::Anywhere => format!("%{escaped}%"),
        Part::Start => format!("{escaped}%"),
        Part::End => format!("%{escaped}"),
    };
    LikeExpr::new(pattern).escape('\\')
}
