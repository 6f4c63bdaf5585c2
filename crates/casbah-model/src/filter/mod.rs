//! The filter language of the API's lists.
//!
//! `{"field": {"operator": value, …}, …}`: fields and operators are joined by AND, values
//! inside one positive operator by OR, inside a negative one none may match
//! (MicrosoftDocs/CloudAppSecurityDocs, `api-introduction.md`). A filter is
//! parsed against the table of its list's fields into [`Condition`]s that hold
//! only what the field supports, so that whoever evaluates one need not doubt it.

mod fields;
mod parse;
mod query;
#[cfg(test)]
mod tables;

pub use fields::{
    ACTIVITIES, ACTIVITY_FEEDBACK, ALERT_HISTORY, ALERTS, APP_CATALOG, APP_USERS, DISCOVERED_APPS,
    ENTITIES, FILES, GOVERNANCE, IP_RANGES, POLICIES, TAGS, USER_GROUPS,
};
pub use parse::{truth, whole_number};
pub use query::{ListQuery, MAX_LIMIT, Sort, parse_query};

use crate::ids::SaasId;

/// A list: its name in errors, its fields and its orders.
#[derive(Debug)]
pub struct ListSpec {
    /// The name in `… found in metadata NAME`.
    pub name: &'static str,
    /// What can be filtered.
    pub fields: &'static [FieldSpec],
    /// What can be sorted by; the first is the default.
    pub sort_fields: &'static [&'static str],
}

/// A field of a list that can be filtered.
#[derive(Debug)]
pub struct FieldSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// Further names of the same field that clients send.
    pub aliases: &'static [&'static str],
    /// What its values are.
    pub kind: FieldKind,
    /// What may be asked of it.
    pub operators: &'static [Operator],
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number; numeric text is accepted.
    Int,
    /// A whole number that also has names.
    Named(&'static [(&'static str, i64)]),
    /// True or false, also as text.
    Bool,
    /// Unix milliseconds; numeric text and fractions are accepted.
    Time,
    /// Text compared without regard to case.
    Folded,
    /// Text compared byte by byte.
    Exact,
    /// One text compared without regard to case, never a list.
    OneText,
    /// The id of a record: 24 hex digits.
    RecordId,
    /// Text whose words are looked for, without regard to case.
    Words,
    /// A group of people: its id, or `{"role": 1}` for those who administer.
    Group,
    /// An account or user: `{"id", "saas", "inst"}`, or the bare id.
    Entity,
    /// Where an activity comes from: a whole number, or `{"s": stream, "t": number}`.
    Source,
    /// Anything: Casbah keeps no such thing, so no record has a value.
    Unkept,
}

/// An operator of the filter language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equals one of the values.
    Eq,
    /// Equals none of the values.
    Neq,
    /// One element at least equals none of the values.
    Deq,
    /// Is matched by one of these policies.
    CabinetMatchedRulesEquals,
    /// Contains one of the values.
    Contains,
    /// Contains none of the values.
    Ncontains,
    /// Starts with one of the values.
    StartsWith,
    /// Starts with the value.
    StartsWithSingle,
    /// Starts with none of the values.
    DoesNotStartWith,
    /// Ends with one of the values.
    EndsWith,
    /// Greater than the value.
    Gt,
    /// Greater than or equal to the value.
    Gte,
    /// Less than the value.
    Lt,
    /// Less than or equal to the value.
    Lte,
    /// Within one of the closed ranges.
    Range,
    /// Later than so many days ago.
    GteNdays,
    /// Earlier than so many days ago.
    LteNdays,
    /// Has a value.
    IsSet,
    /// Has no value.
    IsNotSet,
    /// Full text.
    Text,
}

impl Operator {
    /// Whether it compares with any number of values.
    const fn takes_list(self) -> bool {
        matches!(
            self,
            Self::Eq
                | Self::Neq
                | Self::Deq
                | Self::CabinetMatchedRulesEquals
                | Self::Contains
                | Self::Ncontains
                | Self::StartsWith
                | Self::DoesNotStartWith
                | Self::EndsWith
                | Self::Range
        )
    }

    const ALL: [Self; 20] = [
        Self::Eq,
        Self::Neq,
        Self::Deq,
        Self::CabinetMatchedRulesEquals,
        Self::Contains,
        Self::Ncontains,
        Self::StartsWith,
        Self::StartsWithSingle,
        Self::DoesNotStartWith,
        Self::EndsWith,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::Range,
        Self::GteNdays,
        Self::LteNdays,
        Self::IsSet,
        Self::IsNotSet,
        Self::Text,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Neq => "neq",
            Self::Deq => "deq",
            Self::CabinetMatchedRulesEquals => "cabinetmatchedrulesequals",
            Self::Contains => "contains",
            Self::Ncontains => "ncontains",
            Self::StartsWith => "startswith",
            Self::StartsWithSingle => "startswithsingle",
            Self::DoesNotStartWith => "doesnotstartwith",
            Self::EndsWith => "endswith",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Range => "range",
            Self::GteNdays => "gte_ndays",
            Self::LteNdays => "lte_ndays",
            Self::IsSet => "isset",
            Self::IsNotSet => "isnotset",
            Self::Text => "text",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.name() == name)
    }
}

/// Conditions that must all hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The conditions; none is true of every record.
    pub conditions: Vec<Condition>,
}

impl Filter {
    /// The condition that asks `field` for equality, if there is one.
    pub fn equality(&self, field: &str) -> Option<&[Scalar]> {
        self.conditions
            .iter()
            .find_map(|condition| match &condition.test {
                Test::AnyOf(values) if condition.field.name == field => Some(values.as_slice()),
                _ => None,
            })
    }
}

/// What one field must fulfil.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The field.
    pub field: &'static FieldSpec,
    /// What is asked of it.
    pub test: Test,
}

/// What is asked of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Equals one of these; an empty list matches nothing.
    AnyOf(Vec<Scalar>),
    /// Equals none of these.
    NoneOf(Vec<Scalar>),
    /// Of several values one at least equals none of these.
    OtherThan(Vec<Scalar>),
    /// Text: matches one of these.
    Like(Part, Vec<String>),
    /// Text: matches none of these.
    NotLike(Part, Vec<String>),
    /// Lies within one of these.
    Within(Vec<Interval>),
    /// Has a value, or (`false`) has none.
    IsSet(bool),
    /// Holds all of these words, each as the beginning of a word; folded.
    Words(Vec<String>),
}

impl Test {
    /// Whether a record without a value fulfils it.
    pub fn holds_without_value(&self) -> bool {
        match self {
            Self::AnyOf(values) => values.contains(&Scalar::Null),
            Self::NoneOf(values) => !values.contains(&Scalar::Null),
            Self::Like(..) | Self::Within(_) | Self::OtherThan(_) => false,
            Self::NotLike(..) => true,
            Self::IsSet(is_set) => !is_set,
            Self::Words(words) => words.is_empty(),
        }
    }
}

/// A closed range of numbers or times; a missing end is open.
pub type Interval = (Option<i64>, Option<i64>);

/// Which part of a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Any part.
    Anywhere,
    /// The beginning.
    Start,
    /// The end.
    End,
}

/// One value of a condition, of its field's kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A number, a named number or a time.
    Int(i64),
    /// A text, folded where the field is.
    Text(String),
    /// True or false.
    Bool(bool),
    /// An account or user.
    Entity {
        /// Its id within the app.
        id: String,
        /// The app; any, if not said.
        saas: Option<SaasId>,
        /// The app's instance; any, if not said.
        instance: Option<i32>,
    },
    /// No value (`null`).
    Null,
}

/// A list's parameters were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The list has no such field.
    #[error("filter validation error: No filter name '{field}' found in metadata {list}")]
    UnknownField {
        /// The name that was sent.
        field: String,
        /// The list's name.
        list: &'static str,
    },
    /// The field has no such operator.
    #[error("filter validation error: operator '{operator}' is not supported by '{field}'")]
    Operator {
        /// The field.
        field: &'static str,
        /// The operator that was sent.
        operator: String,
    },
    /// A value is not of the field's kind.
    #[error("{value} is not valid")]
    Value {
        /// The parameter or field whose value it is.
        field: String,
        /// The value, as sent.
        value: String,
    },
}

/// Folds text for comparison without regard to case, the same way on every
/// database.
pub fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The words of a text for full-text search, folded.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(fold)
}
