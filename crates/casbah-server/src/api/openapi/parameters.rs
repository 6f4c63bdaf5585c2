//! What operations take.

use casbah_model::filter::{FieldKind, FieldSpec, ListSpec, Operator};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::api::operation::{JSON, Kind, LARGEST, Parameter, Takes};

const FORM: &str = "application/x-www-form-urlencoded";

/// What an operation takes, as the document has it.
pub(super) struct Taken {
    pub(super) query: Vec<Value>,
    pub(super) body: Option<Value>,
}

/// What `takes` means where the method has no body, or one.
pub(super) fn taken(takes: Takes, has_body: bool, components: &mut Components<'_>) -> Taken {
    let (list, parameters) = match takes {
        Takes::Nothing => (None, &[][..]),
        Takes::Parameters(parameters) => (None, parameters),
        Takes::List(list, parameters) => (Some(list), parameters),
        Takes::File { media_types, query } => {
            return Taken {
                query: in_query(query, components),
                body: Some(file(media_types)),
            };
        }
    };
    let mut all = list.map_or_else(Vec::new, |list| of_list(list).to_vec());
    all.extend_from_slice(parameters);
    if !has_body {
        let mut query = in_query(&all, components);
        query.extend(list.map(sort_field));
        return Taken { query, body: None };
    }
    let body = (!all.is_empty()).then(|| in_body(&all, list, components));
    Taken {
        query: Vec::new(),
        body,
    }
}

/// Where schemas are put that several operations share.
pub(super) struct Components<'a> {
    pub(super) generator: &'a mut SchemaGenerator,
    pub(super) filters: Map<String, Value>,
}

impl Components<'_> {
    /// The filters of a list.
    fn filters(&mut self, list: &'static ListSpec) -> Value {
        let name = filters_name(list);
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        let make = || filters(list);
        self.filters.entry(name).or_insert_with(make);
        reference
    }
}

/// `ip ranges` has `IpRangesFilters`.
fn filters_name(list: &ListSpec) -> String {
    let words = list.name.split(|sign: char| !sign.is_alphanumeric());
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    };
    words.map(capital).collect::<String>() + "Filters"
}

/// What every list takes; its fields to sort by are not the same.
fn of_list(list: &'static ListSpec) -> [Parameter; 4] {
    [
        Parameter::new(
            "filters",
            Kind::Filters(list),
            "Which records: all fields must match",
        ),
        Parameter::new("skip", Kind::UpTo(LARGEST), "How many to pass over"),
        Parameter::new(
            "limit",
            Kind::UpTo(LARGEST),
            "How many at most; more than `max` are not answered in a page",
        ),
        Parameter::new(
            "sortDirection",
            Kind::Word(&["desc", "asc"]),
            "The greatest first, or the least",
        ),
    ]
}

fn sort_schema(list: &ListSpec) -> Value {
    json!({"type": "string", "enum": list.sort_fields})
}

const SORT_FIELD: &str = "What they are sorted by; the first unless told";

fn sort_field(list: &'static ListSpec) -> Value {
    json!({
        "name": "sortField",
        "in": "query",
        "description": SORT_FIELD,
        "schema": sort_schema(list),
    })
}

fn in_query(parameters: &[Parameter], components: &mut Components<'_>) -> Vec<Value> {
    let one = |parameter: &Parameter| {
        let schema = schema(parameter.kind, components);
        let mut written = json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.about,
        });
        if parameter.is_required {
            written["required"] = json!(true);
        }
        match parameter.kind {
            // A query carries these as JSON text.
            Kind::Filters(_) | Kind::Object => {
                written["content"] = json!({JSON: {"schema": schema}});
            }
            Kind::Texts => {
                written["schema"] = schema;
                written["explode"] = json!(false);
            }
            _ => written["schema"] = schema,
        }
        written
    };
    parameters.iter().map(one).collect()
}

fn in_body(
    parameters: &[Parameter],
    list: Option<&'static ListSpec>,
    components: &mut Components<'_>,
) -> Value {
    let mut properties = Map::new();
    let mut encoding = Map::new();
    for parameter in parameters {
        let mut schema = schema(parameter.kind, components);
        schema["description"] = json!(parameter.about);
        properties.insert(parameter.name.to_owned(), schema);
        if matches!(
            parameter.kind,
            Kind::Filters(_) | Kind::Object | Kind::Texts
        ) {
            encoding.insert(parameter.name.to_owned(), json!({"contentType": JSON}));
        }
    }
    if let Some(list) = list {
        let mut schema = sort_schema(list);
        schema["description"] = json!(SORT_FIELD);
        properties.insert("sortField".to_owned(), schema);
    }
    let required = parameters.iter().filter(|parameter| parameter.is_required);
    let required: Vec<_> = required.map(|parameter| parameter.name).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let mut form = json!({"schema": schema});
    if !encoding.is_empty() {
        form["encoding"] = Value::Object(encoding);
    }
    json!({
        "required": !required.is_empty(),
        "content": {JSON: {"schema": schema}, FORM: form},
    })
}

fn file(media_types: &[&str]) -> Value {
    let content = media_types
        .iter()
        .map(|media_type| ((*media_type).to_owned(), json!({})));
    json!({"required": true, "content": content.collect::<Map<_, _>>()})
}

fn schema(kind: Kind, components: &mut Components<'_>) -> Value {
    match kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::UpTo(most) => json!({"type": "integer", "minimum": 0, "maximum": most}),
        Kind::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::WordOf(words) => json!({"type": "string", "enum": words()}),
        Kind::Code(numbers) => json!({"type": "integer", "enum": numbers}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Filters(list) => components.filters(list),
        Kind::Object => json!({"type": "object"}),
    }
}

/// The filters of a list: its fields, each with its operators.
fn filters(list: &'static ListSpec) -> Value {
    let mut properties = Map::new();
    for field in list.fields {
        let names = std::iter::once(&field.name).chain(field.aliases);
        for name in names {
            properties.insert((*name).to_owned(), of_field(field));
        }
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn of_field(field: &FieldSpec) -> Value {
    let operators = field.operators.iter();
    let operators =
        operators.map(|operator| (operator.name().to_owned(), operand(*operator, field.kind)));
    json!({
        "type": "object",
        "properties": operators.collect::<Map<_, _>>(),
        "additionalProperties": false,
    })
}

/// What an operator compares with.
fn operand(operator: Operator, kind: FieldKind) -> Value {
    let one = value(kind);
    let several = json!({"type": "array", "items": one.clone()});
    match operator {
        Operator::Eq | Operator::Neq if kind == FieldKind::OneText => one,
        Operator::Eq
        | Operator::Neq
        | Operator::Deq
        | Operator::CabinetMatchedRulesEquals
        | Operator::Contains
        | Operator::Ncontains
        | Operator::StartsWith
        | Operator::DoesNotStartWith
        | Operator::EndsWith => json!({"anyOf": [several, one]}),
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => one,
        Operator::StartsWithSingle | Operator::Text => json!({"type": "string"}),
        Operator::GteNdays | Operator::LteNdays => json!({"type": "integer", "minimum": 0}),
        Operator::Range => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"start": one.clone(), "end": one},
            },
        }),
        Operator::IsSet | Operator::IsNotSet => json!({"type": "boolean"}),
    }
}

fn value(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Int => json!({"type": "integer"}),
        FieldKind::Named(names) => {
            let names: Vec<_> = names.iter().map(|(name, _)| name).collect();
            json!({"anyOf": [{"type": "integer"}, {"type": "string", "enum": names}]})
        }
        FieldKind::Bool => json!({"type": "boolean"}),
        FieldKind::Time => json!({"type": "integer", "description": "Unix milliseconds"}),
        FieldKind::Folded
        | FieldKind::Exact
        | FieldKind::OneText
        | FieldKind::Words
        | FieldKind::Unkept => json!({"type": "string"}),
        FieldKind::RecordId => json!({"type": "string", "pattern": "^[0-9a-f]{24}$"}),
        FieldKind::Group => json!({"anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"role": {"const": 1}, "adv": {"type": "boolean"}}, "required": ["role"]},
        ]}),
        FieldKind::Entity => json!({"anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "saas": {"type": "integer", "format": "int32"},
                    "inst": {"type": "integer", "format": "int32"},
                },
                "required": ["id"],
            },
        ]}),
        FieldKind::Source => json!({"anyOf": [
            {"type": "integer"},
            {
                "type": "object",
                "properties": {"s": {"type": "string"}, "t": {"type": "integer"}},
                "required": ["t"],
            },
        ]}),
    }
}
