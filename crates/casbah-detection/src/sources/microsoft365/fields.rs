//! Fields of a unified audit record.

use serde_json::{Map, Value};

use crate::sources::Refusal;

/// A record as JSON; of a name that occurs twice the last value counts.
pub(super) struct Record(Map<String, Value>);

impl Record {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        match serde_json::from_str(text)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Refusal::NotAnObject),
        }
    }

    /// A field's text, unless it is empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.text(name).ok_or(Refusal::Missing(name))
    }

    /// A field's number, which may be written as text.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.0.get(name)?.as_object()
    }

    pub(super) fn array(&self, name: &str) -> &[Value] {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// The value that a list of `{Name, Value}` pairs has for a name.
    pub(super) fn pair(&self, list: &str, name: &str) -> Option<&str> {
        let pair = self
            .array(list)
            .iter()
            .find(|pair| pair.get("Name").and_then(Value::as_str) == Some(name))?;
        pair.get("Value")?.as_str()
    }

    /// An extended property.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.pair("ExtendedProperties", name)
            .filter(|value| !value.is_empty())
    }

    /// The value that a directory change gave to a property. The directory writes
    /// lists of one as JSON: `["Ann"]`.
    pub(super) fn new_value(&self, name: &str) -> Option<String> {
        let change = self
            .array("ModifiedProperties")
            .iter()
            .find(|change| change.get("Name").and_then(Value::as_str) == Some(name))?;
        let text = change.get("NewValue")?.as_str()?.trim();
        let value = match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(items)) => items.first()?.as_str()?.to_owned(),
            Ok(Value::String(inner)) => inner,
            _ => text.to_owned(),
        };
        Some(value).filter(|value| !value.is_empty())
    }
}
