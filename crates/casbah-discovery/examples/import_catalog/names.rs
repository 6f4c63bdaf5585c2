//! Domains, and the names that they spell.

use crate::sources::{Brand, ThirdParty};

/// The registrable domain; a suffix that is run as a service stands for itself.
pub(crate) fn registrable(host: &str) -> Option<&str> {
    let suffix = psl::suffix(host.as_bytes())?;
    if !suffix.is_known() {
        return None;
    }
    psl::domain_str(host).or_else(|| (host.contains('.')).then_some(host))
}

pub(crate) fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let host = rest[..end].to_lowercase();
    host.contains('.').then_some(host)
}

/// Letters and digits alone, for comparing names.
pub(crate) fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// The label that a brand would have registered: `example` of `www.example.co.uk`.
pub(crate) fn brand_label(domain: &str) -> String {
    plain(domain.split('.').next().unwrap_or_default())
}

/// The domain of a brand's own page, where the domain is the brand's name.
pub(crate) fn own_domain(brand: &Brand) -> Option<String> {
    let name = plain(&brand.title);
    let pages = std::iter::once(&brand.source).chain(&brand.guidelines);
    pages
        .filter_map(|page| {
            let host = host_of(page)?;
            registrable(&host).map(str::to_owned)
        })
        .find(|domain| {
            let label = brand_label(domain);
            label == name || plain(domain) == name || brand.slug.as_ref() == Some(&label)
        })
}

/// The domain that stands for an entity among those that it takes.
pub(crate) fn main_domain<'d>(domains: &[&'d str], entity: &ThirdParty) -> Option<&'d str> {
    let home = entity.homepage.as_deref().and_then(host_of);
    let home = home.as_deref().and_then(registrable);
    let label = plain(&entity.name);
    let mut choices = domains.iter().copied();
    choices
        .clone()
        .find(|domain| Some(*domain) == home)
        .or_else(|| choices.clone().find(|domain| brand_label(domain) == label))
        .or_else(|| {
            let mut choices = choices.clone();
            choices.find(|domain| registrable(domain) == Some(*domain))
        })
        .or_else(|| choices.next())
}

pub(crate) fn without_api(title: &str) -> &str {
    title
        .strip_suffix(" API")
        .or_else(|| title.strip_suffix(" REST"))
        .unwrap_or(title)
        .trim()
}
