//! Looking into a token without believing it.

use serde_json::{Map, Value};

use crate::compact::{Compact, FormatError};

/// A token taken apart. **Nothing was checked**: for display, never for a
/// decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Unverified {
    /// The header's members.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// Takes a token apart for inspection. White space around it is ignored.
///
/// # Errors
/// [`FormatError`] when the text is no token in compact form.
pub fn decode_unverified(token: &str) -> Result<Unverified, FormatError> {
    let compact = Compact::parse(token.trim())?;
    let claims = compact.payload()?;
    Ok(Unverified {
        header: compact.header,
        claims,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::encode;
    use proptest::prelude::*;

    #[test]
    fn an_unsigned_token_can_be_looked_at() {
        let token = format!(
            "{}.{}.",
            encode(br#"{"alg":"none"}"#),
            encode(br#"{"a":1}"#)
        );
        let seen = decode_unverified(&format!(" {token}\n")).unwrap();
        assert_eq!(seen.header["alg"], "none");
        assert_eq!(seen.claims["a"], 1);
    }

    #[test]
    fn other_text_is_refused_with_its_cause() {
        use crate::compact::Part::{Header, Payload};
        let object = encode(b"{}");
        for (token, expected) in [
            (String::new(), FormatError::Parts),
            ("a.b".into(), FormatError::Parts),
            (format!("{object}.{object}.a.b"), FormatError::Parts),
            ("!.e30.".into(), FormatError::Encoding(Header)),
            (
                format!("{object}=.{object}."),
                FormatError::Encoding(Header),
            ),
            (format!("{object}.e30=."), FormatError::Encoding(Payload)),
            (
                format!("{object}.{}.", encode(b"[]")),
                FormatError::Json(Payload),
            ),
            (
                format!("{object}.{}.", encode(br#"{"a":1,"a":2}"#)),
                FormatError::Duplicate(Payload),
            ),
            ("a".repeat(20_000), FormatError::TooLong),
        ] {
            assert_eq!(decode_unverified(&token), Err(expected), "{token:.40}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text: String, parts in "[A-Za-z0-9_.-]{0,200}") {
            drop(decode_unverified(&text));
            drop(decode_unverified(&parts));
        }
    }
}
