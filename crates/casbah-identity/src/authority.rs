//! The identity service's own address, and the tenants in it.

use casbah_model::ids::TenantId;
use casbah_token::{IssuerPattern, IssuerPatternError, Policy, TokenVersion};
use url::{Host, Position, Url};

use crate::error::AadError;
use crate::host_alias::HostAlias;

/// The address in the configuration cannot be the service's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// Not an address.
    #[error("public url is not a url")]
    NotAUrl,
    /// Neither `https` nor `http`.
    #[error("public url must begin with https:// or http://")]
    Scheme,
    /// More than scheme, host and port.
    #[error("public url must be a bare origin, without path, query or user")]
    NotBare,
    /// A host with signs that no host name of the internet has.
    #[error("the host of public url may have letters, digits, dots, hyphens and underscores only")]
    Host,
}

/// The origin that every issuer, endpoint and link begins with. It comes from
/// the configuration, never from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    origin: String,
    host: String,
    host_name: String,
    aliases: Vec<HostAlias>,
}

impl Authority {
    /// Reads the public address: a scheme, a host and perhaps a port. Clients
    /// drop or lower-case anything else, so nothing else is allowed. The URL standard
    /// takes quotes and dollar signs for parts of a host's name; here they are not, so
    /// the address may stand in headers, pages and programs as it is.
    ///
    /// # Errors
    /// [`AuthorityError`]
    pub fn parse(public_url: &str) -> Result<Self, AuthorityError> {
        let url = Url::parse(public_url).map_err(|_| AuthorityError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(AuthorityError::Scheme);
        }
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(AuthorityError::NotBare);
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if matches!(url.host(), Some(Host::Domain(name)) if !name.bytes().all(is_name)) {
            return Err(AuthorityError::Host);
        }
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            host: url[Position::BeforeHost..Position::AfterPort].to_owned(),
            host_name: url[Position::BeforeHost..Position::AfterHost].to_owned(),
            aliases: Vec::new(),
        })
    }

    /// The same authority, which also answers for these hosts.
    #[must_use]
    pub fn with_aliases(mut self, aliases: Vec<HostAlias>) -> Self {
        self.aliases = aliases;
        self
    }

    /// Hosts that it also answers for.
    pub fn aliases(&self) -> &[HostAlias] {
        &self.aliases
    }

    /// `https://host:port`, lower case, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `host:port`, the port only where it is not the scheme's own.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host without a port.
    pub fn host_name(&self) -> &str {
        &self.host_name
    }

    /// The issuer of a tenant's tokens: `HOST/{tid}/` or `HOST/{tid}/v2.0`.
    pub fn issuer(&self, version: TokenVersion, tenant: TenantId) -> String {
        self.issuer_text(version, &tenant.to_string())
    }

    /// The issuer with any text in the tenant's place.
    pub(crate) fn issuer_text(&self, version: TokenVersion, tenant: &str) -> String {
        match version {
            TokenVersion::V1 => format!("{}/{tenant}/", self.origin),
            TokenVersion::V2 => format!("{}/{tenant}/v2.0", self.origin),
        }
    }

    /// What a resource of this server expects of a token: our issuers of both
    /// versions, for any tenant, and one of `audiences`.
    ///
    /// # Errors
    /// [`IssuerPatternError`] does not occur for an authority that was parsed.
    pub fn token_policy(&self, audiences: Vec<String>) -> Result<Policy, IssuerPatternError> {
        let pattern = |version| IssuerPattern::new(&self.issuer_text(version, "{tenantid}"));
        Ok(Policy::new(
            vec![pattern(TokenVersion::V1)?, pattern(TokenVersion::V2)?],
            audiences,
        ))
    }
}

/// The `{tenant}` of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantAlias {
    /// A tenant's id.
    Id(TenantId),
    /// A domain, lower case; the store knows whose.
    Domain(String),
    /// Any tenant: the person's own.
    Common,
    /// The same for work accounts only, which here all are.
    Organizations,
}

impl TenantAlias {
    /// Reads the segment of a path.
    ///
    /// # Errors
    /// [`AadError::TenantMalformed`] when it can be none of these.
    pub fn parse(segment: &str) -> Result<Self, AadError> {
        if let Ok(id) = segment.parse() {
            return Ok(Self::Id(id));
        }
        let lower = segment.to_ascii_lowercase();
        match lower.as_str() {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            domain if is_domain(domain) => Ok(Self::Domain(lower)),
            _ => Err(AadError::TenantMalformed(segment.to_owned())),
        }
    }
}

/// Labels of letters, digits and hyphens, at least two (RFC 1123 section 2.1).
pub(crate) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_bare_origin() {
        for (text, expected) in [
            (
                "https://Casbah.Example:8443",
                Ok("https://casbah.example:8443"),
            ),
            ("https://casbah.example:443/", Ok("https://casbah.example")),
            ("http://localhost:8080", Ok("http://localhost:8080")),
            ("https://[::1]:8443", Ok("https://[::1]:8443")),
            ("https://casbah.example/login", Err(AuthorityError::NotBare)),
            ("https://casbah.example?x", Err(AuthorityError::NotBare)),
            ("https://me@casbah.example", Err(AuthorityError::NotBare)),
            ("https://a'b.example", Err(AuthorityError::Host)),
            ("https://$a.example", Err(AuthorityError::Host)),
            ("https://a\"b.example", Err(AuthorityError::Host)),
            (
                "https://b\u{fc}cher.example",
                Ok("https://xn--bcher-kva.example"),
            ),
            ("ftp://casbah.example", Err(AuthorityError::Scheme)),
            ("casbah.example", Err(AuthorityError::NotAUrl)),
            ("", Err(AuthorityError::NotAUrl)),
        ] {
            let parsed = Authority::parse(text);
            assert_eq!(
                parsed.as_ref().map(Authority::origin),
                expected.as_ref().copied()
            );
        }
    }

    #[test]
    fn tenants_are_told_apart() {
        let id = TenantId::random();
        for (text, expected) in [
            (id.to_string(), Some(TenantAlias::Id(id))),
            (id.to_string().to_uppercase(), Some(TenantAlias::Id(id))),
            ("Common".into(), Some(TenantAlias::Common)),
            ("organizations".into(), Some(TenantAlias::Organizations)),
            (
                "Contoso.Example".into(),
                Some(TenantAlias::Domain("contoso.example".into())),
            ),
            ("contoso".into(), None),
            ("-a.example".into(), None),
            ("a..b".into(), None),
            (".".into(), None),
            (String::new(), None),
            ("a.b/c".into(), None),
            (format!("{}.example", "a".repeat(64)), None),
        ] {
            assert_eq!(TenantAlias::parse(&text).ok(), expected, "{text}");
        }
    }
}
