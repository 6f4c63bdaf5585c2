//! Domains that may stand in a script.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A domain name in lower case, made of letters, digits, hyphens and underscores alone, so that
/// it cannot end a line, a quote or a command of any appliance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
pub struct BlockDomain(String);

/// Why a text is no domain for a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Longer than 253 characters, or a label longer than 63 (RFC 1035, 2.3.4), or nothing.
    #[error("domain has a wrong length")]
    Length,
    /// Other characters than letters, digits, hyphens and underscores. Names in other scripts
    /// have to be given in their `xn--` form (RFC 5890).
    #[error("domain has characters that no host name has")]
    Characters,
    /// A single label: it would block a whole top-level domain.
    #[error("domain is a single label")]
    SingleLabel,
}

impl BlockDomain {
    /// Checks a domain. A trailing dot is dropped.
    pub fn new(text: &str) -> Result<Self, DomainError> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() || name.len() > 253 {
            return Err(DomainError::Length);
        }
        for label in name.split('.') {
            if label.is_empty() || label.len() > 63 {
                return Err(DomainError::Length);
            }
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if !label.bytes().all(allowed) || label.starts_with('-') || label.ends_with('-') {
                return Err(DomainError::Characters);
            }
        }
        if !name.contains('.') {
            return Err(DomainError::SingleLabel);
        }
        Ok(Self(name.to_ascii_lowercase()))
    }

    /// The name, without a dot at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for BlockDomain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for BlockDomain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{BlockDomain, DomainError};

    #[test]
    fn hostile_text_is_no_domain() {
        for (text, expected) in [
            ("Example.COM.", Ok("example.com")),
            ("_dmarc.example.com", Ok("_dmarc.example.com")),
            ("xn--bcher-kva.example", Ok("xn--bcher-kva.example")),
            ("", Err(DomainError::Length)),
            ("a..b", Err(DomainError::Length)),
            (".example.com", Err(DomainError::Length)),
            ("com", Err(DomainError::SingleLabel)),
            (
                "example.com\nurl.domain=good.test deny",
                Err(DomainError::Characters),
            ),
            (
                "example.com\" set action exempt",
                Err(DomainError::Characters),
            ),
            ("ex ample.com", Err(DomainError::Characters)),
            ("*.example.com", Err(DomainError::Characters)),
            ("b\u{fc}cher.example", Err(DomainError::Characters)),
            ("-a.example", Err(DomainError::Characters)),
        ] {
            let domain = BlockDomain::new(text);
            assert_eq!(
                domain.as_ref().map(BlockDomain::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        }
        assert_eq!(
            BlockDomain::new(&format!("{}.com", "a".repeat(64))),
            Err(DomainError::Length)
        );
    }
}
