//! Lists: `$filter`, `$select`, `$top` and pages.

use casbah_identity::Authority;
use serde_json::{Value, json};

use super::error::GraphError;
use super::filter::{self, Term};

/// Objects a page has when nobody says.
const DEFAULT_TOP: usize = 100;
/// The most that a page has.
const MAX_TOP: usize = 999;

/// The options of a request.
#[derive(Debug, Default)]
pub(super) struct Options {
    filter: Vec<Term>,
    select: Option<Vec<String>>,
    top: Option<usize>,
    skip: usize,
    /// Path and query once more, for the next page's address.
    path: String,
    others: Vec<(String, String)>,
}

impl Options {
    /// Reads the options of an address. Unknown ones are ignored.
    pub(super) fn parse(path: &str, query: &str) -> Result<Self, GraphError> {
        let mut options = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            let number = || {
                value.parse::<usize>().map_err(|_| {
                    GraphError::UnsupportedQuery(format!("'{value}' is no number for {name}."))
                })
            };
            match name.as_str() {
                "$filter" => options.filter = filter::parse(&value)?,
                "$select" => {
                    let names = value.split(',').map(|name| name.trim().to_owned());
                    options.select = Some(names.filter(|name| !name.is_empty()).collect());
                }
                "$top" => options.top = Some(number()?.clamp(1, MAX_TOP)),
                "$skiptoken" => {
                    options.skip = number()?;
                    continue;
                }
                _ => {}
            }
            options.others.push((name, value));
        }
        Ok(options)
    }

    /// Keeps the objects that pass the filter; `values` are those of a property.
    pub(super) fn keep<T>(
        &self,
        all: Vec<T>,
        values: impl Fn(&T, &str) -> Option<Vec<String>>,
    ) -> Result<Vec<T>, GraphError> {
        let mut kept = Vec::new();
        for one in all {
            if filter::passes(&self.filter, |property| values(&one, property))? {
                kept.push(one);
            }
        }
        Ok(kept)
    }

    /// Whether a property is asked for by its name.
    pub(super) fn selects(&self, name: &str) -> bool {
        let names = self.select.iter().flatten();
        names.into_iter().any(|one| one.eq_ignore_ascii_case(name))
    }

    /// The object with what was asked for alone.
    pub(super) fn select(&self, object: Value) -> Value {
        let (Some(names), Value::Object(mut members)) = (&self.select, object.clone()) else {
            return object;
        };
        let wanted = |name: &str| {
            name == "id"
                || name.starts_with('@')
                || names.iter().any(|one| one.eq_ignore_ascii_case(name))
        };
        members.retain(|name, _| wanted(name));
        Value::Object(members)
    }

    /// A page of `all`, the next page's address included.
    pub(super) fn page<T>(
        &self,
        authority: &Authority,
        set: &str,
        all: &[T],
        wire: impl Fn(&T) -> Value,
    ) -> Value {
        let top = self.top.unwrap_or(DEFAULT_TOP);
        let value: Vec<_> = all
            .iter()
            .skip(self.skip)
            .take(top)
            .map(|one| self.select(wire(one)))
            .collect();
        let end = self.skip.saturating_add(top);
        let mut page = json!({
            "@odata.context": format!("{}/v1.0/$metadata#{set}", authority.origin()),
            "value": value,
        });
        if end < all.len() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.others);
            query.append_pair("$skiptoken", &end.to_string());
            let query = query.finish();
            page["@odata.nextLink"] = format!("{}{}?{query}", authority.origin(), self.path).into();
        }
        page
    }
}
