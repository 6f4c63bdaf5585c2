//! IP ranges: what a tenant says of addresses.

use std::net::{IpAddr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RecordId;
use crate::ip_tag::IpTag;
use crate::wire_enum::wire_enum;

wire_enum!(
    /// `category` of a range.
    IpCategory {
        /// None.
        None = 0,
        /// The company's own network.
        Corporate = 1,
        /// Administrators' network.
        Administrative = 2,
        /// Known for abuse.
        Risky = 3,
        /// A VPN's exit.
        Vpn = 4,
        /// A cloud provider.
        CloudProvider = 5,
        /// Something else.
        Other = 6,
    }
);

impl IpCategory {
    /// The words of the categories, as filters and clients write them.
    pub const NAMES: &'static [(&'static str, i64)] = &[
        ("none", 0),
        ("corporate", 1),
        ("administrative", 2),
        ("risky", 3),
        ("vpn", 4),
        ("cloud provider", 5),
        ("other", 6),
    ];

    /// The category of a word, in any case, with spaces, hyphens or underscores.
    pub fn from_name(text: &str) -> Option<Self> {
        let spaced = text.trim().replace(['-', '_'], " ");
        let named = Self::NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&spaced));
        named.and_then(|(_, value)| Self::from_value(*value))
    }
}

/// A network: IPv4 is held as mapped IPv6, so the two never need telling apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subnet {
    /// The prefix length in IPv6 bits: 112 for an IPv4 `/16`.
    pub mask: u8,
    /// The network's first address in full IPv6.
    pub address: String,
    /// The network as it was written, host bits kept.
    pub original_string: String,
}

/// A text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not valid")]
pub struct ParseSubnetError(pub String);

impl Subnet {
    /// Reads CIDR text (RFC 4632, RFC 4291 2.3); a bare address is a network of one.
    ///
    /// Host bits are allowed: `192.168.1.7/24` is the network `192.168.1.0/24`.
    pub fn parse(text: &str) -> Result<Self, ParseSubnetError> {
        let error = || ParseSubnetError(text.to_owned());
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => {
                let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
                let length = length
                    .parse::<u8>()
                    .ok()
                    .filter(|_| digits)
                    .ok_or_else(error)?;
                (address, Some(length))
            }
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let mask = match (address, length) {
            (_, None) => 128,
            (IpAddr::V4(_), Some(length)) if length <= 32 => length + 96,
            (IpAddr::V6(_), Some(length)) if length <= 128 => length,
            _ => return Err(error()),
        };
        let first = Ipv6Addr::from_bits(mapped(address) & network_bits(mask));
        Ok(Self {
            mask,
            address: full_text(first),
            original_string: text.trim().to_owned(),
        })
    }

    /// The first and the last address, as 128-bit numbers.
    pub fn bounds(&self) -> (u128, u128) {
        let first = self
            .address
            .parse::<Ipv6Addr>()
            .map_or(0, Ipv6Addr::to_bits);
        let first = first & network_bits(self.mask);
        (first, first | !network_bits(self.mask))
    }

    /// Whether the two networks share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ((first, last), (other_first, other_last)) = (self.bounds(), other.bounds());
        first <= other_last && other_first <= last
    }

    /// Whether the address is in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (first, last) = self.bounds();
        (first..=last).contains(&mapped(address))
    }
}

/// All eight groups with all their digits, as the wire writes addresses.
fn full_text(address: Ipv6Addr) -> String {
    address
        .segments()
        .map(|group| format!("{group:04x}"))
        .join(":")
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

const fn network_bits(mask: u8) -> u128 {
    if mask == 0 {
        0
    } else {
        u128::MAX << (128 - mask as u32)
    }
}

/// Where a range is, as its owner says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpLocation {
    /// The place.
    pub name: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// ISO 3166 code.
    pub country_code: Option<String>,
    /// The country.
    pub country_name: Option<String>,
}

/// An IP range as the wire has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpRange {
    /// The record's id.
    #[serde(rename = "_id")]
    pub id: RecordId,
    /// The name, unique in the tenant.
    pub name: String,
    /// The networks.
    pub subnets: Vec<Subnet>,
    /// Where it is.
    pub location: Option<IpLocation>,
    /// The organization (ISP) that it is registered to.
    pub organization: Option<String>,
    /// Tags.
    pub tags: Vec<IpTag>,
    /// What it is.
    pub category: IpCategory,
    /// When it was last changed: Unix milliseconds as a floating-point number.
    pub last_modified: f64,
    /// The tenant's number.
    #[serde(rename = "_tid")]
    pub tid: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_held_as_ipv6_and_keep_their_writing() {
        for (text, mask, address) in [
            (
                "192.168.1.0/24",
                120,
                "0000:0000:0000:0000:0000:ffff:c0a8:0100",
            ),
            (
                "192.168.1.7/16",
                112,
                "0000:0000:0000:0000:0000:ffff:c0a8:0000",
            ),
            ("10.0.0.1", 128, "0000:0000:0000:0000:0000:ffff:0a00:0001"),
            ("0.0.0.0/0", 96, "0000:0000:0000:0000:0000:ffff:0000:0000"),
            (
                "2001:db8::1/32",
                32,
                "2001:0db8:0000:0000:0000:0000:0000:0000",
            ),
            ("::/0", 0, "0000:0000:0000:0000:0000:0000:0000:0000"),
        ] {
            let subnet = Subnet::parse(text).unwrap();
            assert_eq!(
                (subnet.mask, subnet.address.as_str()),
                (mask, address),
                "{text}"
            );
            assert_eq!(subnet.original_string, text);
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "a/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
        ] {
            assert!(Subnet::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn overlap_is_sharing_an_address() {
        let parse = |text| Subnet::parse(text).unwrap();
        assert!(parse("10.0.0.0/8").overlaps(&parse("10.1.0.0/16")));
        assert!(!parse("10.0.0.0/9").overlaps(&parse("10.128.0.0/9")));
        assert!(!parse("2001:db8::/32").overlaps(&parse("0.0.0.0/0")));
        assert!(parse("10.0.0.0/8").contains("::ffff:10.2.3.4".parse().unwrap()));
    }
}
