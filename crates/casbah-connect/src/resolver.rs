//! Names to addresses, private ones left out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use crate::address::is_public;
use crate::host::AllowedHost;

/// The host has no address that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host has no address of the public network")]
pub(crate) struct NoPublicAddress;

/// Gives out the addresses that may be called, and no others. What it gives is
/// what is connected to: nobody asks for the name a second time.
pub(crate) struct GuardedResolver {
    pub(crate) allowed: Arc<[AllowedHost]>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            let found = addresses(name.as_str(), 0, &allowed).await?;
            if found.is_empty() {
                return Err(NoPublicAddress.into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// The addresses of a name that may be called.
pub(crate) async fn addresses(
    name: &str,
    port: u16,
    allowed: &[AllowedHost],
) -> io::Result<Vec<SocketAddr>> {
    let host = Host::Domain(name);
    let is_allowed = allowed.iter().any(|one| one.is(&host));
    let found = tokio::net::lookup_host((name, port)).await?;
    Ok(found
        .filter(|address| is_allowed || is_public(address.ip()))
        .collect())
}
