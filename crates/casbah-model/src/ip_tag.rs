//! Tags on addresses: those that every tenant has, and its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RecordId;

/// What a tag marks: an IP address.
const TAG_OF_ADDRESS: i32 = 1;

/// The built-in tags: id and name.
///
/// Source: the MCAS PowerShell module, github.com/microsoft/MCAS (`MCAS.psm1`), which
/// writes the names with underscores.
const BUILT_IN: &[(&str, &str)] = &[
    ("0000002d0000000000000000", "Akamai Technologies"),
    ("000000290000000000000000", "Amazon Web Services"),
    ("000000030000000000000000", "Anonymous proxy"),
    ("0000002f0000000000000000", "Ascenty Data Centers"),
    ("0000000c0000000000000000", "Botnet"),
    ("000000380000000000000000", "Brute force attacker"),
    ("000000270000000000000000", "Cisco CWS"),
    ("000000050000000000000000", "Cloud App Security network"),
    ("0000001f0000000000000000", "Darknet scanning IP"),
    ("0000000e0000000000000000", "Exchange Online"),
    ("000000150000000000000000", "Exchange Online Protection"),
    ("000000280000000000000000", "Google Cloud Platform"),
    ("000000310000000000000000", "Internal Network IP"),
    ("0000000d0000000000000000", "Malware CnC server"),
    ("0000002e0000000000000000", "Masergy Communications"),
    ("0000002c0000000000000000", "McAfee Web Gateway"),
    ("0000002a0000000000000000", "Microsoft Azure"),
    ("0000001e0000000000000000", "Microsoft Cloud"),
    ("0000003a0000000000000000", "Microsoft Hosting"),
    (
        "000000100000000000000000",
        "Microsoft authentication and identity",
    ),
    ("000000170000000000000000", "Office 365"),
    ("000000190000000000000000", "Office 365 Planner"),
    ("000000120000000000000000", "Office 365 ProPlus"),
    ("000000140000000000000000", "Office Online"),
    ("0000001d0000000000000000", "Office Sway"),
    ("0000001a0000000000000000", "Office Web Access Companion"),
    ("000000130000000000000000", "OneNote"),
    ("0000001c0000000000000000", "Remote Connectivity Analyzer"),
    ("000000390000000000000000", "Salesforce Cloud"),
    ("000000040000000000000000", "Satellite provider"),
    ("000000300000000000000000", "ScanSafe"),
    ("0000000f0000000000000000", "SharePoint Online"),
    ("000000180000000000000000", "Skype for Business Online"),
    ("000000330000000000000000", "Symantec Cloud"),
    ("2dfa95cd7922d979d66fcff5", "Tor"),
    ("0000001b0000000000000000", "Yammer"),
    ("000000160000000000000000", "Zscaler"),
];

/// A tag on a range (`tags[]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpTag {
    /// The record's id.
    #[serde(rename = "_id")]
    pub record_id: RecordId,
    /// The tag's id: 24 hex digits.
    pub id: String,
    /// What it marks: 1, an IP address.
    pub target: i32,
    /// 0 built in, 1 custom.
    #[serde(rename = "type")]
    pub kind: i32,
    /// The name.
    pub name: String,
    /// The name as a template.
    pub name_template: NameTemplate,
    /// What it means.
    pub description: Option<String>,
    /// The description as a template.
    pub description_template: Option<String>,
    /// Whether it is shown.
    pub visibility: i32,
    /// Whether it is in use.
    pub status: i32,
    /// The tenant's number; 0 where built in.
    #[serde(rename = "_tid")]
    pub tid: i32,
}

/// A name without places to fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameTemplate {
    /// The name.
    pub template: String,
}

/// A tag as a client means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagReference {
    /// The tag of this id; where there is none, the one of this name.
    Id {
        /// The id.
        id: RecordId,
        /// The name that was sent beside it.
        name: Option<String>,
    },
    /// The tag of this name, made if it is new.
    Name(String),
}

impl IpTag {
    /// A tenant's own tag; `tid` is the tenant's number.
    pub fn custom(id: RecordId, tid: i32, name: &str) -> Self {
        Self::new(id, 1, tid, name)
    }

    /// The tags that every tenant has.
    pub fn all_built_in() -> impl Iterator<Item = Self> {
        let known = BUILT_IN.iter();
        known.filter_map(|(id, name)| Some(Self::new(id.parse().ok()?, 0, 0, name)))
    }

    /// The built-in tag of this id.
    pub fn built_in(id: RecordId) -> Option<Self> {
        let text = id.to_string();
        let (_, name) = BUILT_IN.iter().find(|(known, _)| *known == text)?;
        Some(Self::new(id, 0, 0, name))
    }

    /// The built-in tag of this name, in any case, with spaces or underscores.
    pub fn built_in_named(name: &str) -> Option<Self> {
        let name = name.replace('_', " ");
        let (id, name) = BUILT_IN
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(&name))?;
        Some(Self::new(id.parse().ok()?, 0, 0, name))
    }

    fn new(id: RecordId, kind: i32, tid: i32, name: &str) -> Self {
        Self {
            record_id: id,
            id: id.to_string(),
            target: TAG_OF_ADDRESS,
            kind,
            name: name.to_owned(),
            name_template: NameTemplate {
                template: name.to_owned(),
            },
            description: None,
            description_template: None,
            visibility: 0,
            status: 0,
            tid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_tags_are_found_by_id_and_by_name() {
        for (id, name) in BUILT_IN {
            let by_id = IpTag::built_in(id.parse().unwrap()).unwrap();
            let by_name = IpTag::built_in_named(&name.to_uppercase()).unwrap();
            assert_eq!((by_id.id.as_str(), by_id.name.as_str()), (*id, *name));
            assert_eq!(by_id, by_name);
        }
        assert_eq!(IpTag::all_built_in().count(), BUILT_IN.len());
        let underscored = IpTag::built_in_named("Anonymous_proxy").unwrap();
        assert_eq!(underscored.id, "000000030000000000000000");
        assert_eq!(IpTag::built_in_named("Head office"), None);
        assert_eq!(IpTag::built_in(RecordId::generate(1)), None);
    }
}
