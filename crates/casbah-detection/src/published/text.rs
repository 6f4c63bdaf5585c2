//! Lists in lines of text.

use casbah_model::ip_range::Subnet;

use super::{Groups, ListError, ListFormat};

/// What begins the line of an exit's address.
const EXIT_ADDRESS: &str = "ExitAddress ";

pub(super) fn format_of(text: &str) -> ListFormat {
    if text.lines().any(|line| line.starts_with(EXIT_ADDRESS)) {
        ListFormat::TorExits
    } else {
        ListFormat::Plain
    }
}

/// `ExitAddress 192.0.2.1 2026-01-01 00:00:00` among lines of other words. Tor's bulk
/// list, which has the addresses alone, is a plain one.
pub(super) fn tor(text: &str, groups: &mut Groups) -> Result<(), ListError> {
    for (line, content) in (1..).zip(text.lines()) {
        let Some(rest) = content.strip_prefix(EXIT_ADDRESS) else {
            continue;
        };
        let address = rest.split_whitespace().next().unwrap_or_default();
        groups.add("", network(address, line)?)?;
    }
    Ok(())
}

/// A network or an address a line; after `#` or `;` comes a comment.
pub(super) fn plain(text: &str, groups: &mut Groups) -> Result<(), ListError> {
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.split(['#', ';']).next().unwrap_or_default().trim();
        if !content.is_empty() {
            groups.add("", network(content, line)?)?;
        }
    }
    Ok(())
}

fn network(text: &str, line: usize) -> Result<Subnet, ListError> {
    Subnet::parse(text).map_err(|_| ListError::Line {
        line,
        text: text.chars().take(60).collect(),
    })
}
