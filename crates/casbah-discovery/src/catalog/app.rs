//! What the catalog knows of an app, each fact with its source.

use std::collections::BTreeMap;

use casbah_model::discovery::{AppCategory, DiscoveredAppId};
use serde::{Deserialize, Serialize};

use crate::risk::{self, Property, PropertyValue, Score, Weights};

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Id of the [`Source`].
    pub source: String,
    /// Where in the source: an entry, a section, a file with its commit.
    pub at: String,
}

/// Where facts come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name that facts refer to.
    pub id: String,
    /// Title for people.
    pub name: String,
    /// Version or date.
    pub version: String,
    /// Licence, as an SPDX expression.
    pub licence: String,
    /// Page, or repository of the package.
    pub url: String,
}

/// An app of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its id, which never changes.
    pub id: DiscoveredAppId,
    /// Its name.
    pub name: Fact<String>,
    /// Its category; none when no source tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Fact<AppCategory>>,
    /// Ids of the sources that list it.
    pub known_by: Vec<String>,
    /// Domains whose hosts belong to it, in lower case.
    pub domains: Vec<Fact<String>>,
    /// What its risk score is made of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<Property, Fact<PropertyValue>>,
}

impl App {
    /// The category, `Unclassified` when no source tells one.
    pub fn category(&self) -> AppCategory {
        self.category
            .as_ref()
            .map_or(AppCategory::Unclassified, |fact| fact.value)
    }

    /// The risk score with its reasons; `None` when nothing that counts is known, or popularity
    /// alone (see [`risk::score`]). `year` is the present one.
    pub fn risk(&self, weights: &Weights, year: i16) -> Option<Score> {
        let known = self
            .properties
            .iter()
            .map(|(property, fact)| (*property, fact.value))
            .collect();
        risk::score(&known, weights, year)
    }
}
