//! Built-in IP ranges: what others publish of their addresses, the same for any tenant.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RecordId;
use crate::ip_range::{IpCategory, IpRange, Subnet};
use crate::ip_tag::IpTag;

/// What built-in ranges are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltInKind {
    /// A cloud provider.
    CloudProvider,
    /// A proxy that hides who uses it.
    AnonymousProxy,
    /// An exit of the Tor network.
    Tor,
    /// A machine of a botnet.
    Botnet,
}

/// A text is no kind of built-in ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither cloud provider, anonymous proxy, tor nor botnet")]
pub struct ParseBuiltInKindError(pub String);

impl BuiltInKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::CloudProvider,
        Self::AnonymousProxy,
        Self::Tor,
        Self::Botnet,
    ];

    /// The category of its addresses.
    pub const fn category(self) -> IpCategory {
        match self {
            Self::CloudProvider => IpCategory::CloudProvider,
            Self::AnonymousProxy | Self::Tor | Self::Botnet => IpCategory::Risky,
        }
    }

    /// The built-in tag that says it; none for cloud providers, who have one each.
    pub fn tag(self) -> Option<IpTag> {
        match self {
            Self::CloudProvider => None,
            Self::AnonymousProxy | Self::Tor | Self::Botnet => IpTag::built_in_named(self.name()),
        }
    }

    /// Its name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudProvider => "cloud provider",
            Self::AnonymousProxy => "anonymous proxy",
            Self::Tor => "tor",
            Self::Botnet => "botnet",
        }
    }
}

impl fmt::Display for BuiltInKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BuiltInKind {
    type Err = ParseBuiltInKindError;

    /// In any case, with spaces, hyphens or underscores.
    fn from_str(text: &str) -> Result<Self, ParseBuiltInKindError> {
        let spaced = text.trim().replace(['-', '_'], " ");
        let kind = Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(&spaced));
        kind.ok_or_else(|| ParseBuiltInKindError(text.to_owned()))
    }
}

/// A built-in range as the wire has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuiltInRange {
    /// The record's id.
    #[serde(rename = "_id")]
    pub id: RecordId,
    /// The name, unique among built-in ranges.
    pub name: String,
    /// What it is.
    pub category: IpCategory,
    /// Who runs the addresses.
    pub source_isps: Vec<String>,
    /// Always true.
    pub built_in: bool,
    /// Tags.
    pub tags: Vec<IpTag>,
    /// The networks.
    pub subnets: Vec<Subnet>,
    /// 0: of no tenant's making.
    #[serde(rename = "_tid")]
    pub tid: i32,
}

/// A range in a list: the tenant's own, or a built-in one.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ListedRange {
    /// The tenant's own.
    Custom(IpRange),
    /// A built-in one.
    BuiltIn(BuiltInRange),
}

impl ListedRange {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Custom(range) => &range.name,
            Self::BuiltIn(range) => &range.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_however_they_are_spelt() {
        for kind in BuiltInKind::ALL {
            for text in [
                kind.to_string(),
                kind.to_string().to_uppercase(),
                kind.to_string().replace(' ', "-"),
                format!(" {}", kind.to_string().replace(' ', "_")),
            ] {
                assert_eq!(text.parse(), Ok(kind), "{text}");
            }
            let is_provider = kind == BuiltInKind::CloudProvider;
            assert_eq!(kind.tag().is_none(), is_provider, "{kind}");
        }
        for text in ["", "corporate", "cloudprovider", "tor exit"] {
            assert!(text.parse::<BuiltInKind>().is_err(), "{text}");
        }
    }
}
