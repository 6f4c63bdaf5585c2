//! Random filters over random records: the database finds what plain reading finds.

mod activities;
mod alerts;
mod entities;
mod ip_ranges;
mod plain;

use std::cell::Cell;
use std::collections::BTreeMap;

use casbah_model::filter::{
    Condition, FieldKind, FieldSpec, ListQuery, ListSpec, Operator, parse_query,
};
use casbah_model::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

/// The time at which filters are read: records are of the days before it.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// How many records a list has, which one page holds.
const RECORDS: usize = 60;

/// How many sets of records a list is tried with.
const SETS: u8 = 3;

/// How many filters are tried on one set of records.
const FILTERS: u32 = 150;

/// A field, an operator and values, each by a number that is taken modulo what there is.
type Choice = (usize, usize, Vec<usize>);

/// What filters may ask of each field: values that the records have, and others.
#[derive(Default)]
struct Pool(BTreeMap<&'static str, Vec<Value>>);

impl Pool {
    fn add(&mut self, field: &'static str, values: impl IntoIterator<Item = Value>) {
        self.0.entry(field).or_default().extend(values);
    }

    fn of(&self, field: &FieldSpec) -> Vec<Value> {
        let mut values = self.0.get(field.name).cloned().unwrap_or_default();
        values.extend(match field.kind {
            FieldKind::Int | FieldKind::Source => vec![json!(-1), json!("7")],
            FieldKind::Named(names) => names.iter().map(|(name, _)| json!(name)).collect(),
            FieldKind::Bool => vec![json!(true), json!("false")],
            FieldKind::Time => (0..8)
                .map(|days| json!(NOW.minus_days(days).millis()))
                .collect(),
            FieldKind::Folded
            | FieldKind::Exact
            | FieldKind::Words
            | FieldKind::Group
            | FieldKind::OneText
            | FieldKind::Unkept => {
                vec![json!("%"), json!("_"), json!("\\"), json!("nobody")]
            }
            FieldKind::RecordId => vec![json!("5f06d71dba4289d0602ba5ac")],
            FieldKind::Entity => vec![json!("nobody"), json!({"id": "NOBODY", "saas": 1})],
        });
        values
    }
}

/// One of the values, or where there is none, nothing.
fn pick(values: &[Value], number: usize) -> Value {
    values
        .get(number % values.len().max(1))
        .cloned()
        .unwrap_or_default()
}

/// A piece of a text value, or the whole of it.
fn piece(value: &Value, number: usize) -> Value {
    let text = value
        .as_str()
        .or_else(|| value["id"].as_str())
        .unwrap_or("x");
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len().max(1);
    let (start, end) = match number / 7 % 4 {
        0 => (0, length),
        1 => (0, 1 + number % length),
        2 => (number % length, length),
        _ => (number % length, (number % length + 2).min(length)),
    };
    let piece: String = characters
        .get(start..end.min(characters.len()))
        .unwrap_or_default()
        .iter()
        .collect();
    json!(if number.is_multiple_of(2) {
        piece
    } else {
        piece.to_uppercase()
    })
}

/// The filter on the wire that the choices mean.
fn filters(list: &'static ListSpec, pool: &Pool, choices: &[Choice]) -> Value {
    let mut filters = Map::new();
    for (field, operator, numbers) in choices {
        let field = &list.fields[field % list.fields.len()];
        let operator = field.operators[operator % field.operators.len()];
        let values = pool.of(field);
        let first = numbers.first().copied().unwrap_or_default();
        let value = match operator {
            Operator::Eq | Operator::Neq | Operator::Deq | Operator::CabinetMatchedRulesEquals => {
                numbers
                    .iter()
                    .map(|number| match number % 9 {
                        0 => Value::Null,
                        _ => pick(&values, *number),
                    })
                    .collect()
            }
            Operator::Contains
            | Operator::Ncontains
            | Operator::StartsWith
            | Operator::DoesNotStartWith
            | Operator::EndsWith => numbers
                .iter()
                .map(|number| piece(&pick(&values, *number), *number))
                .collect(),
            Operator::StartsWithSingle | Operator::Text => piece(&pick(&values, first), first),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => pick(&values, first),
            Operator::GteNdays | Operator::LteNdays => json!(first % 7),
            Operator::Range => numbers
                .chunks(2)
                .map(|ends| {
                    json!({
                        "start": pick(&values, ends[0]),
                        "end": ends.get(1).map(|end| pick(&values, *end)),
                    })
                })
                .collect(),
            Operator::IsSet | Operator::IsNotSet => json!(first % 3 > 0),
        };
        let tests = filters.entry(field.name).or_insert_with(|| json!({}));
        tests[operator.name()] = value;
    }
    Value::Object(filters)
}

fn read(list: &'static ListSpec, filters: &Value) -> ListQuery {
    let parameters = json!({"filters": filters, "sortDirection": "asc"});
    parse_query(list, parameters.as_object().unwrap(), NOW).unwrap()
}

/// Numbers for the parts of each record.
fn random_records(runner: &mut TestRunner) -> Vec<Vec<usize>> {
    let records = vec(vec(0..1_000_000_usize, 16), RECORDS);
    records.new_tree(runner).unwrap().current()
}

/// Of a seed, so that a failure can be seen again; `CASBAH_TEST_SEED` gives others.
fn runner(set: u8) -> TestRunner {
    let seed = std::env::var("CASBAH_TEST_SEED").unwrap_or_default();
    let mut bytes = [set; 32];
    for (byte, sign) in bytes.iter_mut().zip(seed.bytes()) {
        *byte ^= sign;
    }
    let config = Config {
        cases: FILTERS,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Tries random filters: `found` asks the database for ids, `plain` reads the records.
fn compare(
    runner: &mut TestRunner,
    list: &'static ListSpec,
    pool: &Pool,
    found: impl AsyncFn(ListQuery) -> Vec<String>,
    plain: impl Fn(&[Condition]) -> Vec<String>,
) {
    let choices = vec(
        (any::<usize>(), any::<usize>(), vec(any::<usize>(), 0..4)),
        1..4,
    );
    let all = u32::try_from(RECORDS).unwrap();
    let telling = Cell::new(0);
    let runtime = tokio::runtime::Handle::current();
    let compared = runner.run(&choices, |choices| {
        let filters = filters(list, pool, &choices);
        let query = ListQuery {
            limit: all,
            ..read(list, &filters)
        };
        let mut expected = plain(&query.filter.conditions);
        let mut got = tokio::task::block_in_place(|| runtime.block_on(found(query)));
        expected.sort();
        got.sort();
        assert_eq!(got, expected, "{}: {filters}", list.name);
        if (1..RECORDS).contains(&got.len()) {
            telling.set(telling.get() + 1);
        }
        Ok(())
    });
    compared.unwrap();
    let telling = telling.get();
    assert!(
        telling * 10 >= FILTERS,
        "only {telling} filters tell records apart"
    );
}
