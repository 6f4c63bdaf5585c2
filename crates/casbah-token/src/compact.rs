//! The compact serialisation (RFC 7515 section 7.1): three parts and two dots.

use std::fmt;

use serde_json::{Map, Value};

use crate::encoding;
use crate::json::{self, ObjectError};

/// The longest token that is looked at, bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A part of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first: algorithm and key.
    Header,
    /// The second: the claims.
    Payload,
    /// The third.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Text is not a token in compact form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three parts with dots between.
    #[error("token does not have three parts")]
    Parts,
    /// A part is not exact base64url.
    #[error("{0} is not base64url without padding")]
    Encoding(Part),
    /// Header or payload is not a JSON object.
    #[error("{0} is not a json object")]
    Json(Part),
    /// Header or payload has a name twice.
    #[error("{0} has a name twice")]
    Duplicate(Part),
}

/// A token taken apart, its header read. Nothing in it is believed yet.
pub(crate) struct Compact<'t> {
    pub(crate) header: Map<String, Value>,
    /// Header and payload as they were signed.
    pub(crate) signed: &'t str,
    payload: &'t str,
    signature: &'t str,
    decode: Decode,
}

type Decode = fn(&str) -> Result<Vec<u8>, base64::DecodeError>;

impl<'t> Compact<'t> {
    pub(crate) fn parse(token: &'t str) -> Result<Self, FormatError> {
        Self::parse_with(token, encoding::decode)
    }

    /// The same for tokens whose parts may be padded. They are proofs that are looked
    /// at once, so a second spelling of one gains nothing.
    pub(crate) fn parse_padded(token: &'t str) -> Result<Self, FormatError> {
        Self::parse_with(token, encoding::decode_padded)
    }

    fn parse_with(token: &'t str, decode: Decode) -> Result<Self, FormatError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(FormatError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(FormatError::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(FormatError::Parts)?;
        if payload.contains('.') {
            return Err(FormatError::Parts);
        }
        Ok(Self {
            header: object(header, Part::Header, decode)?,
            signed,
            payload,
            signature,
            decode,
        })
    }

    pub(crate) fn payload(&self) -> Result<Map<String, Value>, FormatError> {
        object(self.payload, Part::Payload, self.decode)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, FormatError> {
        (self.decode)(self.signature).map_err(|_| FormatError::Encoding(Part::Signature))
    }
}

fn object(text: &str, part: Part, decode: Decode) -> Result<Map<String, Value>, FormatError> {
    let bytes = decode(text).map_err(|_| FormatError::Encoding(part))?;
    json::parse_object(&bytes).map_err(|error| match error {
        ObjectError::NotAnObject => FormatError::Json(part),
        ObjectError::Duplicate => FormatError::Duplicate(part),
    })
}
