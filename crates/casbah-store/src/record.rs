//! Records at rest: JSON behind zstd (RFC 8878).

use std::cell::RefCell;

use serde::Serialize;
use serde_json::value::RawValue;
use zstd::bulk::Decompressor;

use crate::StoreError;

/// What stands before the compressed bytes and says how to read them.
const ZSTD_WITHOUT_DICTIONARY: u8 = 0;

const LEVEL: i32 = 3;

/// Content of at most so many bytes is decompressed into one piece of memory.
const LARGEST_AT_ONCE: usize = 1 << 20;

thread_local! {
    /// Making one costs more than a record's decompression.
    static DECOMPRESSOR: RefCell<Decompressor<'static>> = RefCell::default();
}

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
    // A frame says how long its content is, as `compress_json` writes it; what says
    // too much is read piece by piece.
    let length = match zstd::zstd_safe::get_frame_content_size(compressed) {
        Ok(Some(length)) => usize::try_from(length).ok(),
        _ => None,
    };
    match length.filter(|length| *length <= LARGEST_AT_ONCE) {
        Some(length) => DECOMPRESSOR.with_borrow_mut(|decompressor| {
            let decompressed = decompressor.decompress(compressed, length);
            decompressed.map_err(StoreError::Compression)
        }),
        None => zstd::stream::decode_all(compressed).map_err(StoreError::Compression),
    }
}

/// The bytes of a document as JSON text.
pub(crate) fn raw_json(bytes: &[u8]) -> Result<Box<RawValue>, StoreError> {
    Ok(serde_json::from_slice(bytes)?)
}
