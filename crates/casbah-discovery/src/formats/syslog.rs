//! The header that a syslog relay puts before a log line.

use super::fields::Fields;

/// Cuts a syslog header (RFC 3164 or RFC 5424, with or without `<priority>`) off a line.
///
/// Gives `None` when the line does not begin like one.
pub(super) fn strip(line: &[u8]) -> Option<&[u8]> {
    let (priority, rest) = match line {
        [b'<', ..] => {
            let end = memchr::memchr(b'>', &line[..line.len().min(5)])?;
            super::fields::number(&line[1..end])?;
            (true, &line[end + 1..])
        }
        _ => (false, line),
    };
    if priority && let Some(after_version) = rest.strip_prefix(b"1 ") {
        return structured(after_version);
    }
    bsd(rest)
}

/// `TIMESTAMP HOST APP PROCID MSGID SD MESSAGE` of RFC 5424, after the version.
fn structured(rest: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::new(rest);
    for _ in 0..5 {
        fields.next()?;
    }
    let data = fields.rest();
    let mut message = data.strip_prefix(b"-");
    if data.starts_with(b"[") {
        message = Some(&data[elements(data)?..]);
    }
    let message = message?.strip_prefix(b" ")?;
    Some(message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message))
}

/// Length of the structured data elements a text begins with.
fn elements(data: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in data.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted && data.get(at + 1) != Some(&b'[') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// `Mmm dd hh:mm:ss HOST TAG: MESSAGE` of RFC 3164; relays also write an RFC 3339 time.
fn bsd(rest: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::new(rest);
    let first = fields.next()?;
    if first.len() == 3 && first.iter().all(u8::is_ascii_alphabetic) {
        let day = fields.next()?;
        let clock = fields.next()?;
        let dated = super::fields::number(day)? <= 31 && clock.len() == 8 && clock[2] == b':';
        if !dated {
            return None;
        }
    } else {
        super::date::calendar(first)?;
    }
    fields.next()?;
    let after_host = fields.rest();
    let tag = Fields::new(after_host).next()?;
    match tag {
        [.., b':'] => Some(Fields::new(&after_host[tag.len()..]).rest()),
        _ => Some(after_host),
    }
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn headers_of_both_standards_are_cut() {
        for (line, message) in [
            ("<134>Oct 11 22:14:15 proxy squid[77]: M x", Some("M x")),
            ("<134>Oct  1 22:14:15 proxy (squid-1): M x", Some("M x")),
            ("Oct 11 22:14:15 proxy M x", Some("M x")),
            (
                "<134>2025-10-11T22:14:15+02:00 proxy squid: M x",
                Some("M x"),
            ),
            (
                "<134>1 2025-10-11T22:14:15Z proxy squid 77 - - M x",
                Some("M x"),
            ),
            (
                "<134>1 2025-10-11T22:14:15Z proxy squid 77 - [a b=\"\\\"]\"][c] M x",
                Some("M x"),
            ),
            ("<134>1 2025-10-11T22:14:15Z proxy squid 77 - [a M x", None),
            ("<x>Oct 11 22:14:15 proxy M", None),
            ("M x", None),
            ("", None),
        ] {
            assert_eq!(strip(line.as_bytes()), message.map(str::as_bytes), "{line}");
        }
    }
}
