//! Where the API is.

use std::fmt;

use crate::auth::origin;
use crate::auth::{AuthorityError, Cloud};

/// The origin of the API: Casbah's own, or
/// `https://<tenant>.<region>.portal.cloudappsecurity.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase(String);

impl ApiBase {
    /// The API at this origin.
    ///
    /// # Errors
    /// [`AuthorityError`]; plain http is allowed for loopback addresses only.
    pub fn parse(text: &str) -> Result<Self, AuthorityError> {
        origin(text).map(Self)
    }

    /// Microsoft's API for a tenant (its name in the address) in a region
    /// (`eu2`, `us3`, …) of the public cloud.
    ///
    /// # Errors
    /// [`AuthorityError`] when the names make no host name.
    pub fn microsoft(tenant: &str, region: &str) -> Result<Self, AuthorityError> {
        Self::parse(&format!(
            "https://{tenant}.{region}.portal.cloudappsecurity.com"
        ))
    }

    /// Whether this is Microsoft's own service.
    pub fn is_microsoft(&self) -> bool {
        self.cloud().is_some()
    }

    /// Microsoft's cloud whose API is here, as far as its hosts are published.
    pub fn cloud(&self) -> Option<Cloud> {
        Cloud::ALL.into_iter().find(|cloud| {
            let below = cloud
                .api_domain()
                .and_then(|domain| self.0.strip_suffix(domain));
            below.is_some_and(|below| below.ends_with(['.', '/']))
        })
    }

    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_hosts_are_told_from_others() {
        let base = ApiBase::microsoft("contoso", "eu2").unwrap();
        assert_eq!(
            base.to_string(),
            "https://contoso.eu2.portal.cloudappsecurity.com"
        );
        assert!(base.is_microsoft());
        assert!(
            !ApiBase::parse("https://localhost:8443")
                .unwrap()
                .is_microsoft()
        );
        assert!(
            !ApiBase::parse("https://x.portal.cloudappsecurity.com.evil.example")
                .unwrap()
                .is_microsoft()
        );
        assert!(ApiBase::microsoft("a b", "eu2").is_err());
    }

    #[test]
    fn the_cloud_is_known_by_the_host() {
        for (host, cloud) in [
            (
                "contoso.eu2.portal.cloudappsecurity.com",
                Some(Cloud::Public),
            ),
            (
                "contoso.us1.portal.cloudappsecuritygov.com",
                Some(Cloud::Gcc),
            ),
            ("portal.cloudappsecuritygov.com", Some(Cloud::Gcc)),
            (
                "contoso.us1.portal.cloudappsecurity.us",
                Some(Cloud::GccHigh),
            ),
            ("evilportal.cloudappsecurity.us", None),
            ("portal.cloudappsecurity.us.evil.example", None),
            ("cloudappsecurity.cn", None),
        ] {
            let base = ApiBase::parse(&format!("https://{host}")).unwrap();
            assert_eq!(base.cloud(), cloud, "{host}");
        }
    }
}
