//! The catalog of apps.

mod suffixes;

use casbah_model::discovery::DiscoveredAppId;

use suffixes::Suffixes;

/// Knows which app a host belongs to.
#[derive(Clone, Debug)]
pub struct Catalog {
    suffixes: Suffixes,
}

impl Catalog {
    /// A catalog of these domains. The later of two equal domains wins.
    pub fn from_domains<'a>(domains: impl IntoIterator<Item = (&'a str, DiscoveredAppId)>) -> Self {
        Self {
            suffixes: Suffixes::build(domains),
        }
    }

    /// The app of a host: that of the longest domain which is the host or a parent of it.
    ///
    /// Case and a trailing dot do not matter.
    pub fn find(&self, host: &[u8]) -> Option<DiscoveredAppId> {
        self.suffixes.longest(host).map(|(app, _)| app)
    }
}
