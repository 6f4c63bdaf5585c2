//! Chunks of whole lines.

use std::io::{self, Read};

/// Longest line that is read, in bytes without its line end. A longer one is a bad line.
pub const MAX_LINE: usize = 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much of an overlong line is kept for its sample.
const KEPT_OF_TOO_LONG: usize = 256;

/// Whole lines, the last maybe without its line end.
#[derive(Debug)]
pub(crate) struct Chunk {
    buffer: Buffer,
    /// Number of the first line in the log, from 1.
    pub(crate) first_line: u64,
}

impl Chunk {
    pub(crate) fn lines(&self) -> &[u8] {
        self.buffer.filled()
    }

    /// The buffer, to be filled again.
    pub(crate) fn into_buffer(self) -> Buffer {
        self.buffer
    }
}

/// Bytes of which the first are in use.
///
/// A plain vector would have to be zeroed before every read, for what lies beyond its length
/// cannot be read into.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    fn set(&mut self, bytes: &[u8]) {
        if self.bytes.len() < bytes.len() {
            self.bytes.resize(bytes.len(), 0);
        }
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.filled = bytes.len();
    }

    fn truncate(&mut self, length: usize) {
        self.filled = self.filled.min(length);
    }

    fn remove_first(&mut self, count: usize) {
        self.bytes.copy_within(count..self.filled, 0);
        self.filled -= count;
    }

    /// Reads `size` bytes more; fewer are the end.
    fn read_from(&mut self, input: &mut impl Read, size: usize) -> io::Result<bool> {
        let wanted = self.filled + size;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        while self.filled < wanted {
            match input.read(&mut self.bytes[self.filled..wanted]) {
                Ok(0) => return Ok(true),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

/// A line that was longer than [`MAX_LINE`] and was passed over without being held.
#[derive(Debug)]
pub(crate) struct TooLong {
    pub(crate) line: u64,
    pub(crate) beginning: Vec<u8>,
}

/// Cuts a stream into chunks at line ends. Holds at most one chunk, or one line of [`MAX_LINE`].
pub(crate) struct Chunks<R> {
    input: R,
    size: usize,
    /// Bytes after the last line end that was handed out.
    pending: Vec<u8>,
    next_line: u64,
    ended: bool,
    too_long: Vec<TooLong>,
    too_long_count: u64,
    too_long_kept: usize,
}

impl<R: Read> Chunks<R> {
    /// `size` is the bytes a chunk aims at, `too_long_kept` how many overlong lines to keep.
    pub(crate) fn new(input: R, size: usize, too_long_kept: usize) -> Self {
        Self {
            input,
            size: size.max(1),
            pending: Vec::new(),
            next_line: 1,
            ended: false,
            too_long: Vec::new(),
            too_long_count: 0,
            too_long_kept,
        }
    }

    /// The first overlong lines, and how many there were.
    pub(crate) fn into_too_long(self) -> (Vec<TooLong>, u64) {
        (self.too_long, self.too_long_count)
    }

    /// Lines seen so far.
    pub(crate) fn lines(&self) -> u64 {
        self.next_line - 1
    }

    /// Fills a chunk, reusing `buffer`. `None` at the end.
    ///
    /// # Errors
    /// The stream's; call [`Chunks::rest`] for what was read before it.
    pub(crate) fn next(&mut self, mut buffer: Buffer) -> io::Result<Option<Chunk>> {
        buffer.set(&self.pending);
        // What is pending holds no line end.
        let mut searched = self.pending.len();
        self.pending.clear();
        loop {
            if !self.ended
                && let Err(error) = self.read_into(&mut buffer)
            {
                self.pending.extend_from_slice(buffer.filled());
                return Err(error);
            }
            if self.ended {
                return Ok(self.chunk(buffer));
            }
            if let Some(end) = memchr::memrchr(b'\n', &buffer.filled()[searched..]) {
                let end = searched + end + 1;
                self.pending.extend_from_slice(&buffer.filled()[end..]);
                buffer.truncate(end);
                return Ok(self.chunk(buffer));
            }
            searched = buffer.filled;
            if buffer.filled > MAX_LINE {
                self.pass_over(&mut buffer)?;
                searched = 0;
            }
        }
    }

    /// After an error: the whole lines read before it.
    pub(crate) fn rest(&mut self) -> Option<Chunk> {
        let end = memchr::memrchr(b'\n', &self.pending).map_or(0, |end| end + 1);
        let cut_off = self.pending.split_off(end);
        let bytes = std::mem::replace(&mut self.pending, cut_off);
        let filled = bytes.len();
        self.chunk(Buffer { bytes, filled })
    }

    /// After [`Chunks::rest`]: the line that the error cut off, which counts from here on.
    pub(crate) fn cut_off(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.pending);
        if line.is_empty() {
            return None;
        }
        self.next_line += 1;
        Some(line)
    }

    fn read_into(&mut self, buffer: &mut Buffer) -> io::Result<()> {
        self.ended = buffer.read_from(&mut self.input, self.size)?;
        Ok(())
    }

    fn chunk(&mut self, mut buffer: Buffer) -> Option<Chunk> {
        if self.next_line == 1 && buffer.filled().starts_with(BYTE_ORDER_MARK) {
            buffer.remove_first(BYTE_ORDER_MARK.len());
        }
        let bytes = buffer.filled();
        if bytes.is_empty() {
            return None;
        }
        let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
        let lines = ends + u64::from(bytes.last() != Some(&b'\n'));
        let first_line = self.next_line;
        self.next_line += lines;
        Some(Chunk { buffer, first_line })
    }

    /// Drops the rest of a line that is too long, and leaves what follows it in the buffer.
    fn pass_over(&mut self, buffer: &mut Buffer) -> io::Result<()> {
        self.too_long_count += 1;
        if self.too_long.len() < self.too_long_kept {
            let beginning = buffer.filled()[..KEPT_OF_TOO_LONG].to_vec();
            self.too_long.push(TooLong {
                line: self.next_line,
                beginning,
            });
        }
        self.next_line += 1;
        loop {
            buffer.truncate(0);
            self.read_into(buffer)?;
            if let Some(end) = memchr::memchr(b'\n', buffer.filled()) {
                buffer.remove_first(end + 1);
                return Ok(());
            }
            if self.ended {
                buffer.truncate(0);
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, Chunks, MAX_LINE};
    use proptest::prelude::*;

    fn lines_of(input: &[u8], size: usize) -> (Vec<(u64, Vec<u8>)>, Vec<u64>) {
        let mut chunks = Chunks::new(input, size, 10);
        let mut lines = Vec::new();
        while let Some(chunk) = chunks.next(Buffer::default()).expect("in memory") {
            let mut number = chunk.first_line;
            for line in chunk.lines().split_inclusive(|byte| *byte == b'\n') {
                lines.push((number, line.to_vec()));
                number += 1;
            }
            assert_eq!(number, chunks.lines() + 1);
        }
        let (too_long, _) = chunks.into_too_long();
        (lines, too_long.iter().map(|line| line.line).collect())
    }

    proptest! {
        #[test]
        fn any_size_gives_the_same_lines(
            input in prop::collection::vec(prop::sample::select(&b"ab\n"[..]), 0..200),
            size in 1_usize..64,
        ) {
            let expected: Vec<_> = (1..).zip(input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec)).collect();
            prop_assert_eq!(lines_of(&input, size).0, expected);
        }
    }

    #[test]
    fn an_overlong_line_is_passed_over_in_bounded_memory() {
        let mut input = b"one\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', 10 * MAX_LINE));
        input.extend(b"\nthree\n");
        input.extend(std::iter::repeat_n(b'y', 2 * MAX_LINE));
        let size = 64 * 1024;
        let mut chunks = Chunks::new(&input[..], size, 1);
        let mut read = Vec::new();
        while let Some(chunk) = chunks.next(Buffer::default()).expect("in memory") {
            assert!(
                chunk.lines().len() <= MAX_LINE + 2 * size,
                "{}",
                chunk.lines().len()
            );
            read.push((
                chunk.first_line,
                String::from_utf8(chunk.lines().to_vec()).expect("ascii"),
            ));
        }
        assert_eq!(read, [(1, "one\n".to_owned()), (3, "three\n".to_owned())]);
        assert_eq!(chunks.lines(), 4);
        let (kept, count) = chunks.into_too_long();
        assert_eq!((kept.len(), kept[0].line, count), (1, 2, 2));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        assert_eq!(
            lines_of(b"\xef\xbb\xbfa\nb", 1).0,
            [(1, b"a\n".to_vec()), (2, b"b".to_vec())]
        );
    }
}
