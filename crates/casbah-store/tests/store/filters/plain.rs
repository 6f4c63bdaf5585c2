//! A filter read as its documentation says it, value by value.

use casbah_model::filter::{Part, Scalar, Test, words};
use serde_json::Value;

/// One value of a record's field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Int(i64),
    Bool(bool),
    Text(String),
}

impl Plain {
    /// Text of a field that is compared without regard to case.
    pub(super) fn folded(text: &str) -> Self {
        Self::Text(casbah_model::filter::fold(text))
    }

    pub(super) fn exact(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The value as a filter on the wire asks for it.
    pub(super) fn into_json(self) -> Value {
        match self {
            Self::Int(number) => number.into(),
            Self::Bool(value) => value.into(),
            Self::Text(text) => text.into(),
        }
    }
}

/// Whether a field with these values fulfils the test; none is a field without a value.
pub(super) fn holds(test: &Test, values: &[Plain]) -> bool {
    let is = |value: &Plain, wanted: &Scalar| match wanted {
        Scalar::Null => false,
        Scalar::Int(wanted) => *value == Plain::Int(*wanted),
        Scalar::Bool(wanted) => *value == Plain::Bool(*wanted),
        Scalar::Text(wanted) => *value == Plain::Text(wanted.clone()),
        Scalar::Entity { .. } => unreachable!("entities are read by their own lists"),
    };
    let equals = |wanted: &Scalar| match wanted {
        Scalar::Null => values.is_empty(),
        wanted => values.iter().any(|value| is(value, wanted)),
    };
    let like = |part: Part, wanted: &[String]| {
        values.iter().any(|value| match value {
            Plain::Text(value) => wanted.iter().any(|wanted| match part {
                Part::Anywhere => value.contains(wanted),
                Part::Start => value.starts_with(wanted),
                Part::End => value.ends_with(wanted),
            }),
            _ => false,
        })
    };
    match test {
        Test::AnyOf(wanted) => wanted.iter().any(equals),
        Test::NoneOf(wanted) => !wanted.iter().any(equals),
        Test::OtherThan(wanted) => values
            .iter()
            .any(|value| !wanted.iter().any(|one| is(value, one))),
        Test::Like(part, wanted) => like(*part, wanted),
        Test::NotLike(part, wanted) => !like(*part, wanted),
        Test::Within(intervals) => values.iter().any(|value| match value {
            Plain::Int(value) => intervals.iter().any(|(start, end)| {
                start.is_none_or(|start| start <= *value) && end.is_none_or(|end| *value <= end)
            }),
            _ => false,
        }),
        Test::IsSet(wanted) => values.is_empty() != *wanted,
        Test::Words(_) => unreachable!("words are read by their own list"),
    }
}

/// Whether each of the words begins a word of the text.
pub(super) fn has_words(text: &str, wanted: &[String]) -> bool {
    let present: Vec<_> = words(text).collect();
    wanted
        .iter()
        .all(|wanted| present.iter().any(|word| word.starts_with(wanted)))
}

/// Who is asked for by an entity's id, and where.
pub(super) struct Wanted<'a> {
    pub(super) id: &'a str,
    saas: Option<i32>,
    instance: Option<i32>,
}

impl Wanted<'_> {
    /// Whether it is asked for in this place, or in any.
    pub(super) fn is_at(&self, saas: i32, instance: i32) -> bool {
        self.saas.is_none_or(|wanted| wanted == saas)
            && self.instance.is_none_or(|wanted| wanted == instance)
    }

    /// Whether it is asked for where people are.
    pub(super) fn is_at_people(&self) -> bool {
        self.is_at(11161, 0)
    }
}

/// The entities among the values of a test.
pub(super) fn wanted(values: &[Scalar]) -> impl Iterator<Item = Wanted<'_>> {
    values.iter().filter_map(|value| match value {
        Scalar::Entity { id, saas, instance } => Some(Wanted {
            id,
            saas: saas.map(|saas| saas.0),
            instance: *instance,
        }),
        _ => None,
    })
}

/// A test that is one of equality: what `equals` says of its values, or its opposite.
pub(super) fn by_equality(test: &Test, equals: impl Fn(&[Scalar]) -> bool) -> bool {
    match test {
        Test::AnyOf(values) => equals(values),
        Test::NoneOf(values) => !equals(values),
        other => unreachable!("{other:?} is not one of equality"),
    }
}
