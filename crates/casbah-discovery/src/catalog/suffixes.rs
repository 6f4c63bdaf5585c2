//! Longest matching domain, in one pass over the host.

use casbah_model::discovery::DiscoveredAppId;
use fst::Map;
use fst::raw::Output;

/// Domains in a finite-state map, spelled backwards so that a parent is a prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Suffixes {
    reversed: Map<Vec<u8>>,
}

impl Suffixes {
    /// The later of two equal domains wins.
    pub(super) fn build<'a>(domains: impl IntoIterator<Item = (&'a str, DiscoveredAppId)>) -> Self {
        let sorted: std::collections::BTreeMap<Vec<u8>, u64> = domains
            .into_iter()
            .filter_map(|(domain, app)| {
                let id = u64::try_from(app.0).ok()?;
                let domain = domain.trim_matches('.');
                Some((
                    domain
                        .bytes()
                        .rev()
                        .map(|byte| byte.to_ascii_lowercase())
                        .collect(),
                    id,
                ))
            })
            .collect();
        // Only keys out of order are refused, and these are sorted.
        Self {
            reversed: Map::from_iter(sorted).unwrap_or_default(),
        }
    }

    /// The app of the longest domain that is the host or a parent of it, and that domain's length.
    pub(super) fn longest(&self, host: &[u8]) -> Option<(DiscoveredAppId, usize)> {
        let host = host.strip_suffix(b".").unwrap_or(host);
        let reversed = self.reversed.as_fst();
        let mut node = reversed.root();
        let mut output = Output::zero();
        let mut longest = None;
        for (before, byte) in host.iter().enumerate().rev() {
            let Some(index) = node.find_input(byte.to_ascii_lowercase()) else {
                break;
            };
            let transition = node.transition(index);
            output = output.cat(transition.out);
            node = reversed.node(transition.addr);
            let begins_label = before == 0 || host[before - 1] == b'.';
            if begins_label && node.is_final() {
                let id = output.cat(node.final_output()).value();
                longest = i32::try_from(id)
                    .ok()
                    .map(|id| (DiscoveredAppId(id), host.len() - before));
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::Suffixes;
    use casbah_model::discovery::DiscoveredAppId;
    use proptest::prelude::*;

    #[test]
    fn the_longest_parent_wins() {
        let domains = [
            ("example.com", 1),
            ("mail.example.com", 2),
            ("Com.Example", 3),
            ("", 9),
        ];
        let suffixes = Suffixes::build(domains.map(|(domain, id)| (domain, DiscoveredAppId(id))));
        for (host, app) in [
            ("example.com", Some(1)),
            ("EXAMPLE.com.", Some(1)),
            ("www.example.com", Some(1)),
            ("mail.example.com", Some(2)),
            ("a.b.mail.example.com", Some(2)),
            ("notmail.example.com", Some(1)),
            ("notexample.com", None),
            ("com", None),
            ("a.com.example", Some(3)),
            ("", None),
        ] {
            let found = suffixes.longest(host.as_bytes()).map(|(app, _)| app.0);
            assert_eq!(found, app, "{host}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_every_parent(
            domains in prop::collection::btree_map("[ab](\\.[ab]{1,2}){0,2}", 0..100_i32, 0..12),
            host in "[ab]{1,2}(\\.[ab]{1,2}){0,4}",
        ) {
            let suffixes = Suffixes::build(domains.iter().map(|(domain, id)| (domain.as_str(), DiscoveredAppId(*id))));
            let mut parent = Some(host.as_str());
            let mut expected = None;
            while let Some(name) = parent {
                if let Some(id) = domains.get(name) {
                    expected = Some(*id);
                    break;
                }
                parent = name.split_once('.').map(|(_, rest)| rest);
            }
            prop_assert_eq!(suffixes.longest(host.as_bytes()).map(|(app, _)| app.0), expected);
        }
    }
}
