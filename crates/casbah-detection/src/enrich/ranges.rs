//! A tenant's IP ranges, ready for look-ups.

use std::collections::HashMap;
use std::net::IpAddr;

use casbah_model::built_in_range::BuiltInRange;
use casbah_model::ip_range::IpRange;

/// Finds the range that an address is in: one of the tenant's own before a built-in one,
/// and where ranges nest, the narrowest.
#[derive(Debug, Default)]
pub struct RangeIndex {
    own: Prefixes,
    built_in: Prefixes,
}

impl RangeIndex {
    /// Takes a tenant's ranges and the built-in ones.
    pub fn new(own: Vec<IpRange>, built_in: Vec<BuiltInRange>) -> Self {
        Self {
            own: Prefixes::new(own),
            built_in: Prefixes::new(built_in.into_iter().map(as_own).collect()),
        }
    }

    /// The range that holds the address.
    pub fn find(&self, address: IpAddr) -> Option<&IpRange> {
        self.own
            .find(address)
            .or_else(|| self.built_in.find(address))
    }
}

/// A built-in range says what a tenant's could.
fn as_own(range: BuiltInRange) -> IpRange {
    IpRange {
        id: range.id,
        name: range.name,
        subnets: range.subnets,
        location: None,
        organization: range.source_isps.into_iter().next(),
        tags: range.tags,
        category: range.category,
        last_modified: 0.0,
        tid: range.tid,
    }
}

/// Ranges by their networks.
#[derive(Debug, Default)]
struct Prefixes {
    ranges: Vec<IpRange>,
    /// By prefix length and first address.
    owners: HashMap<(u8, u128), usize>,
    /// The prefix lengths in use, longest first.
    lengths: Vec<u8>,
}

impl Prefixes {
    fn new(mut ranges: Vec<IpRange>) -> Self {
        let mut owners = HashMap::new();
        for (index, range) in ranges.iter_mut().enumerate() {
            // Their texts are not needed any more, and there may be a hundred thousand.
            for subnet in std::mem::take(&mut range.subnets) {
                let mask = subnet.mask.min(128);
                owners.entry((mask, subnet.bounds().0)).or_insert(index);
            }
        }
        let mut lengths: Vec<u8> = owners.keys().map(|key: &(u8, u128)| key.0).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        Self {
            ranges,
            owners,
            lengths,
        }
    }

    /// The range with the longest prefix that holds the address.
    fn find(&self, address: IpAddr) -> Option<&IpRange> {
        let bits = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let index = self.lengths.iter().find_map(|length| {
            let host_bits = 128 - u32::from(*length);
            let network = bits
                .checked_shr(host_bits)
                .and_then(|prefix| prefix.checked_shl(host_bits))
                .unwrap_or(0);
            self.owners.get(&(*length, network))
        })?;
        self.ranges.get(*index)
    }
}
