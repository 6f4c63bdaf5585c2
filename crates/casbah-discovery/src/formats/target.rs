//! The host and port inside a URL or a tunnel's `host:port`.

use super::fields::number;
use super::scan::find;
use crate::record::LineError;

/// Longest host name (RFC 1035, 2.3.4), with room for an escaped or non-ASCII spelling.
const MAX_HOST: usize = 512;

/// What a request was addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) port: Option<u16>,
}

const NONE: Target<'static> = Target {
    host: None,
    port: None,
};

/// Reads what was asked for.
///
/// A URL without authority (`urn:`, Squid's `error:…` and `cache_object:` of its own pages, a bare
/// path) has no host and is no error.
pub(super) fn parse(asked: &[u8]) -> Result<Target<'_>, LineError> {
    let after_scheme = match find(asked, b':') {
        Some(at) if asked[at + 1..].starts_with(b"//") && is_scheme(&asked[..at]) => {
            &asked[at + 3..]
        }
        _ => return tunnel(asked),
    };
    if let Some((target, b"" | [b'/' | b'?' | b'#', ..])) = plain(after_scheme) {
        return Ok(target);
    }
    let end = after_scheme
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(after_scheme.len());
    let authority = &after_scheme[..end];
    let authority = match memchr::memrchr(b'@', authority) {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    host_and_port(authority)
}

/// `host:port` of a CONNECT; a host alone is taken too, as some sites log it.
fn tunnel(asked: &[u8]) -> Result<Target<'_>, LineError> {
    let without_host = asked.starts_with(b"error:")
        || asked.starts_with(b"urn:")
        || asked.starts_with(b"/")
        || asked == b"-"
        || asked == b"*";
    if without_host {
        return Ok(NONE);
    }
    match plain(asked) {
        Some((target, b"")) => Ok(target),
        _ => host_and_port(asked),
    }
}

/// A name or an IPv4 address, maybe with a port, at the beginning of a text, and what follows it.
///
/// Nearly every request has this shape and is read in one pass; `None` says nothing about others.
fn plain(text: &[u8]) -> Option<(Target<'_>, &[u8])> {
    let length = text
        .iter()
        .position(|byte| !NAME_BYTE[usize::from(*byte)])
        .unwrap_or(text.len());
    let (host, rest) = text.split_at(length);
    if host.is_empty() || host.len() > MAX_HOST {
        return None;
    }
    let host = Some(host);
    let [b':', rest @ ..] = rest else {
        return Some((Target { host, port: None }, rest));
    };
    let digits = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(rest.len());
    let (port, rest) = rest.split_at(digits);
    let port = Some(u16::try_from(number(port)?).ok()?);
    Some((Target { host, port }, rest))
}

fn host_and_port(authority: &[u8]) -> Result<Target<'_>, LineError> {
    let (host, port) = if let Some(rest) = authority.strip_prefix(b"[") {
        let end = memchr::memchr(b']', rest).ok_or(LineError::Host)?;
        (&rest[..end], rest[end + 1..].strip_prefix(b":"))
    } else {
        match memchr::memrchr(b':', authority) {
            // More than one colon without brackets is a bare IPv6 address.
            Some(at) if memchr::memchr(b':', &authority[..at]).is_none() => {
                (&authority[..at], Some(&authority[at + 1..]))
            }
            _ => (authority, None),
        }
    };
    if host.is_empty() {
        return Ok(NONE);
    }
    if host.len() > MAX_HOST || !host.iter().all(|byte| HOST_BYTE[usize::from(*byte)]) {
        return Err(LineError::Host);
    }
    let port = match port {
        None | Some(b"") => None,
        Some(text) => Some(
            number(text)
                .and_then(|port| u16::try_from(port).ok())
                .ok_or(LineError::Host)?,
        ),
    };
    Ok(Target {
        host: Some(host),
        port,
    })
}

fn is_scheme(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'))
}

/// Bytes a logged host may hold: those of names, of IPv6 with a zone, and beyond ASCII.
const HOST_BYTE: [bool; 256] = table(b"-_.:%~");

/// Those of a host that cannot be taken for what stands around a host.
const NAME_BYTE: [bool; 256] = table(b"-_.~");

/// Letters, digits, what is beyond ASCII, and more.
const fn table(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let value = byte as u8;
        table[byte] = value.is_ascii_alphanumeric() || value >= 0x80;
        byte += 1;
    }
    let mut index = 0;
    while index < more.len() {
        table[more[index] as usize] = true;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::record::LineError;

    #[test]
    fn hosts_are_found_in_every_form() {
        for (asked, host, port) in [
            ("http://example.com/a?b", Some("example.com"), None),
            ("https://example.com:8443", Some("example.com"), Some(8443)),
            ("example.com:443", Some("example.com"), Some(443)),
            ("[2001:db8::1]:443", Some("2001:db8::1"), Some(443)),
            ("2001:db8::1", Some("2001:db8::1"), None),
            ("ftp://u:p@ftp.example.com/x", Some("ftp.example.com"), None),
            (
                "http://example.com?u=http://other.example/",
                Some("example.com"),
                None,
            ),
            ("cache_object://localhost/info", Some("localhost"), None),
            ("error:transaction-end-before-headers", None, None),
            ("/squid-internal-mgr/info", None, None),
            ("http:///path", None, None),
            ("http://example.com:/", Some("example.com"), None),
            ("-", None, None),
        ] {
            let target = parse(asked.as_bytes()).expect(asked);
            assert_eq!(target.host, host.map(str::as_bytes), "{asked}");
            assert_eq!(target.port, port, "{asked}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for asked in [
            "<script>",
            "a b:80",
            "example.com:99999",
            "[::1",
            "http://ex\"ample.com/",
        ] {
            assert_eq!(parse(asked.as_bytes()), Err(LineError::Host), "{asked}");
        }
    }
}
