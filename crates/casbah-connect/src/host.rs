//! Hosts that are allowed by name.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// A host that may be called wherever it is: a name, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AllowedHost(Host);

/// A text is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host: give a name such as login.lab.example, without scheme and port")]
pub struct ParseHostError(String);

impl FromStr for AllowedHost {
    type Err = ParseHostError;

    fn from_str(text: &str) -> Result<Self, ParseHostError> {
        parse_host(text).map(Self)
    }
}

/// A name or an address, IPv6 with brackets or without.
pub(crate) fn parse_host(text: &str) -> Result<Host, ParseHostError> {
    let is_bare_v6 = text.parse::<std::net::Ipv6Addr>().is_ok();
    let host = if is_bare_v6 {
        Host::parse(&format!("[{text}]"))
    } else {
        Host::parse(text)
    };
    host.map_err(|_| ParseHostError(text.to_owned()))
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AllowedHost {
    /// Whether this is the host of an address.
    pub(crate) fn is(&self, host: &Host<&str>) -> bool {
        match (&self.0, host) {
            (Host::Domain(own), Host::Domain(other)) => is_same_name(own, other),
            (Host::Ipv4(own), Host::Ipv4(other)) => own == other,
            (Host::Ipv6(own), Host::Ipv6(other)) => own == other,
            _ => false,
        }
    }
}

fn is_same_name(own: &str, other: &str) -> bool {
    let trimmed = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    trimmed(own) == trimmed(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for (text, url, expected) in [
            ("localhost", "https://LOCALHOST:8443/x", true),
            ("Lab.Example", "https://lab.example./", true),
            ("lab.example", "https://a.lab.example/", false),
            ("127.0.0.1", "https://127.1/", true),
            ("127.0.0.1", "https://localhost/", false),
            ("::1", "https://[::1]:1/", true),
            ("[::1]", "https://[::1]/", true),
            ("localhost", "https://[::1]/", false),
        ] {
            let host: AllowedHost = text.parse().unwrap();
            let url = url::Url::parse(url).unwrap();
            assert_eq!(host.is(&url.host().unwrap()), expected, "{text} {url}");
        }
        for text in ["", "https://a.example", "a.example:1", "a.example/x", "a b"] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
    }
}
