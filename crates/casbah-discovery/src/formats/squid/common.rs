//! The `common` and `combined` forms, after the NCSA server's log:
//! `client ident user [date] "METHOD URL HTTP/version" status bytes code:hierarchy`, in the
//! combined form with `"referer" "agent"` before the code.
//!
//! The date is read in every shape of [`date::calendar`], because sites set their own.

use super::is_denied;
use crate::formats::fields::{Fields, number, present, status};
use crate::formats::{date, syslog, target};
use crate::record::{LineError, Record};

/// A proxy asks for credentials with 407; no origin server does.
const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;

/// Reads one line, with or without a syslog header.
pub(crate) fn parse(line: &[u8]) -> Result<Option<Record<'_>>, LineError> {
    if line.is_empty() {
        return Ok(None);
    }
    // A client's address begins with a digit; so does a relay's RFC 3339 time, and only that has
    // a hyphen after the year.
    let relayed = match line {
        [first, ..] if !first.is_ascii_digit() => syslog::strip(line),
        [_, _, _, _, b'-', ..] => syslog::strip(line),
        _ => None,
    };
    record(relayed.unwrap_or(line)).map(Some)
}

fn record(line: &[u8]) -> Result<Record<'_>, LineError> {
    let mut fields = Fields::new(line);
    let source = fields.next().ok_or(LineError::Fields)?;
    fields.next().ok_or(LineError::Fields)?;
    // The user may hold blanks, so it ends where the date begins.
    let rest = fields.rest();
    let opening = memchr::memmem::find(rest, b" [").ok_or(LineError::Fields)?;
    let user = &rest[..opening];
    let rest = &rest[opening + 2..];
    let closing = memchr::memchr(b']', rest).ok_or(LineError::Time)?;
    let time = date::calendar(&rest[..closing]).ok_or(LineError::Time)?;
    let rest = rest[closing + 1..].trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").ok_or(LineError::Request)?;
    let (request, rest) = split_request(rest)?;
    let (method, url) = method_and_url(request)?;
    let target = target::parse(url)?;

    let mut fields = Fields::new(rest);
    let status = fields.next().ok_or(LineError::Fields)?;
    let status = self::status(status).ok_or(LineError::Status)?;
    let bytes = fields.next().ok_or(LineError::Fields)?;
    let bytes_down = match present(bytes) {
        Some(bytes) => number(bytes).ok_or(LineError::Bytes)?,
        None => 0,
    };
    let code = match memchr::memrchr(b' ', rest) {
        Some(blank) => &rest[blank + 1..],
        None => b"",
    };
    Ok(Record {
        time,
        source,
        user: present(user.trim_ascii()),
        method: present(method),
        host: target.host,
        port: target.port,
        url: present(url),
        bytes_down,
        bytes_up: None,
        blocked: is_denied(code) || status == PROXY_AUTHENTICATION_REQUIRED,
        status: Some(status),
    })
}

/// The quoted request and what follows it.
///
/// A URL may hold quotes that were not escaped: the request ends at the first quote that a
/// status follows.
fn split_request(text: &[u8]) -> Result<(&[u8], &[u8]), LineError> {
    for quote in memchr::memchr_iter(b'"', text) {
        let Some(rest) = text[quote + 1..].strip_prefix(b" ") else {
            continue;
        };
        let length = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        // Squid writes 0, not 000, for a connection that ended before its request.
        if status(&rest[..length]).is_some() {
            return Ok((&text[..quote], rest));
        }
    }
    Err(LineError::Request)
}

fn method_and_url(request: &[u8]) -> Result<(&[u8], &[u8]), LineError> {
    let blank = memchr::memchr(b' ', request).ok_or(LineError::Request)?;
    let (method, rest) = (&request[..blank], request[blank + 1..].trim_ascii());
    let url = match memchr::memmem::rfind(rest, b" HTTP/") {
        Some(version) => rest[..version].trim_ascii_end(),
        None => rest,
    };
    if method.is_empty() || url.is_empty() {
        return Err(LineError::Request);
    }
    Ok((method, url))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::record::{LineError, Record};
    use proptest::prelude::*;

    fn read(line: &str) -> Record<'_> {
        parse(line.as_bytes()).expect(line).expect("says something")
    }

    #[test]
    fn a_common_line() {
        let record = read(
            "192.0.2.7 - CORP\\alice [24/Nov/2025:17:00:00 +0100] \"GET http://www.example.com/a?b=c HTTP/1.1\" 200 5120 TCP_MISS:HIER_DIRECT",
        );
        assert_eq!(
            record,
            Record {
                time: 1_764_000_000_000,
                source: b"192.0.2.7",
                user: Some(b"CORP\\alice"),
                method: Some(b"GET"),
                host: Some(b"www.example.com"),
                port: None,
                url: Some(b"http://www.example.com/a?b=c"),
                bytes_down: 5120,
                bytes_up: None,
                blocked: false,
                status: Some(200),
            }
        );
    }

    #[test]
    fn a_combined_line() {
        let record = read(
            "192.0.2.7 - - [24/Nov/2025:16:00:00 +0000] \"CONNECT example.com:443 HTTP/1.1\" 403 3868 \"-\" \"agent \\\"x\\\" 1 200 2\" TCP_DENIED:HIER_NONE",
        );
        assert!(record.blocked);
        assert_eq!(
            (record.port, record.user, record.bytes_down),
            (Some(443), None, 3868)
        );
    }

    #[test]
    fn users_and_urls_may_hold_blanks_and_quotes() {
        let record = read(
            "192.0.2.7 - Alice B. Example [24/Nov/2025:16:00:00 +0000] \"GET http://example.com/\"a\" b HTTP/1.1\" 200 - TCP_HIT:HIER_NONE",
        );
        assert_eq!(record.user, Some(&b"Alice B. Example"[..]));
        assert_eq!(record.url, Some(&b"http://example.com/\"a\" b"[..]));
        assert_eq!(record.bytes_down, 0);
    }

    #[test]
    fn a_proxys_question_for_credentials_is_blocked_without_a_code() {
        let line =
            "192.0.2.7 - - [24/Nov/2025:16:00:00] \"GET http://example.com/ HTTP/1.1\" 407 12";
        assert!(read(line).blocked);
        assert!(!read(&line.replace(" 407 ", " 403 ")).blocked);
        let ended = "192.0.2.7 - - [24/Nov/2025:16:00:00 +0000] \"- error:transaction-end-before-headers NONE/0.0\" 0 0 NONE_NONE:HIER_NONE";
        assert_eq!((read(ended).host, read(ended).status), (None, Some(0)));
        let relayed = format!("<134>Nov 24 16:00:00 proxy squid[7]: {line}");
        assert_eq!(read(&relayed), read(line));
    }

    #[test]
    fn each_wrong_field_has_its_reason() {
        for (line, reason) in [
            ("hello", LineError::Fields),
            ("c - - 24/Nov/2025 GET", LineError::Fields),
            (
                "c - - [24/Nov/2025] \"GET http://e.com/ HTTP/1.1\" 200 1",
                LineError::Time,
            ),
            (
                "c - - [24/Nov/2025:16:00:00] GET http://e.com/ 200 1",
                LineError::Request,
            ),
            (
                "c - - [24/Nov/2025:16:00:00] \"GET\" 200 1",
                LineError::Request,
            ),
            (
                "c - - [24/Nov/2025:16:00:00] \"GET http://e.com/ HTTP/1.1\" xxx 1",
                LineError::Request,
            ),
            (
                "c - - [24/Nov/2025:16:00:00] \"GET http://e.com/ HTTP/1.1\" 200 1k",
                LineError::Bytes,
            ),
            (
                "c - - [24/Nov/2025:16:00:00] \"GET http://e|.com/ HTTP/1.1\" 200 1",
                LineError::Host,
            ),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(reason), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line);
        }

        #[test]
        fn no_broken_line_makes_it_panic(cut in 0_usize..140, at in 0_usize..140, byte: u8) {
            let mut line = b"<134>1 2025-11-24T16:00:00Z p squid 7 - [a] 192.0.2.7 - a [24/Nov/2025:17:00:00 +0100] \"GET http://[::1]:80/ HTTP/1.1\" 200 5 T:H".to_vec();
            let length = line.len();
            line[at % length] = byte;
            line.truncate(cut);
            let _ = parse(&line);
        }
    }
}
