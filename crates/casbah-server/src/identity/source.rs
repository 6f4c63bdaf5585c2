//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The address of the peer that sent a request. A header cannot set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Source(pub(crate) IpAddr);

impl Source {
    /// The address, where it is known.
    pub(crate) fn known(self) -> Option<IpAddr> {
        Some(self.0.to_canonical()).filter(|address| !address.is_unspecified())
    }

    /// What failures are counted under: one IPv4 address, or the 64-bit prefix
    /// that an IPv6 host chooses its addresses from.
    pub(crate) fn bucket(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or(
            // All unknown peers share one count.
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            |ConnectInfo(address)| address.ip(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_cannot_escape_its_count_by_changing_its_address() {
        let bucket = |text: &str| Source(text.parse().unwrap()).bucket().to_string();
        assert_eq!(bucket("192.0.2.1"), "192.0.2.1");
        assert_eq!(bucket("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(bucket("2001:db8:1:2:3::4"), bucket("2001:db8:1:2:ffff::1"));
        assert_ne!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:3::1"));
    }
}
