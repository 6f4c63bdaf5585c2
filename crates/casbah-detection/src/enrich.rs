//! Enrichment: what is known of an address and of a program.

mod address;
mod agent;
mod country;
mod mmdb;
mod ranges;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use casbah_model::activity::UserAgent;
use lru::LruCache;

pub use address::AddressFacts;
pub use country::{Countries, registered_country};
pub use ranges::RangeIndex;

use self::agent::AgentParser;
use self::mmdb::Database;

/// Ids of the built-in tags that enrichment sets.
pub mod tags {
    /// An address of a private network.
    pub const INTERNAL_NETWORK: &str = "000000310000000000000000";
    /// A proxy that hides who uses it.
    pub const ANONYMOUS_PROXY: &str = "000000030000000000000000";
    /// An exit of the Tor network.
    pub const TOR: &str = "2dfa95cd7922d979d66fcff5";
    /// Those of addresses that hide who uses them.
    pub(super) const HIDING: [&str; 2] = [ANONYMOUS_PROXY, TOR];
    /// A program that is no browser.
    pub const NATIVE_CLIENT: &str = "000000000000000000000000";
    /// A browser that is no longer maintained.
    pub const OUTDATED_BROWSER: &str = "000000010000000000000000";
    /// An operating system that is no longer maintained.
    pub const OUTDATED_OPERATING_SYSTEM: &str = "000000020000000000000000";
    /// A crawler.
    pub const ROBOT: &str = "0000002b0000000000000000";
}

/// Data for enrichment could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file or the built-in data is no MMDB.
    #[error("{path} is not a valid database")]
    Database {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: maxminddb::MaxMindDbError,
    },
    /// The built-in data cannot be decompressed.
    #[error("the built-in {0} data is damaged")]
    BuiltIn(&'static str),
}

/// How many addresses and programs are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16 * 1024 - 1);

/// Texts longer than this are looked at only up to here, and are not remembered.
const LONGEST_AGENT: usize = 1024;

/// Looks up addresses and programs, remembering what it found.
pub struct Enricher {
    country: Database,
    own: Vec<Database>,
    agents: AgentParser,
    known_addresses: Mutex<LruCache<IpAddr, Arc<AddressFacts>>>,
    known_agents: Mutex<LruCache<String, Arc<UserAgent>>>,
}

impl Enricher {
    /// With the built-in data: countries, and programs.
    ///
    /// # Errors
    /// Built-in data that is damaged.
    pub fn new() -> Result<Self, LoadError> {
        Ok(Self {
            country: Database::built_in()?,
            own: Vec::new(),
            agents: AgentParser::built_in()?,
            known_addresses: Mutex::new(LruCache::new(REMEMBERED)),
            known_agents: Mutex::new(LruCache::new(REMEMBERED)),
        })
    }

    /// Adds an operator's own MMDB (country, city or ASN, in the layout of `MaxMind` or
    /// of `DB-IP`). What it knows goes before the built-in data and before those added
    /// earlier.
    ///
    /// # Errors
    /// A file that cannot be read or is no MMDB.
    pub fn add_database(&mut self, path: &Path) -> Result<(), LoadError> {
        self.own.insert(0, Database::open(path)?);
        lock(&self.known_addresses).clear();
        Ok(())
    }

    /// What is known of an address. IPv4 mapped into IPv6 is IPv4.
    pub fn address(&self, address: IpAddr) -> Arc<AddressFacts> {
        let address = address.to_canonical();
        if let Some(facts) = lock(&self.known_addresses).get(&address) {
            return Arc::clone(facts);
        }
        let facts = Arc::new(AddressFacts::look_up(address, &self.own, &self.country));
        lock(&self.known_addresses).put(address, Arc::clone(&facts));
        facts
    }

    /// What is known of a program by its own text.
    pub fn agent(&self, text: &str) -> Arc<UserAgent> {
        if text.len() > LONGEST_AGENT {
            let end = text.floor_char_boundary(LONGEST_AGENT);
            return Arc::new(self.agents.parse(&text[..end]));
        }
        if let Some(agent) = lock(&self.known_agents).get(text) {
            return Arc::clone(agent);
        }
        let agent = Arc::new(self.agents.parse(text));
        lock(&self.known_agents).put(text.to_owned(), Arc::clone(&agent));
        agent
    }
}

/// A cache that another thread left while panicking is still a cache.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
