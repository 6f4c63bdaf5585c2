//! The catalog of apps.

mod app;
mod suffixes;

use std::collections::HashMap;
use std::sync::LazyLock;

use casbah_model::discovery::DiscoveredAppId;
use serde::Deserialize;

pub use app::{App, Fact, Source};
use suffixes::Suffixes;

/// Every file of the repository's `catalog/` folder, joined when the crate was built.
const EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.json"));

// A test reads the embedded document, so the default is never met.
static BUILT_IN: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::from_json(EMBEDDED).unwrap_or_default());

/// The catalog cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("app catalog is not in its format")]
pub struct CatalogError(#[from] serde_json::Error);

/// Knows which app a host belongs to, and what is known of the app.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    apps: HashMap<DiscoveredAppId, App>,
    sources: HashMap<String, Source>,
    suffixes: Suffixes,
    /// Domains of a tenant's own apps, which win over equally long ones of the catalog.
    own: Suffixes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    source: Vec<Source>,
    app: Vec<App>,
}

impl Catalog {
    /// The catalog that comes with the crate. Read at the first call.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a catalog: `{"source": […], "app": […]}`.
    pub fn from_json(json: &[u8]) -> Result<Self, CatalogError> {
        let file: File = serde_json::from_slice(json)?;
        let domains = file.app.iter().flat_map(|app| {
            app.domains
                .iter()
                .map(|domain| (domain.value.as_str(), app.id))
        });
        let suffixes = Suffixes::build(domains);
        let apps = file.app.into_iter().map(|app| (app.id, app)).collect();
        let sources = file
            .source
            .into_iter()
            .map(|source| (source.id.clone(), source))
            .collect();
        Ok(Self {
            apps,
            sources,
            suffixes,
            own: Suffixes::default(),
        })
    }

    /// A catalog of bare domains. The later of two equal domains wins.
    pub fn from_domains<'a>(domains: impl IntoIterator<Item = (&'a str, DiscoveredAppId)>) -> Self {
        Self {
            suffixes: Suffixes::build(domains),
            ..Self::default()
        }
    }

    /// The same catalog with the domains of a tenant's own apps, which win over the catalog's
    /// where both match equally long. Replaces those set before.
    #[must_use]
    pub fn with_own_domains<'a>(
        mut self,
        domains: impl IntoIterator<Item = (&'a str, DiscoveredAppId)>,
    ) -> Self {
        self.own = Suffixes::build(domains);
        self
    }

    /// The app of a host: that of the longest domain which is the host or a parent of it.
    ///
    /// Case and a trailing dot do not matter.
    pub fn find(&self, host: &[u8]) -> Option<DiscoveredAppId> {
        let own = self.own.longest(host);
        let listed = self.suffixes.longest(host);
        let longest = match (own, listed) {
            (Some(own), Some(listed)) if listed.1 > own.1 => Some(listed),
            (Some(own), _) => Some(own),
            (None, listed) => listed,
        };
        longest.map(|(app, _)| app)
    }

    /// What is known of an app; `None` for an id that is not the catalog's.
    pub fn app(&self, id: DiscoveredAppId) -> Option<&App> {
        self.apps.get(&id)
    }

    /// Every app, in no order.
    pub fn apps(&self) -> impl ExactSizeIterator<Item = &App> {
        self.apps.values()
    }

    /// The source that facts name by this id.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.get(id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use casbah_model::discovery::{AppCategory, DiscoveredAppId};

    use super::{Catalog, EMBEDDED, Source};

    #[test]
    fn the_built_in_catalog_is_large_and_every_fact_has_a_source() {
        let catalog = Catalog::from_json(EMBEDDED).expect("in its format");
        let complete = catalog
            .apps()
            .filter(|app| !app.domains.is_empty() && app.category() != AppCategory::Unclassified);
        assert!(complete.count() >= 500);
        for app in catalog.apps() {
            let facts = std::iter::once((&app.name.source, &app.name.at))
                .chain(app.category.iter().map(|fact| (&fact.source, &fact.at)))
                .chain(app.domains.iter().map(|fact| (&fact.source, &fact.at)))
                .chain(app.properties.values().map(|fact| (&fact.source, &fact.at)));
            for (source, at) in facts {
                assert!(!at.is_empty(), "{:?}: {source}", app.name);
                assert!(catalog.source(source).is_some(), "{source}");
            }
            for source in &app.known_by {
                assert!(catalog.source(source).is_some(), "{source}");
            }
            assert!(!app.domains.is_empty(), "{:?}", app.name);
            assert!(
                app.known_by.len() >= 2,
                "{:?} is known by too few",
                app.name
            );
        }
    }

    #[test]
    fn every_source_has_a_version_a_page_and_an_spdx_licence() {
        let catalog = Catalog::from_json(EMBEDDED).expect("in its format");
        for source in catalog.sources.values() {
            let Source {
                id,
                version,
                licence,
                url,
                ..
            } = source;
            assert!(!version.is_empty(), "{id}");
            assert!(url.starts_with("https://"), "{id}: {url}");
            // What facts may be taken under; an expression joins them with AND.
            let known = ["Apache-2.0", "CC-BY-4.0", "CC0-1.0", "MIT"];
            let is_spdx = licence.split(" AND ").all(|id| known.contains(&id));
            assert!(is_spdx, "{id}: {licence}");
        }
    }

    #[test]
    fn ids_and_domains_are_unique_and_every_domain_is_found() {
        let catalog = Catalog::built_in();
        let mut owners: HashMap<&str, DiscoveredAppId> = HashMap::new();
        for app in catalog.apps() {
            for domain in &app.domains {
                let name = domain.value.as_str();
                assert_eq!(name, name.to_lowercase());
                assert_eq!(
                    owners.insert(name, app.id),
                    None,
                    "{name} belongs to two apps"
                );
                assert_eq!(catalog.find(name.as_bytes()), Some(app.id), "{name}");
            }
        }
    }

    #[test]
    fn apps_with_published_ids_keep_them() {
        let catalog = Catalog::built_in();
        let found: BTreeMap<&str, Option<i32>> = [
            "www.dropbox.com",
            "acme.sharepoint.com",
            "acme.okta.com",
            "app.box.com",
            "acme.my.salesforce.com",
            "acme.service-now.com",
            "s3.amazonaws.com",
            "teams.microsoft.com",
            "www.yammer.com",
            "app.powerbi.com",
            "mail.google.com",
        ]
        .into_iter()
        .map(|host| (host, catalog.find(host.as_bytes()).map(|id| id.0)))
        .collect();
        let published = BTreeMap::from([
            ("www.dropbox.com", Some(11_627)),
            ("acme.sharepoint.com", Some(20_892)),
            ("acme.okta.com", Some(10_980)),
            ("app.box.com", Some(10_489)),
            ("acme.my.salesforce.com", Some(11_114)),
            ("acme.service-now.com", Some(14_509)),
            ("s3.amazonaws.com", Some(11_599)),
            ("teams.microsoft.com", Some(28_375)),
            ("www.yammer.com", Some(11_522)),
            ("app.powerbi.com", Some(26_324)),
            ("mail.google.com", Some(11_770)),
        ]);
        assert_eq!(found, published);
    }

    #[test]
    fn own_apps_win_over_equally_long_domains() {
        let listed = DiscoveredAppId(1);
        let own = DiscoveredAppId(2);
        let catalog = Catalog::from_domains([("a.test", listed), ("deep.b.test", listed)])
            .with_own_domains([("a.test", own), ("b.test", own)]);
        for (host, app) in [("x.a.test", own), ("b.test", own), ("deep.b.test", listed)] {
            assert_eq!(catalog.find(host.as_bytes()), Some(app), "{host}");
        }
    }

    #[test]
    fn what_is_no_catalog_is_refused() {
        for json in ["", "[]", r#"{"app": [], "source": [], "more": 1}"#] {
            assert!(Catalog::from_json(json.as_bytes()).is_err(), "{json}");
        }
    }
}
