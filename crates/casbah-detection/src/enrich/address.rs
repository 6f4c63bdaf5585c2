//! What is known of an address.

use std::net::IpAddr;

use casbah_model::activity::Location;
use casbah_model::ip_range::{IpCategory, IpRange};

use super::mmdb::{Database, Row};
use super::{registered_country, tags};

/// What is known of an address, before a tenant says more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddressFacts {
    /// ISO 3166 code of the country where it is used.
    pub country: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The region's code.
    pub region_code: Option<String>,
    /// Degrees north and east.
    pub point: Option<(f64, f64)>,
    /// The provider.
    pub isp: Option<String>,
    /// Whether it belongs to a private network (RFC 1918, 4193, 3927, 6598, loopback).
    pub is_private: bool,
}

impl AddressFacts {
    pub(super) fn look_up(address: IpAddr, own: &[Database], built_in: &Database) -> Self {
        if is_private(address) {
            return Self {
                is_private: true,
                ..Self::default()
            };
        }
        let rows: Vec<Row> = own
            .iter()
            .filter_map(|database| database.row(address))
            .collect();
        let first = |read: fn(&Row) -> Option<String>| rows.iter().find_map(read);
        let built_in = || match address {
            IpAddr::V4(_) => built_in.row(address)?.country(),
            IpAddr::V6(_) => registered_country(address).map(str::to_owned),
        };
        Self {
            country: first(Row::country).or_else(built_in),
            city: first(Row::city),
            region: first(Row::region),
            region_code: first(Row::region_code),
            point: rows.iter().find_map(Row::point),
            isp: first(Row::isp),
            is_private: false,
        }
    }

    /// The wire's location: what the tenant says of the range goes before what is known.
    pub fn location(&self, range: Option<&IpRange>) -> Location {
        let mut location = Location {
            country_code: self.country.clone(),
            city: self.city.clone(),
            region: self.region.clone(),
            region_code: self.region_code.clone(),
            latitude: self.point.map(|point| point.0),
            longitude: self.point.map(|point| point.1),
            organization_searchable: self.isp.clone(),
            ..Location::default()
        };
        if self.is_private {
            location.ip_tags.push(tags::INTERNAL_NETWORK.to_owned());
        }
        if let Some(range) = range {
            override_with(&mut location, range);
        }
        location.category_value = Some(category_name(location.category).to_owned());
        location
    }
}

fn override_with(location: &mut Location, range: &IpRange) {
    location.category = range.category;
    for tag in &range.tags {
        if !location.ip_tags.contains(&tag.id) {
            location.ip_tags.push(tag.id.clone());
        }
        location.anonymous_proxy |= tags::HIDING.contains(&tag.id.as_str());
    }
    if let Some(organization) = &range.organization {
        location.organization_searchable = Some(organization.clone());
    }
    if let Some(place) = &range.location
        && place.country_code.is_some()
    {
        location.country_code.clone_from(&place.country_code);
        location.city.clone_from(&place.name);
        location.latitude = place.latitude;
        location.longitude = place.longitude;
        location.region = None;
        location.region_code = None;
    }
}

/// The word for a category: `NONE` and `CLOUD_PROXY_NETWORK_IP` are recorded, the
/// others follow them.
const fn category_name(category: IpCategory) -> &'static str {
    match category {
        IpCategory::None => "NONE",
        IpCategory::Corporate => "CORPORATE_IP",
        IpCategory::Administrative => "ADMINISTRATIVE_IP",
        IpCategory::Risky => "RISKY_IP",
        IpCategory::Vpn => "VPN_IP",
        IpCategory::CloudProvider => "CLOUD_PROXY_NETWORK_IP",
        IpCategory::Other => "OTHER_IP",
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            // 100.64.0.0/10 lies between a provider and its customers (RFC 6598).
            let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
