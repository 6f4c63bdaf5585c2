//! Cutting a line into fields.

use super::scan::find;

/// A cursor over a line whose fields are parted by blanks.
pub(super) struct Fields<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// The next field; runs of blanks count as one.
    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let length = find(rest, b' ').unwrap_or(rest.len());
        self.at += length;
        Some(&rest[..length])
    }

    /// What follows, without leading blanks.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        while self.line.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        &self.line[self.at..]
    }
}

/// Cuts the line end's carriage return and blanks off the end.
pub(crate) fn trim_line(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let [head @ .., b'\r' | b' '] = line {
        line = head;
    }
    line
}

/// A decimal number without sign; `None` when empty, not digits alone, or too large.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let mut value: u64 = 0;
    // Only the last of twenty digits can overflow.
    let (safe, last) = text.split_at(text.len().min(19));
    for byte in safe {
        value = value * 10 + u64::from(digit(*byte)?);
    }
    for byte in last {
        value = value
            .checked_mul(10)?
            .checked_add(u64::from(digit(*byte)?))?;
    }
    Some(value)
}

fn digit(byte: u8) -> Option<u8> {
    let value = byte.wrapping_sub(b'0');
    (value <= 9).then_some(value)
}

/// An HTTP status: up to three digits. 0 is what Squid writes when no answer was sent.
pub(super) fn status(text: &[u8]) -> Option<u16> {
    if text.len() > 3 {
        return None;
    }
    number(text).and_then(|value| u16::try_from(value).ok())
}

/// A field whose `-` means that there is nothing.
pub(super) fn present(text: &[u8]) -> Option<&[u8]> {
    match text {
        b"" | b"-" | b"\"\"" | b"\"-\"" => None,
        text => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, number, present, status, trim_line};

    #[test]
    fn fields_are_parted_by_runs_of_blanks() {
        let mut fields = Fields::new(b"  a   bc d ");
        assert_eq!(fields.next(), Some(&b"a"[..]));
        assert_eq!(fields.rest(), b"bc d ");
        assert_eq!(fields.next(), Some(&b"bc"[..]));
        assert_eq!(fields.next(), Some(&b"d"[..]));
        assert_eq!(fields.next(), None);
    }

    #[test]
    fn numbers_are_digits_alone() {
        for (text, expected) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("000000000000000000001", None),
            ("", None),
            ("-1", None),
            ("1k", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(status(b"407"), Some(407));
        assert_eq!(status(b"000"), Some(0));
        assert_eq!(status(b"1000"), None);
    }

    #[test]
    fn nothing_has_several_spellings() {
        for nothing in ["", "-", "\"-\""] {
            assert_eq!(present(nothing.as_bytes()), None);
        }
        assert_eq!(present(b"--"), Some(&b"--"[..]));
        assert_eq!(trim_line(b"x \r"), b"x");
        assert_eq!(trim_line(b"\r\r"), b"");
    }
}
