//! The key of an entity as paths have it.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use casbah_model::entity::EntityKey;
use casbah_model::filter::whole_number;
use casbah_model::ids::SaasId;
use serde_json::Value;

const PADDED_OR_NOT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDED_OR_NOT);

/// A pk: base64, of either alphabet or both, padded or not, broken into lines or not, of
/// `{"id": …, "saas": …, "inst": …}`: JSON, or as Python writes it, which is how the
/// original's `username` has it.
pub(super) fn read(text: &str) -> Option<EntityKey> {
    let signs = text.chars().filter(|c| !c.is_ascii_whitespace());
    let text: String = signs
        .map(|sign| match sign {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    let text = String::from_utf8(URL_SAFE.decode(text).ok()?).ok()?;
    let key = serde_json::from_str::<Value>(&text)
        .or_else(|_| serde_json::from_str(&json_of_python(&text)))
        .ok()?;
    let part = |name| i32::try_from(whole_number(key.get(name)?)?).ok();
    Some(EntityKey {
        id: key.get("id")?.as_str()?.to_owned(),
        saas: SaasId(part("saas")?),
        inst: match key.get("inst") {
            None | Some(Value::Null) => 0,
            Some(_) => part("inst")?,
        },
    })
}

/// A dictionary as Python writes it, as JSON, as far as they differ in quotes and `None`.
fn json_of_python(text: &str) -> String {
    let mut json = String::with_capacity(text.len());
    let mut quote = None;
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (None, '\'' | '"') => {
                quote = Some(sign);
                json.push('"');
            }
            (Some(open), _) if open == sign => {
                quote = None;
                json.push('"');
            }
            (Some(_), '"') => json.push_str("\\\""),
            (Some(_), '\\') => match signs.next() {
                Some('\'') => json.push('\''),
                // Python names a byte by two digits, JSON by four.
                Some('x') => json.push_str("\\u00"),
                Some(other) => json.extend(['\\', other]),
                None => json.push('\\'),
            },
            _ => json.push(sign),
        }
    }
    json.replace(": None", ": null")
}

#[cfg(test)]
mod tests {
    use base64::prelude::{
        BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
    };
    use proptest::prelude::*;

    use super::*;

    fn key(id: &str) -> EntityKey {
        EntityKey {
            id: id.to_owned(),
            saas: SaasId(11161),
            inst: 0,
        }
    }

    #[test]
    fn keys_are_read_in_every_encoding() {
        for (text, id) in [
            (r#"{"id":"ä?>~","inst":0,"saas":11161}"#, "ä?>~"),
            (
                r#"{"saas": 11161, "inst": 0, "id": "a@b.example"}"#,
                "a@b.example",
            ),
            (r#"{ "id" : "a" , "saas" : "11161" , "inst" : null }"#, "a"),
            (r#"{"id": "a", "saas": 11161}"#, "a"),
            (
                r"{'id': 'a@b.example', 'saas': 11161, 'inst': 0}",
                "a@b.example",
            ),
            (r"{'inst': None, 'id': 'a\\b', 'saas': 11161}", r"a\b"),
            (r#"{'id': "o'neil", 'saas': 11161, 'inst': 0}"#, "o'neil"),
            (
                r#"{'id': 'o\'neil "x"', 'saas': 11161, 'inst': 0}"#,
                "o'neil \"x\"",
            ),
            (r"{'id': 'caf\xe9', 'saas': 11161, 'inst': 0}", "café"),
        ] {
            for encoded in [
                BASE64_STANDARD.encode(text),
                BASE64_STANDARD_NO_PAD.encode(text),
                BASE64_URL_SAFE.encode(text),
                BASE64_URL_SAFE_NO_PAD.encode(text),
                format!("{}\n", BASE64_STANDARD.encode(text)),
                BASE64_STANDARD.encode(text).replace('/', "_"),
            ] {
                assert_eq!(read(&encoded), Some(key(id)), "{text} as {encoded}");
            }
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in [
            "not json",
            "{}",
            "[]",
            r#"{"id": 1, "saas": 1, "inst": 0}"#,
            r#"{"id": "a", "saas": 1.5, "inst": 0}"#,
            r#"{"id": "a", "saas": 99999999999, "inst": 0}"#,
            r#"{"id": "a", "saas": 1, "inst": "x"}"#,
            "{'id': 'a",
        ] {
            assert_eq!(read(&BASE64_STANDARD.encode(text)), None, "{text}");
        }
        for text in ["", "%%", "A", "ä"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_key_is_read_back(id in "\\PC{0,40}", saas in any::<i32>(), inst in any::<i32>()) {
            let key = EntityKey { id, saas: SaasId(saas), inst };
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(read(&BASE64_URL_SAFE_NO_PAD.encode(&json)), Some(key.clone()));
            prop_assert_eq!(read(&BASE64_STANDARD.encode(json)), Some(key));
        }

        #[test]
        fn no_text_panics(text in "[ -~]{0,60}") {
            let _ = read(&text);
            let _ = read(&BASE64_STANDARD.encode(text));
        }
    }
}
