//! Bodies of requests.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::GraphError;

/// Reads a JSON body; members that are not known are ignored.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, GraphError> {
    let bytes = if bytes.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        bytes
    };
    serde_json::from_slice(bytes)
        .map_err(|error| GraphError::Invalid(format!("The body cannot be read: {error}.")))
}

/// The longest name that people read, characters.
const MAX_NAME: usize = 256;

/// A name that people read, without the space around it.
pub(super) fn display_name(name: &str) -> Result<String, GraphError> {
    let name = name.trim();
    let is_good =
        !name.is_empty() && name.chars().count() <= MAX_NAME && !name.contains(char::is_control);
    if is_good {
        Ok(name.to_owned())
    } else {
        Err(GraphError::Invalid(
            "displayName must have 1 to 256 characters.".to_owned(),
        ))
    }
}

/// A member of a change: what is absent stays, what is null goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Member<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    /// Only members that are there are read, so a container needs `serde(default)`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(deserializer)?;
        Ok(value.map_or(Self::Null, Self::Value))
    }
}

impl<T> Member<T> {
    /// The new value where there is one to set; null means the type's empty value.
    pub(super) fn set(self) -> Option<T>
    where
        T: Default,
    {
        match self {
            Self::Absent => None,
            Self::Null => Some(T::default()),
            Self::Value(value) => Some(value),
        }
    }

    /// The same, of a member that cannot be null.
    pub(super) fn set_present(self, name: &str) -> Result<Option<T>, GraphError> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Err(GraphError::Invalid(format!("{name} cannot be null."))),
            Self::Value(value) => Ok(Some(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Body {
        member: Member<u8>,
    }

    #[test]
    fn absent_and_null_are_not_the_same() {
        for (text, member, set) in [
            ("{}", Member::Absent, None),
            ("", Member::Absent, None),
            (r#"{"member": null}"#, Member::Null, Some(0)),
            (r#"{"member": 7}"#, Member::Value(7), Some(7)),
        ] {
            let body: Body = read(text.as_bytes()).unwrap();
            assert_eq!(body.member, member, "{text}");
            assert_eq!(body.member.set(), set, "{text}");
        }
        assert!(read::<Body>(br#"{"member": "seven"}"#).is_err());
        assert!(Member::<u8>::Null.set_present("member").is_err());
    }
}
