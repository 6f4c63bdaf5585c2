//! Names of other hosts that a server answers for in a laboratory.

use std::fmt;
use std::str::FromStr;

/// A text is no name that a server can answer for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a host name with a dot nor *. and one")]
pub struct ParseAliasError(String);

/// A host name, or every name one label below it (`*.portal.example`), that clients
/// have built in. The server answers for it; it never issues under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAlias {
    name: String,
    is_wildcard: bool,
}

impl HostAlias {
    /// Whether it means this host (RFC 6125 section 6.4.3 for the wildcard).
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if self.is_wildcard {
            let below = host.split_once('.');
            below.is_some_and(|(label, rest)| !label.is_empty() && rest == self.name)
        } else {
            host == self.name
        }
    }

    /// The one host that it means, if it is one.
    pub fn exact(&self) -> Option<&str> {
        (!self.is_wildcard).then_some(self.name.as_str())
    }

    /// A line of a hosts file that leads the name to `address`. Hosts files know no
    /// wildcards: there the reader puts the label.
    pub fn hosts_line(&self, address: &str) -> String {
        if self.is_wildcard {
            format!("{address} TENANT.{}", self.name)
        } else {
            format!("{address} {}", self.name)
        }
    }
}

impl fmt::Display for HostAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = if self.is_wildcard { "*." } else { "" };
        write!(f, "{wildcard}{}", self.name)
    }
}

impl FromStr for HostAlias {
    type Err = ParseAliasError;

    fn from_str(text: &str) -> Result<Self, ParseAliasError> {
        let lower = text.to_ascii_lowercase();
        let (name, is_wildcard) = match lower.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        // An address of four numbers looks like a domain name, but is none.
        let is_address = name
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        if crate::authority::is_domain(name) && !is_address {
            Ok(Self {
                name: name.to_owned(),
                is_wildcard,
            })
        } else {
            Err(ParseAliasError(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_wildcards_of_one_label_are_aliases() {
        for (text, is_good) in [
            ("login.microsoftonline.com", true),
            ("LOGIN.example", true),
            ("*.portal.cloudappsecurity.com", true),
            ("*", false),
            ("*.com", false),
            ("a.*.example", false),
            ("localhost", false),
            ("127.0.0.1", false),
            ("login.example:443", false),
            ("https://login.example", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<HostAlias>().is_ok(), is_good, "{text}");
        }
    }

    #[test]
    fn an_alias_covers_its_own_hosts_alone() {
        for (alias, host, expected) in [
            ("login.example", "Login.Example", true),
            ("login.example", "x.login.example", false),
            ("*.portal.example", "contoso.portal.example", true),
            ("*.portal.example", "a.b.portal.example", false),
            ("*.portal.example", "portal.example", false),
            ("*.portal.example", ".portal.example", false),
        ] {
            let alias: HostAlias = alias.parse().unwrap();
            assert_eq!(alias.covers(host), expected, "{alias} {host}");
        }
    }
}
