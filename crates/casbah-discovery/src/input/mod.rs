//! From a stream of bytes, compressed or not, to chunks of whole lines.

mod archive;
mod chunks;
mod decode;
mod streams;

pub use chunks::MAX_LINE;
pub(crate) use chunks::{Buffer, Chunk, Chunks};
pub(crate) use decode::decode;
pub(crate) use streams::{Counted, Failed, Limited};

use std::io;

/// Why reading ended before the end of the log.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A compressed stream ends in the middle.
    #[error("compressed input is truncated")]
    Truncated,
    /// A compressed stream is damaged.
    #[error("compressed input is corrupt")]
    Corrupt(#[source] io::Error),
    /// An archive entry is encrypted or compressed by a method that is not read.
    #[error("archive entry cannot be read: {0}")]
    Archive(&'static str),
    /// The decompressed log is larger than allowed.
    #[error("decompressed input is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was set.
        limit: u64,
    },
    /// The stream itself failed.
    #[error("input cannot be read")]
    Io(#[source] io::Error),
}

/// Carries a [`ReadError`] through `std::io::Read`.
pub(crate) fn as_io(error: ReadError) -> io::Error {
    io::Error::other(error)
}

/// Finds the meaning of an error that came out of a stack of readers.
pub(crate) fn from_io(error: io::Error, compressed: bool) -> ReadError {
    if error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<ReadError>)
    {
        let kind = error.kind();
        return match error
            .into_inner()
            .map(<dyn std::error::Error + Send + Sync>::downcast::<ReadError>)
        {
            Some(Ok(inner)) => *inner,
            _ => ReadError::Io(kind.into()),
        };
    }
    if !compressed {
        return ReadError::Io(error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadError::Truncated,
        _ => ReadError::Corrupt(error),
    }
}
