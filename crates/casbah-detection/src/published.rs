//! Lists of addresses as their owners publish them, which become built-in ranges.
//!
//! Formats and where their owners describe them: AWS `ip-ranges.json`
//! (docs.aws.amazon.com, "AWS IP address ranges"), Azure "Service Tags" JSON
//! (learn.microsoft.com, "Virtual network service tags"), Google `cloud.json`
//! (support.google.com, "Obtain Google IP address ranges"), Tor's exit lists
//! (2019.www.torproject.org/tordnsel/exitlist-spec.txt), and texts with one network or
//! address a line.

mod json;
mod text;

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use casbah_model::built_in_range::BuiltInKind;
use casbah_model::ip_range::Subnet;

/// The most networks of one list.
pub const MOST_NETWORKS: usize = 500_000;

/// The longest name of a region, in bytes.
const LONGEST_GROUP: usize = 64;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// AWS `ip-ranges.json`.
    Aws,
    /// Azure "Service Tags", of which the regions of `AzureCloud` are taken: they hold
    /// the addresses of all others.
    Azure,
    /// Google `cloud.json` or `goog.json`.
    Google,
    /// Tor's `exit-addresses`.
    TorExits,
    /// A network or an address a line.
    Plain,
}

/// A text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither aws, azure, google, tor nor plain")]
pub struct ParseListFormatError(pub String);

/// A list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It is JSON, but not of a known form.
    #[error(
        "the list is JSON, but neither AWS ip-ranges.json, Azure service tags nor Google cloud.json"
    )]
    UnknownJson,
    /// It is not of the form that was named.
    #[error("the list cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not text.
    #[error("the list is not UTF-8 text")]
    NotText,
    /// A line is no network.
    #[error("line {line}: {text} is not a network")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The line, shortened.
        text: String,
    },
    /// A network in JSON is none.
    #[error("{0} is not a network")]
    Network(String),
    /// A region has no name that is one.
    #[error("{0} is not the name of a region")]
    Group(String),
    /// There is no network in it.
    #[error("there is no network in the list")]
    Empty,
    /// There are too many.
    #[error("the list has more than {MOST_NETWORKS} networks")]
    TooLong,
}

/// A list, read.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedList {
    /// How it was written.
    pub format: ListFormat,
    /// The networks by group, which is a region in lower case or empty; each network once.
    pub groups: BTreeMap<String, Vec<Subnet>>,
}

impl ListFormat {
    /// Whose addresses they are, as the built-in tag names them; a plain list does not say.
    pub const fn owner(self) -> Option<&'static str> {
        match self {
            Self::Aws => Some("Amazon Web Services"),
            Self::Azure => Some("Microsoft Azure"),
            Self::Google => Some("Google Cloud Platform"),
            Self::TorExits => Some("Tor"),
            Self::Plain => None,
        }
    }

    /// Its name, which is read again.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Google => "google",
            Self::TorExits => "tor",
            Self::Plain => "plain",
        }
    }

    /// What they are of, where the format says it.
    pub const fn kind(self) -> Option<BuiltInKind> {
        match self {
            Self::Aws | Self::Azure | Self::Google => Some(BuiltInKind::CloudProvider),
            Self::TorExits => Some(BuiltInKind::Tor),
            Self::Plain => None,
        }
    }
}

impl FromStr for ListFormat {
    type Err = ParseListFormatError;

    fn from_str(text: &str) -> Result<Self, ParseListFormatError> {
        let all = [
            Self::Aws,
            Self::Azure,
            Self::Google,
            Self::TorExits,
            Self::Plain,
        ];
        let format = all.into_iter().find(|format| format.name() == text);
        format.ok_or_else(|| ParseListFormatError(text.to_owned()))
    }
}

impl PublishedList {
    /// Reads a list; without a format, its content tells which it is.
    ///
    /// # Errors
    /// A list is taken whole or not at all: one bad network refuses it.
    pub fn read(document: &[u8], format: Option<ListFormat>) -> Result<Self, ListError> {
        let text = std::str::from_utf8(document).map_err(|_| ListError::NotText)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let format = match format {
            Some(format) => format,
            None if text.trim_start().starts_with('{') => json::format_of(text)?,
            None => text::format_of(text),
        };
        let mut groups = Groups::default();
        match format {
            ListFormat::Aws => json::aws(text, &mut groups)?,
            ListFormat::Azure => json::azure(text, &mut groups)?,
            ListFormat::Google => json::google(text, &mut groups)?,
            ListFormat::TorExits => text::tor(text, &mut groups)?,
            ListFormat::Plain => text::plain(text, &mut groups)?,
        }
        if groups.seen.is_empty() {
            return Err(ListError::Empty);
        }
        Ok(Self {
            format,
            groups: groups.networks,
        })
    }

    /// How many networks it has.
    pub fn networks(&self) -> usize {
        self.groups.values().map(Vec::len).sum()
    }
}

/// Networks on their way into a list: one that came before, in whatever group, comes once.
#[derive(Debug, Default)]
struct Groups {
    networks: BTreeMap<String, Vec<Subnet>>,
    seen: HashSet<(u128, u8)>,
}

impl Groups {
    fn add(&mut self, group: &str, network: Subnet) -> Result<(), ListError> {
        if !self.seen.insert((network.bounds().0, network.mask)) {
            return Ok(());
        }
        if self.seen.len() > MOST_NETWORKS {
            return Err(ListError::TooLong);
        }
        // Names of ranges are the same in any case, and so are those of regions.
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if group.len() > LONGEST_GROUP || !group.bytes().all(of_name) {
            let shown = group.chars().take(LONGEST_GROUP).collect();
            return Err(ListError::Group(shown));
        }
        let group = group.to_ascii_lowercase();
        self.networks.entry(group).or_default().push(network);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
