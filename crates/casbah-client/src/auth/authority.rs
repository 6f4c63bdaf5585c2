//! Where tokens come from.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// One of Microsoft's clouds, with its published endpoints.
///
/// Sources: *who issues tokens* is "Microsoft Entra authentication endpoints" in
/// <https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud>;
/// *Graph* is "service root endpoints" in <https://learn.microsoft.com/graph/deployments>;
/// *the API's hosts* are "Portal access" in
/// <https://learn.microsoft.com/defender-cloud-apps/network-requirements>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud, with its API at `*.portal.cloudappsecurity.com`.
    Public,
    /// US Government, GCC: the worldwide endpoints of Entra ID and Graph, as the page of
    /// Graph says, but an API of its own at `*.portal.cloudappsecuritygov.com`
    /// (<https://learn.microsoft.com/defender-cloud-apps/editions-cloud-app-security-gcc>).
    Gcc,
    /// US Government, GCC High, with its API at `*.portal.cloudappsecurity.us`.
    GccHigh,
    /// US Government, Department of Defense. No page names the hosts of its API: the
    /// user gives the address that the portal shows.
    Dod,
    /// China, run by 21Vianet. Graph's page names the older `login.chinacloudapi.cn`;
    /// here it is the host of Entra's own page. No page names an API of Defender for
    /// Cloud Apps there.
    China,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Public,
        Self::Gcc,
        Self::GccHigh,
        Self::Dod,
        Self::China,
    ];

    /// The name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }

    /// The domain below which its tenants' APIs are, where a page names it.
    pub const fn api_domain(self) -> Option<&'static str> {
        match self {
            Self::Public => Some("portal.cloudappsecurity.com"),
            Self::Gcc => Some("portal.cloudappsecuritygov.com"),
            Self::GccHigh => Some("portal.cloudappsecurity.us"),
            Self::Dod | Self::China => None,
        }
    }

    const fn login(self) -> &'static str {
        match self {
            Self::Public | Self::Gcc => "https://login.microsoftonline.com",
            Self::GccHigh | Self::Dod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    const fn graph(self) -> &'static str {
        match self {
            Self::Public | Self::Gcc => "https://graph.microsoft.com",
            Self::GccHigh => "https://graph.microsoft.us",
            Self::Dod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }
}

/// An address is not usable as an authority or API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The text is neither a cloud's name nor an address.
    #[error("{text:?} is neither an https:// address nor one of public, gcc, gcc-high, dod, china")]
    Unknown {
        /// The text.
        text: String,
    },
    /// The address is not https, and not of this machine.
    #[error("{url} is not https: tokens and secrets would travel in the clear")]
    NotSecure {
        /// The address.
        url: String,
    },
    /// The address has a path, a query or a user name.
    #[error("{url} must be a bare origin such as https://casbah.example:8443")]
    NotAnOrigin {
        /// The address.
        url: String,
    },
}

/// A service that issues tokens, and the directory that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    login: String,
    graph: String,
    graph_resource: String,
}

impl Authority {
    /// One of Microsoft's clouds.
    pub fn cloud(cloud: Cloud) -> Self {
        Self {
            login: cloud.login().to_owned(),
            graph: cloud.graph().to_owned(),
            graph_resource: cloud.graph().to_owned(),
        }
    }

    /// A Casbah at this origin.
    ///
    /// # Errors
    /// [`AuthorityError`]; plain http is allowed for loopback addresses only.
    pub fn custom(host: &str) -> Result<Self, AuthorityError> {
        let origin = origin(host)?;
        Ok(Self {
            graph: origin.clone(),
            graph_resource: format!("{origin}/"),
            login: origin,
        })
    }

    /// The endpoint of `tenant` at `path`, such as `oauth2/v2.0/token`.
    pub fn endpoint(&self, tenant: &str, path: &str) -> String {
        format!("{}/{tenant}/{path}", self.login)
    }

    /// The origin that issues tokens.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The origin of the directory's API.
    pub fn graph(&self) -> &str {
        &self.graph
    }

    /// The resource that tokens for the directory's API are asked for.
    pub fn graph_resource(&self) -> &str {
        &self.graph_resource
    }
}

impl FromStr for Authority {
    type Err = AuthorityError;

    /// A cloud's name, or an origin.
    fn from_str(text: &str) -> Result<Self, AuthorityError> {
        match Cloud::ALL.into_iter().find(|cloud| cloud.name() == text) {
            Some(cloud) => Ok(Self::cloud(cloud)),
            None => Self::custom(text),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.login)
    }
}

/// Reads an origin: scheme, host and port, without a slash at its end.
pub(crate) fn origin(text: &str) -> Result<String, AuthorityError> {
    let unknown = || AuthorityError::Unknown {
        text: text.to_owned(),
    };
    let url = Url::parse(text).map_err(|_| unknown())?;
    let host = url.host().ok_or_else(unknown)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&host) => {}
        "http" => {
            return Err(AuthorityError::NotSecure {
                url: text.to_owned(),
            });
        }
        _ => return Err(unknown()),
    }
    let bare = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare {
        return Err(AuthorityError::NotAnOrigin {
            url: text.to_owned(),
        });
    }
    Ok(url.origin().ascii_serialization())
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_origins_are_read() {
        for (text, login, graph) in [
            (
                "public",
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
            ),
            (
                "gcc",
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
            ),
            (
                "gcc-high",
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us",
            ),
            (
                "china",
                "https://login.partner.microsoftonline.cn",
                "https://microsoftgraph.chinacloudapi.cn",
            ),
            (
                "dod",
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us",
            ),
            (
                "https://LOCALHOST:8443/",
                "https://localhost:8443",
                "https://localhost:8443/",
            ),
            (
                "https://casbah.example:443",
                "https://casbah.example",
                "https://casbah.example/",
            ),
            (
                "http://127.0.0.1:9",
                "http://127.0.0.1:9",
                "http://127.0.0.1:9/",
            ),
        ] {
            let authority: Authority = text.parse().unwrap();
            assert_eq!(
                (authority.login(), authority.graph_resource()),
                (login, graph),
                "{text}"
            );
        }
    }

    #[test]
    fn what_would_leak_or_mislead_is_refused() {
        for (text, expected) in [
            ("http://casbah.example", "is not https"),
            ("https://casbah.example/path", "bare origin"),
            ("https://user:pw@casbah.example", "bare origin"),
            ("ftp://casbah.example", "neither"),
            ("privat", "neither"),
        ] {
            let error = text.parse::<Authority>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
