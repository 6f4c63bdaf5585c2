//! Small readers around others.

use std::cell::Cell;
use std::io::{self, Read};

use super::{ReadError, as_io};

/// Counts what is taken from a stream.
pub(crate) struct Counted<'a, R> {
    pub(crate) inner: R,
    pub(crate) count: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Fails when a stream is longer than it may be.
pub(crate) struct Limited<R> {
    pub(crate) inner: R,
    pub(crate) limit: Option<u64>,
    pub(crate) read: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(limit) = self.limit else {
            return self.inner.read(buffer);
        };
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > limit {
            return Err(as_io(ReadError::TooLarge { limit }));
        }
        Ok(count)
    }
}

/// Gives its error once, then nothing.
pub(crate) struct Failed(pub(crate) Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
