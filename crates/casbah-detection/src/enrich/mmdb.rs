//! MMDB files (`MaxMind` DB file format 2.0).

use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::LoadError;

const BUILT_IN: &[u8] = include_bytes!("../../data/dbip-country-ipv4.mmdb.zst");

/// A database of addresses, whole in memory.
pub(super) struct Database(maxminddb::Reader<Vec<u8>>);

impl Database {
    pub(super) fn built_in() -> Result<Self, LoadError> {
        let bytes =
            zstd::stream::decode_all(BUILT_IN).map_err(|_| LoadError::BuiltIn("country"))?;
        Self::from_bytes(bytes, "the built-in country data")
    }

    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| LoadError::File {
            path: name.clone(),
            source,
        })?;
        Self::from_bytes(bytes, &name)
    }

    fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, LoadError> {
        maxminddb::Reader::from_source(bytes)
            .map(Self)
            .map_err(|source| LoadError::Database {
                path: name.to_owned(),
                source,
            })
    }

    /// The record of an address. A database that does not hold this kind of address,
    /// or is damaged there, knows nothing of it.
    pub(super) fn row(&self, address: IpAddr) -> Option<Row> {
        self.0.lookup(address).ok()?.decode().ok()?.map(Row)
    }
}

/// A record, in one of the layouts in use.
pub(super) struct Row(Value);

impl Row {
    fn text(&self, paths: &[&str]) -> Option<String> {
        paths
            .iter()
            .find_map(|path| self.0.pointer(path)?.as_str())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    fn number(&self, paths: &[&str]) -> Option<f64> {
        paths
            .iter()
            .find_map(|path| match self.0.pointer(path)? {
                Value::String(text) => text.parse().ok(),
                value => value.as_f64(),
            })
            .filter(|number: &f64| number.is_finite())
    }

    pub(super) fn country(&self) -> Option<String> {
        self.text(&["/country_code", "/country/iso_code"])
            .filter(|code| code.len() == 2)
    }

    pub(super) fn city(&self) -> Option<String> {
        self.text(&["/city/names/en", "/city"])
    }

    pub(super) fn region(&self) -> Option<String> {
        self.text(&["/subdivisions/0/names/en", "/state1"])
    }

    pub(super) fn region_code(&self) -> Option<String> {
        self.text(&["/subdivisions/0/iso_code"])
    }

    /// Latitude and longitude.
    pub(super) fn point(&self) -> Option<(f64, f64)> {
        Some((
            self.number(&["/location/latitude", "/latitude"])?,
            self.number(&["/location/longitude", "/longitude"])?,
        ))
    }

    pub(super) fn isp(&self) -> Option<String> {
        self.text(&["/isp", "/autonomous_system_organization", "/organization"])
    }
}
