//! Times as logs write them, to Unix milliseconds, without allocation.

use super::scan::eight_digits;

const MS_PER_SECOND: i64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 1990-01-01, and 2200-01-01: a time outside is a misread field, not a date.
const EARLIEST: i64 = 631_152_000_000;
const LATEST: i64 = 7_258_118_400_000;

/// Seconds since 1970 with an optional fraction: `1564576741.982`.
pub(super) fn epoch(text: &[u8]) -> Option<i64> {
    // What Squid writes, until the year 2286: ten digits and three.
    if let Some((first_eight, [tens, ones, b'.', milliseconds @ ..])) = text.split_first_chunk()
        && milliseconds.len() == 3
    {
        let seconds = i64::try_from(eight_digits(*first_eight)?).ok()? * 100 + pair(*tens, *ones)?;
        return in_range(seconds * MS_PER_SECOND + millis(milliseconds)?);
    }
    let (seconds, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &b""[..]),
    };
    if seconds.len() > 11 {
        return None;
    }
    let seconds = i64::try_from(super::fields::number(seconds)?).ok()?;
    in_range(seconds * MS_PER_SECOND + millis(fraction)?)
}

/// A calendar time in one of the shapes that access logs use:
///
/// - `10/Oct/2000:13:55:36 -0700`, the common log's own; the zone may be missing,
/// - `05/02/2025 11:31:06`, month first unless the first number is above 12,
/// - `2025-05-02 11:31:06` and `2025-05-02T11:31:06.250Z` (RFC 3339),
/// - seconds since 1970.
///
/// Without a zone the time is UTC.
pub(super) fn calendar(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor { text, at: 0 };
    let first = cursor.digits()?;
    let separator = cursor.take()?;
    let (year, month, day) = match separator {
        b'/' if cursor.peek()?.is_ascii_alphabetic() => {
            let month = cursor.month_name()?;
            cursor.expect(b'/')?;
            (cursor.digits()?, month, first)
        }
        b'/' => {
            let second = cursor.digits()?;
            cursor.expect(b'/')?;
            let year = cursor.digits()?;
            if first > 12 {
                (year, second, first)
            } else {
                (year, first, second)
            }
        }
        b'-' => {
            let month = cursor.digits()?;
            cursor.expect(b'-')?;
            (first, month, cursor.digits()?)
        }
        _ => return epoch(text),
    };
    if !matches!(cursor.take()?, b':' | b' ' | b'T') {
        return None;
    }
    let hour = cursor.digits()?;
    cursor.expect(b':')?;
    let minute = cursor.digits()?;
    cursor.expect(b':')?;
    let second = cursor.digits()?;
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let fraction = cursor.fraction()?;
    let offset = cursor.zone()?;
    let days = days_since_1970(year, month, day)?;
    let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offset;
    in_range(seconds * MS_PER_SECOND + fraction)
}

fn in_range(time: i64) -> Option<i64> {
    (EARLIEST..LATEST).contains(&time).then_some(time)
}

/// The first three digits of a fraction of a second.
fn millis(fraction: &[u8]) -> Option<i64> {
    let mut value = 0;
    let mut weight = 100;
    for byte in fraction {
        if !byte.is_ascii_digit() {
            return None;
        }
        value += i64::from(byte - b'0') * weight;
        weight /= 10;
    }
    Some(value)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in
/// March so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1970..=9999).contains(&year) {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let index = usize::try_from(month).ok()?.checked_sub(1)?;
    let length = LENGTHS.get(index)? + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.take()? == byte).then_some(())
    }

    fn digits(&mut self) -> Option<i64> {
        let start = self.at;
        let mut value = 0;
        while let Some(byte) = self.peek()
            && byte.is_ascii_digit()
        {
            value = value * 10 + i64::from(byte - b'0');
            self.at += 1;
            if self.at - start > 11 {
                return None;
            }
        }
        (self.at > start).then_some(value)
    }

    fn month_name(&mut self) -> Option<i64> {
        let name = self.text.get(self.at..self.at + 3)?;
        self.at += 3;
        let months: [&[u8; 3]; 12] = [
            b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
            b"dec",
        ];
        (1..)
            .zip(months)
            .find(|(_, known)| name.eq_ignore_ascii_case(*known))
            .map(|(month, _)| month)
    }

    fn fraction(&mut self) -> Option<i64> {
        if !matches!(self.peek(), Some(b'.' | b',')) {
            return Some(0);
        }
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        millis(&self.text[start..self.at])
    }

    /// Offset from UTC in seconds: nothing, `Z`, `+0200`, `+02:00`, before it maybe a blank.
    fn zone(&mut self) -> Option<i64> {
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
        let sign = match self.take() {
            None => return Some(0),
            Some(b'Z' | b'z') => return (self.at == self.text.len()).then_some(0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        let (hours, minutes) = match &self.text[self.at..] {
            [a, b, b':', c, d] | [a, b, c, d] => (pair(*a, *b)?, pair(*c, *d)?),
            _ => return None,
        };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
    }
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::{calendar, days_since_1970, epoch};

    #[test]
    fn epochs_keep_their_milliseconds() {
        for (text, expected) in [
            ("1564576741.982", Some(1_564_576_741_982)),
            ("1564576741.9", Some(1_564_576_741_900)),
            ("1564576741.98276", Some(1_564_576_741_982)),
            ("1564576741", Some(1_564_576_741_000)),
            ("0.000", None),
            ("99999999999.000", None),
            ("156457674x.982", None),
            ("1564576741.9-2", None),
            ("", None),
        ] {
            assert_eq!(epoch(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn calendar_times_agree_with_a_calendar_library() {
        for (text, same_in_rfc3339) in [
            ("10/Oct/2000:13:55:36 -0700", "2000-10-10T13:55:36-07:00"),
            ("29/Feb/2024:23:59:59 +0530", "2024-02-29T23:59:59+05:30"),
            ("01/jan/2025:00:00:00", "2025-01-01T00:00:00Z"),
            ("05/02/2025 11:31:06", "2025-05-02T11:31:06Z"),
            ("25/02/2025 11:31:06", "2025-02-25T11:31:06Z"),
            ("2025-05-02 11:31:06", "2025-05-02T11:31:06Z"),
            (
                "2025-05-02T11:31:06.250+02:00",
                "2025-05-02T11:31:06.250+02:00",
            ),
            ("31/Dec/1999:23:59:59.999 +0000", "1999-12-31T23:59:59.999Z"),
        ] {
            let expected: jiff::Timestamp = same_in_rfc3339.parse().expect("right in the table");
            assert_eq!(
                calendar(text.as_bytes()),
                Some(expected.as_millisecond()),
                "{text}"
            );
        }
        assert_eq!(calendar(b"1564576741.982"), Some(1_564_576_741_982));
    }

    #[test]
    fn impossible_times_are_refused() {
        for text in [
            "",
            "x",
            "10/Oct/2000",
            "32/Oct/2000:00:00:00 +0000",
            "29/Feb/2023:00:00:00 +0000",
            "10/Okt/2000:00:00:00 +0000",
            "10/Oct/2000:24:00:00 +0000",
            "10/Oct/2000:00:00:00 +2500",
            "10/Oct/2000:00:00:00 CEST",
            "13/13/2025 00:00:00",
            "10/Oct/1960:00:00:00 +0000",
            "2025-05-02T11:31:06Zx",
            "999999999999/",
        ] {
            assert_eq!(calendar(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_two_centuries_follows_the_one_before() {
        let mut date = jiff::civil::date(1990, 1, 1);
        let mut expected = 7_305;
        while date.year() < 2200 {
            let (year, month, day) = (date.year(), date.month(), date.day());
            let days = days_since_1970(i64::from(year), i64::from(month), i64::from(day));
            assert_eq!(days, Some(expected), "{date}");
            date = date.tomorrow().expect("in range");
            expected += 1;
        }
    }
}
