//! Lists in JSON.

use casbah_model::ip_range::Subnet;
use serde::Deserialize;

use super::{Groups, ListError, ListFormat};

#[derive(Deserialize)]
struct Aws {
    prefixes: Vec<AwsPrefix>,
    #[serde(default)]
    ipv6_prefixes: Vec<AwsPrefix>,
}

#[derive(Deserialize)]
struct AwsPrefix {
    #[serde(alias = "ipv6_prefix")]
    ip_prefix: String,
    region: String,
}

#[derive(Deserialize)]
struct Azure {
    values: Vec<ServiceTag>,
}

#[derive(Deserialize)]
struct ServiceTag {
    name: String,
    properties: ServiceTagProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceTagProperties {
    address_prefixes: Vec<String>,
}

#[derive(Deserialize)]
struct Google {
    prefixes: Vec<GooglePrefix>,
}

#[derive(Deserialize)]
struct GooglePrefix {
    #[serde(alias = "ipv4Prefix", alias = "ipv6Prefix")]
    prefix: String,
    #[serde(default)]
    scope: String,
}

/// Only the keys that tell the forms apart.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    prefixes: Vec<HeadPrefix>,
    values: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct HeadPrefix {
    ip_prefix: Option<serde::de::IgnoredAny>,
}

pub(super) fn format_of(text: &str) -> Result<ListFormat, ListError> {
    let head: Head = serde_json::from_str(text)?;
    match head.prefixes.first() {
        Some(prefix) if prefix.ip_prefix.is_some() => Ok(ListFormat::Aws),
        Some(_) => Ok(ListFormat::Google),
        None if head.values.is_some() => Ok(ListFormat::Azure),
        None => Err(ListError::UnknownJson),
    }
}

pub(super) fn aws(text: &str, groups: &mut Groups) -> Result<(), ListError> {
    let list: Aws = serde_json::from_str(text)?;
    for prefix in list.prefixes.iter().chain(&list.ipv6_prefixes) {
        groups.add(&prefix.region, network(&prefix.ip_prefix)?)?;
    }
    Ok(())
}

pub(super) fn azure(text: &str, groups: &mut Groups) -> Result<(), ListError> {
    let list: Azure = serde_json::from_str(text)?;
    // The tag without a region comes last: it names the networks of no region.
    let region = |tag: &ServiceTag| match tag.name.split_once('.') {
        Some(("AzureCloud", region)) => Some(region.to_owned()),
        None if tag.name == "AzureCloud" => Some(String::new()),
        _ => None,
    };
    let mut tags: Vec<_> = list
        .values
        .iter()
        .filter_map(|tag| Some((region(tag)?, tag)))
        .collect();
    tags.sort_by_key(|(region, _)| region.is_empty());
    for (region, tag) in tags {
        for prefix in &tag.properties.address_prefixes {
            groups.add(&region, network(prefix)?)?;
        }
    }
    Ok(())
}

pub(super) fn google(text: &str, groups: &mut Groups) -> Result<(), ListError> {
    let list: Google = serde_json::from_str(text)?;
    for prefix in &list.prefixes {
        groups.add(&prefix.scope, network(&prefix.prefix)?)?;
    }
    Ok(())
}

fn network(text: &str) -> Result<Subnet, ListError> {
    Subnet::parse(text).map_err(|error| ListError::Network(error.0))
}
