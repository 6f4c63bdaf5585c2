//! The native form:
//! `time elapsed client code/status bytes method URL user hierarchy/peer type`
//! (`%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt`).

use super::is_denied;
use crate::formats::fields::{Fields, number, present, status};
use crate::formats::scan::find;
use crate::formats::{date, syslog, target};
use crate::record::{LineError, Record};

/// Reads one line, with or without a syslog header.
pub(crate) fn parse(line: &[u8]) -> Result<Option<Record<'_>>, LineError> {
    if line.is_empty() {
        return Ok(None);
    }
    match record(line) {
        Err(LineError::Time) => match syslog::strip(line) {
            Some(message) => record(message).map(Some),
            None => Err(LineError::Time),
        },
        read => read.map(Some),
    }
}

fn record(line: &[u8]) -> Result<Record<'_>, LineError> {
    let mut fields = Fields::new(line);
    let time = fields.next().ok_or(LineError::Fields)?;
    let time = date::epoch(time).ok_or(LineError::Time)?;
    // A negative elapsed time occurs when the clock is set back.
    let elapsed = fields.next().ok_or(LineError::Fields)?;
    let elapsed = elapsed.strip_prefix(b"-").unwrap_or(elapsed);
    if elapsed.is_empty() || !elapsed.iter().all(u8::is_ascii_digit) {
        return Err(LineError::Fields);
    }
    let source = fields.next().ok_or(LineError::Fields)?;
    let result = fields.next().ok_or(LineError::Fields)?;
    let slash = find(result, b'/').ok_or(LineError::Status)?;
    let (code, status_text) = (&result[..slash], &result[slash + 1..]);
    let status = status(status_text).ok_or(LineError::Status)?;
    let bytes = fields.next().ok_or(LineError::Fields)?;
    let bytes_down = number(bytes).ok_or(LineError::Bytes)?;
    let method = fields.next().ok_or(LineError::Fields)?;
    let (url, user) = url_and_user(&mut fields)?;
    let target = target::parse(url)?;
    Ok(Record {
        time,
        source,
        user: present(user),
        method: present(method),
        host: target.host,
        port: target.port,
        url: present(url),
        bytes_down,
        bytes_up: None,
        blocked: is_denied(code),
        status: Some(status),
    })
}

/// The URL and the user: the fields before `hierarchy/peer`.
///
/// A URL may hold blanks when `uri_whitespace allow` is set, so where the ninth field is no
/// hierarchy code the last one that is one decides.
fn url_and_user<'a>(fields: &mut Fields<'a>) -> Result<(&'a [u8], &'a [u8]), LineError> {
    let rest = fields.rest();
    let url = fields.next().ok_or(LineError::Fields)?;
    let user = fields.next().ok_or(LineError::Fields)?;
    let hierarchy = fields.next().ok_or(LineError::Fields)?;
    if is_hierarchy(hierarchy) {
        return Ok((url, user));
    }
    let mut hierarchy_at = rest.len();
    loop {
        let blank = memchr::memrchr(b' ', &rest[..hierarchy_at]).ok_or(LineError::Fields)?;
        let field = &rest[blank + 1..hierarchy_at];
        hierarchy_at = blank;
        if is_hierarchy(field) {
            break;
        }
    }
    let before = &rest[..hierarchy_at];
    let blank = memchr::memrchr(b' ', before).ok_or(LineError::Fields)?;
    Ok((before[..blank].trim_ascii_end(), &before[blank + 1..]))
}

/// `HIER_DIRECT/192.0.2.1`, `FIRSTUP_PARENT/peer`, `TIMEOUT_DIRECT/…`, `NONE/-`.
fn is_hierarchy(field: &[u8]) -> bool {
    let code = field
        .iter()
        .position(|byte| !byte.is_ascii_uppercase() && *byte != b'_');
    code.is_some_and(|length| length >= 4 && field[length] == b'/')
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
    fn a_tunnel() {
        let record = read(
            "1764000000.120  12873 192.0.2.10 TCP_TUNNEL/200 918273 CONNECT www.dropbox.com:443 alice HIER_DIRECT/203.0.113.5 -",
        );
        assert_eq!(
            record,
            Record {
                time: 1_764_000_000_120,
                source: b"192.0.2.10",
                user: Some(b"alice"),
                method: Some(b"CONNECT"),
                host: Some(b"www.dropbox.com"),
                port: Some(443),
                url: Some(b"www.dropbox.com:443"),
                bytes_down: 918_273,
                bytes_up: None,
                blocked: false,
                status: Some(200),
            }
        );
    }

    #[test]
    fn a_denied_request_is_blocked() {
        let record = read(
            "1764000000.120      0 192.0.2.10 TCP_DENIED/403 3868 GET http://example.com/ - HIER_NONE/- text/html",
        );
        assert!(record.blocked);
        assert_eq!((record.user, record.status), (None, Some(403)));
        let from_origin = read(
            "1764000000.120      0 192.0.2.10 TCP_MISS/403 3868 GET http://example.com/ - HIER_DIRECT/203.0.113.5 text/html",
        );
        assert!(!from_origin.blocked);
    }

    #[test]
    fn urls_with_blanks_and_extra_columns_keep_their_user() {
        let record = read(
            "1764000000.120 3 192.0.2.10 TCP_MISS/200 99 GET http://example.com/a b AND/OR c bob HIER_DIRECT/203.0.113.5 text/html",
        );
        assert_eq!(record.url, Some(&b"http://example.com/a b AND/OR c"[..]));
        assert_eq!(record.user, Some(&b"bob"[..]));
        let extended = read(
            "1764000000.120 3 192.0.2.10 TCP_MISS/200 99 GET http://example.com/ bob HIER_DIRECT/203.0.113.5 text/html \"-\" \"-\"",
        );
        assert_eq!(extended.user, Some(&b"bob"[..]));
    }

    #[test]
    fn a_syslog_header_is_passed_over() {
        let record = read(
            "<134>Nov 24 16:00:00 proxy squid[7]: 1764000000.120 3 192.0.2.10 TCP_MISS/200 99 GET http://example.com/ - HIER_DIRECT/203.0.113.5 -",
        );
        assert_eq!(record.host, Some(&b"example.com"[..]));
    }

    #[test]
    fn each_wrong_field_has_its_reason() {
        for (line, reason) in [
            ("hello", LineError::Time),
            ("1764000000.120", LineError::Fields),
            (
                "99.120 3 c TCP_MISS/200 9 GET http://e.com/ - HIER_DIRECT/- -",
                LineError::Time,
            ),
            (
                "1764000000.120 x c TCP_MISS/200 9 GET http://e.com/ - HIER_DIRECT/- -",
                LineError::Fields,
            ),
            (
                "1764000000.120 3 c TCP_MISS 9 GET http://e.com/ - HIER_DIRECT/- -",
                LineError::Status,
            ),
            (
                "1764000000.120 3 c TCP_MISS/2x0 9 GET http://e.com/ - HIER_DIRECT/- -",
                LineError::Status,
            ),
            (
                "1764000000.120 3 c TCP_MISS/200 9k GET http://e.com/ - HIER_DIRECT/- -",
                LineError::Bytes,
            ),
            (
                "1764000000.120 3 c TCP_MISS/200 9 GET http://e<.com/ - HIER_DIRECT/- -",
                LineError::Host,
            ),
            (
                "1764000000.120 3 c TCP_MISS/200 9 GET http://e.com/ -",
                LineError::Fields,
            ),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(reason), "{line}");
        }
        assert_eq!(parse(b""), Ok(None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line);
        }

        #[test]
        fn no_broken_line_makes_it_panic(cut in 0_usize..120, at in 0_usize..120, byte: u8) {
            let mut line = b"<134>Nov 24 16:00:00 p squid: 1764000000.120 3 [::1] TCP_MISS/200 99 GET http://[::1]:80/ - HIER_DIRECT/- -".to_vec();
            let length = line.len();
            line[at % length] = byte;
            line.truncate(cut);
            let _ = parse(&line);
        }

        #[test]
        fn what_was_written_is_read_back(
            time in 700_000_000_000_i64..4_000_000_000_000,
            user in "[a-z]{1,12}",
            host in "[a-z]{1,20}\\.(com|org|co\\.uk)",
            port in 1_u16..,
            bytes: u64,
        ) {
            let (seconds, millis) = (time / 1000, time % 1000);
            let line = format!(
                "{seconds}.{millis:03} {:6} 192.0.2.1 TCP_TUNNEL/200 {bytes} CONNECT {host}:{port} {user} HIER_DIRECT/203.0.113.5 -", 5
            );
            let record = parse(line.as_bytes()).expect("reads").expect("a record");
            prop_assert_eq!(record.time, time);
            prop_assert_eq!(record.user, Some(user.as_bytes()));
            prop_assert_eq!(record.host, Some(host.as_bytes()));
            prop_assert_eq!(record.port, Some(port));
            prop_assert_eq!(record.bytes_down, bytes);
        }
    }
}
