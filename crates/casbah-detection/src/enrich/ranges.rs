//! A tenant's IP ranges, ready for look-ups.

use std::collections::HashMap;
use std::net::IpAddr;

use casbah_model::ip_range::IpRange;

/// Finds the range that an address is in; where ranges nest, the narrowest.
#[derive(Debug, Default)]
pub struct RangeIndex {
    ranges: Vec<IpRange>,
    /// By prefix length and first address.
    networks: HashMap<(u8, u128), usize>,
    /// The prefix lengths in use, longest first.
    lengths: Vec<u8>,
}

impl RangeIndex {
    /// Takes a tenant's ranges.
    pub fn new(ranges: Vec<IpRange>) -> Self {
        let mut networks = HashMap::new();
        for (index, range) in ranges.iter().enumerate() {
            for subnet in &range.subnets {
                let mask = subnet.mask.min(128);
                networks.entry((mask, subnet.bounds().0)).or_insert(index);
            }
        }
        let mut lengths: Vec<u8> = networks.keys().map(|key| key.0).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        Self {
            ranges,
            networks,
            lengths,
        }
    }

    /// The range with the longest prefix that holds the address.
    pub fn find(&self, address: IpAddr) -> Option<&IpRange> {
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
            self.networks.get(&(*length, network))
        })?;
        self.ranges.get(*index)
    }
}
