//! Countries: who borders whom, and how far apart they are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Made by `data/countries.mjs` from Natural Earth's outlines.
const TABLE: &str = include_str!("../../data/countries.tsv");

static COUNTRIES: LazyLock<Countries> = LazyLock::new(|| Countries::parse(TABLE));

/// The country to which a registry gave an address, which need not be the one where
/// it is used.
pub fn registered_country(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => iptocc::country_code(address),
        IpAddr::V6(address) => iptocc::country_code(address),
    }
}

/// Distances between countries.
pub struct Countries {
    places: HashMap<&'static str, usize>,
    /// Kilometres, row by row below the diagonal; 0 for neighbours.
    kilometres: Vec<u16>,
}

impl Countries {
    /// The built-in table.
    pub fn get() -> &'static Self {
        &COUNTRIES
    }

    fn parse(table: &'static str) -> Self {
        let mut places = HashMap::new();
        let mut kilometres = Vec::new();
        for line in table.lines() {
            let mut columns = line.split('\t');
            places.insert(columns.next().unwrap_or_default(), places.len());
            let distances = columns.nth(1).unwrap_or_default().split_ascii_whitespace();
            kilometres.extend(distances.map(|text| text.parse().unwrap_or(u16::MAX)));
        }
        Self { places, kilometres }
    }

    /// Kilometres between the nearest points of two countries: 0 for one and the same
    /// and for neighbours, nothing where a code is not known.
    pub fn distance(&self, one: &str, other: &str) -> Option<u16> {
        let (one, other) = (*self.places.get(one)?, *self.places.get(other)?);
        let (column, row) = (one.min(other), one.max(other));
        if column == row {
            return Some(0);
        }
        self.kilometres.get(row * (row - 1) / 2 + column).copied()
    }
}
