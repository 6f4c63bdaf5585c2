//! Block scripts: what makes an appliance block (or allow) the domains of tagged apps.
//!
//! Formats and their numbers: `discovery_block_scripts` of the Cloud App Security API.

mod appliance;
mod domain;

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

pub use appliance::Appliance;
pub use domain::{BlockDomain, DomainError};

/// What becomes of the domains of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Unsanctioned apps are blocked.
    #[default]
    Banned,
    /// Sanctioned apps are let through.
    Allowed,
}

impl Verdict {
    /// Reads the `type` parameter; absent means banned.
    pub fn from_parameter(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("banned") => Some(Self::Banned),
            Some("allowed") => Some(Self::Allowed),
            Some(_) => None,
        }
    }

    /// Name of the list that a script makes on the appliance.
    const fn list_name(self) -> &'static str {
        match self {
            Self::Banned => "casbah-banned",
            Self::Allowed => "casbah-allowed",
        }
    }
}

/// The script of an appliance. Domains are sorted and named once; no domain, no text.
pub fn block_script<'a>(
    appliance: Appliance,
    verdict: Verdict,
    domains: impl IntoIterator<Item = &'a BlockDomain>,
) -> String {
    let mut domains: Vec<&BlockDomain> = domains.into_iter().collect();
    domains.sort_unstable();
    domains.dedup();
    let mut script = String::new();
    if !domains.is_empty() {
        // Writing to a `String` cannot fail.
        let _ = appliance.write(&mut script, verdict, &domains);
    }
    script
}

/// The answer without `format`: a page of apps, each with its domains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BlockListPage {
    /// One entry for each app.
    pub data: Vec<BlockListEntry>,
    /// There are more apps after this page.
    #[serde(rename = "hasNext")]
    pub has_next: bool,
}

/// The domains of one app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BlockListEntry {
    /// The domains.
    #[serde(rename = "domainList")]
    pub domain_list: Vec<BlockDomain>,
}

impl BlockListPage {
    /// Takes `limit` apps after the first `skip`.
    pub fn of(apps: &[Vec<BlockDomain>], skip: usize, limit: usize) -> Self {
        let after = apps.get(skip..).unwrap_or_default();
        let page = &after[..limit.min(after.len())];
        let data = page
            .iter()
            .map(|app| BlockListEntry {
                domain_list: app.clone(),
            })
            .collect();
        Self {
            data,
            has_next: page.len() < after.len(),
        }
    }
}

/// Writes one line.
fn line(script: &mut String, text: std::fmt::Arguments<'_>) -> std::fmt::Result {
    script.write_fmt(text)?;
    script.write_char('\n')
}

#[cfg(test)]
mod tests {
    use super::{Appliance, BlockDomain, BlockListPage, Verdict, block_script};
    use proptest::prelude::*;

    fn domains(names: &[&str]) -> Vec<BlockDomain> {
        names
            .iter()
            .map(|name| BlockDomain::new(name).expect(name))
            .collect()
    }

    #[test]
    fn every_format_has_its_script() {
        let listed = domains(&["wetransfer.com", "Dropbox.com", "dropbox.com."]);
        for appliance in Appliance::ALL {
            for verdict in [Verdict::Banned, Verdict::Allowed] {
                let name = format!("{}_{verdict:?}", appliance.number()).to_lowercase();
                insta::assert_snapshot!(name, block_script(*appliance, verdict, &listed));
            }
            assert_eq!(block_script(*appliance, Verdict::Banned, []), "");
        }
    }

    #[test]
    fn numbers_lead_to_appliances() {
        for number in [102, 104, 108, 112, 120, 129, 135] {
            let appliance = Appliance::from_number(number).expect("published");
            assert_eq!(appliance.number(), number);
        }
        assert_eq!(Appliance::from_number(101), None);
        assert_eq!(Verdict::from_parameter(None), Some(Verdict::Banned));
        assert_eq!(
            Verdict::from_parameter(Some("allowed")),
            Some(Verdict::Allowed)
        );
        assert_eq!(Verdict::from_parameter(Some("x")), None);
    }

    #[test]
    fn pages_end() {
        let apps = vec![domains(&["a.test", "b.test"]), domains(&["c.test"])];
        let json = |skip, limit| {
            serde_json::to_string(&BlockListPage::of(&apps, skip, limit)).expect("serialises")
        };
        assert_eq!(
            json(0, 1),
            r#"{"data":[{"domainList":["a.test","b.test"]}],"hasNext":true}"#
        );
        assert_eq!(
            json(1, 10),
            r#"{"data":[{"domainList":["c.test"]}],"hasNext":false}"#
        );
        assert_eq!(json(9, 10), r#"{"data":[],"hasNext":false}"#);
    }

    proptest! {
        #[test]
        fn no_text_adds_a_line(text in "\\PC{0,20}|[a-z.\\n\\r;\"' ]{0,20}") {
            let before = domains(&["a.test"]);
            let mut with = before.clone();
            with.extend(BlockDomain::new(&text));
            for appliance in Appliance::ALL {
                let script = block_script(*appliance, Verdict::Banned, &with);
                let most = block_script(*appliance, Verdict::Banned, &domains(&["a.test", "b.test"]));
                prop_assert!(script.lines().count() <= most.lines().count());
                prop_assert!(script.is_ascii());
            }
        }
    }
}
