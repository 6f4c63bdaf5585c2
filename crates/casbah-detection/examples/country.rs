//! Prints what enrichment knows of addresses: `cargo run --example country 8.8.8.8`.

use std::error::Error;
use std::net::IpAddr;

use casbah_detection::enrich::{Enricher, registered_country};
use casbah_model::activity::GEOIP_ATTRIBUTION;

fn main() -> Result<(), Box<dyn Error>> {
    let enricher = Enricher::new()?;
    for text in std::env::args().skip(1) {
        let address: IpAddr = text.parse()?;
        let country = enricher.address(address).country.clone();
        let registered = registered_country(address);
        println!(
            "{address}\t{}\tregistered {}",
            country.as_deref().unwrap_or("-"),
            registered.unwrap_or("-"),
        );
    }
    println!("{GEOIP_ATTRIBUTION}");
    Ok(())
}
