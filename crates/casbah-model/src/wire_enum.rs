//! Enumerations that travel as numbers.

/// Declares an enum whose variants are the wire's numbers.
macro_rules! wire_enum {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $variant_doc:literal])* $variant:ident = $value:literal,)+
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[doc = $variant_doc])* $variant = $value,)+
        }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The number on the wire.
            pub const fn value(self) -> i64 {
                self as i64
            }

            /// The one with this number.
            pub fn from_value(value: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.value() == value)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let numbers = [$(serde_json::json!({
                    "const": $value,
                    "description": concat!($($variant_doc),*).trim(),
                }),)+];
                schemars::json_schema!({
                    "description": concat!($($doc),*).trim(),
                    "type": "integer",
                    "oneOf": numbers,
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.value())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <i64 as serde::Deserialize>::deserialize(deserializer)?;
                Self::from_value(value).ok_or_else(|| {
                    serde::de::Error::invalid_value(
                        serde::de::Unexpected::Signed(value),
                        &stringify!($name),
                    )
                })
            }
        }
    };
}

pub(crate) use wire_enum;
