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
    pub(crate) bytes: Vec<u8>,
    /// Number of the first line in the log, from 1.
    pub(crate) first_line: u64,
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
    pub(crate) fn next(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Chunk>> {
        buffer.clear();
        std::mem::swap(&mut buffer, &mut self.pending);
        // What is pending holds no line end.
        let mut searched = buffer.len();
        loop {
            if !self.ended
                && let Err(error) = self.read_into(&mut buffer)
            {
                self.pending = buffer;
                return Err(error);
            }
            if self.ended {
                return Ok(self.chunk(buffer));
            }
            if let Some(end) = memchr::memrchr(b'\n', &buffer[searched..]) {
                let end = searched + end + 1;
                self.pending.clear();
                self.pending.extend_from_slice(&buffer[end..]);
                buffer.truncate(end);
                return Ok(self.chunk(buffer));
            }
            searched = buffer.len();
            if buffer.len() > MAX_LINE {
                self.pass_over(&mut buffer)?;
                searched = 0;
            }
        }
    }

    /// After an error: the whole lines read before it.
    pub(crate) fn rest(&mut self) -> Option<Chunk> {
        let end = memchr::memrchr(b'\n', &self.pending).map_or(0, |end| end + 1);
        let cut_off = self.pending.split_off(end);
        let whole = std::mem::replace(&mut self.pending, cut_off);
        self.chunk(whole)
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

    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let before = buffer.len();
        (&mut self.input)
            .take(self.size as u64)
            .read_to_end(buffer)?;
        self.ended = buffer.len() - before < self.size;
        Ok(())
    }

    fn chunk(&mut self, mut bytes: Vec<u8>) -> Option<Chunk> {
        if self.next_line == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        if bytes.is_empty() {
            return None;
        }
        let ends = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        let lines = ends + u64::from(bytes.last() != Some(&b'\n'));
        let first_line = self.next_line;
        self.next_line += lines;
        Some(Chunk { bytes, first_line })
    }

    /// Drops the rest of a line that is too long, and leaves what follows it in the buffer.
    fn pass_over(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.too_long_count += 1;
        if self.too_long.len() < self.too_long_kept {
            let beginning = buffer[..KEPT_OF_TOO_LONG].to_vec();
            self.too_long.push(TooLong {
                line: self.next_line,
                beginning,
            });
        }
        self.next_line += 1;
        loop {
            buffer.clear();
            self.read_into(buffer)?;
            if let Some(end) = memchr::memchr(b'\n', buffer) {
                buffer.drain(..=end);
                return Ok(());
            }
            if self.ended {
                buffer.clear();
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunks, MAX_LINE};
    use proptest::prelude::*;

    fn lines_of(input: &[u8], size: usize) -> (Vec<(u64, Vec<u8>)>, Vec<u64>) {
        let mut chunks = Chunks::new(input, size, 10);
        let mut lines = Vec::new();
        while let Some(chunk) = chunks.next(Vec::new()).expect("in memory") {
            let mut number = chunk.first_line;
            for line in chunk.bytes.split_inclusive(|byte| *byte == b'\n') {
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
        while let Some(chunk) = chunks.next(Vec::new()).expect("in memory") {
            assert!(
                chunk.bytes.len() <= MAX_LINE + 2 * size,
                "{}",
                chunk.bytes.len()
            );
            read.push((
                chunk.first_line,
                String::from_utf8(chunk.bytes).expect("ascii"),
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
