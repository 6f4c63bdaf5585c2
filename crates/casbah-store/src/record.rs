//! Records at rest: JSON behind zstd (RFC 8878).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::StoreError;

/// What stands before the compressed bytes and says how to read them.
const ZSTD_WITHOUT_DICTIONARY: u8 = 0;

const LEVEL: i32 = 3;

/// The record as JSON, compressed.
pub(crate) fn compress(record: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    compress_json(&serde_json::to_vec(record)?)
}

/// JSON text, compressed.
pub(crate) fn compress_json(json: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![ZSTD_WITHOUT_DICTIONARY];
    let compressed = zstd::bulk::compress(json, LEVEL).map_err(StoreError::Compression)?;
    bytes.extend_from_slice(&compressed);
    Ok(bytes)
}

/// The bytes of a stored document.
pub(crate) fn decompress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let invalid = || StoreError::Compression(std::io::ErrorKind::InvalidData.into());
    let (kind, compressed) = bytes.split_first().ok_or_else(invalid)?;
    if *kind != ZSTD_WITHOUT_DICTIONARY {
        return Err(invalid());
    }
    zstd::stream::decode_all(compressed).map_err(StoreError::Compression)
}

/// A stored record as the JSON text it was.
pub(crate) fn decompress_json(bytes: &[u8]) -> Result<Box<RawValue>, StoreError> {
    Ok(serde_json::from_slice(&decompress(bytes)?)?)
}
