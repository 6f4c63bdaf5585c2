//! Base64url without padding (RFC 4648 section 5, RFC 7515 section 2).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Encodes as base64url without padding.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes as standard base64 with padding, the form of `x5c` (RFC 7517 4.7).
pub(crate) fn encode_standard(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Decodes base64url as foreign clients write it: padded or not.
pub(crate) fn decode_padded(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    decode(text.trim_end_matches('='))
}

/// Decodes exact base64url: padding, other alphabets, white space and non-zero
/// trailing bits are refused, so that one token has one spelling only.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    URL_SAFE_NO_PAD.decode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_spelling_is_read() {
        assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
        for text in ["-_8=", "+/8", "-_9", "-_8\n", " -_8", "-", "é"] {
            assert!(decode(text).is_err(), "{text:?}");
        }
    }
}
