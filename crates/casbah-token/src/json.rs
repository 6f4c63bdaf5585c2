//! JSON objects whose member names are unique.
//!
//! RFC 7515 section 4 and RFC 7519 section 4 leave a choice: refuse a repeated
//! name, or take the last. Two readers that choose differently see two tokens in
//! one signature, so here it is always refused, at every depth.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why bytes are not one JSON object with unique names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectError {
    /// Not JSON, or JSON that is not an object.
    NotAnObject,
    /// A name occurs twice.
    Duplicate,
}

/// Parses one JSON object, nothing after it.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, ObjectError> {
    let duplicate = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = Unique(&duplicate)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match parsed {
        Ok(Value::Object(object)) => Ok(object),
        Err(_) if duplicate.get() => Err(ObjectError::Duplicate),
        Ok(_) | Err(_) => Err(ObjectError::NotAnObject),
    }
}

#[derive(Clone, Copy)]
struct Unique<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with unique names")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                self.0.set(true);
                return Err(A::Error::custom("a name occurs twice"));
            }
            let value = members.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,3.5,null,true,{"b":"é\n"}],"c":18446744073709551615}"#;
        let expected: Map<String, Value> = serde_json::from_str(text).unwrap();
        assert_eq!(parse_object(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn repeated_names_are_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
        ] {
            assert_eq!(
                parse_object(text.as_bytes()),
                Err(ObjectError::Duplicate),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_object() {
        let deep = format!("{}{}", r#"{"a":["#, "[".repeat(100_000));
        for text in ["", "1", "[]", "null", "{", "{}x", r#"{"a":1,}"#, &deep] {
            assert_eq!(
                parse_object(text.as_bytes()),
                Err(ObjectError::NotAnObject),
                "{text:.20}"
            );
        }
        assert_eq!(
            parse_object(b"{\"a\":\"\xff\"}"),
            Err(ObjectError::NotAnObject)
        );
    }
}
