//! Addresses within this server that a browser may be sent to.

use std::fmt;

/// A path of this origin, with its query.
///
/// Browsers read `//host` and `/\\host` as addresses of other hosts, so neither is
/// one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// Reads a path; none if it would lead elsewhere.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let is_local = !rest.starts_with('/')
            && !text.contains('\\')
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_local.then(|| Self(text.to_owned()))
    }

    /// The portal's first page.
    pub(crate) fn home() -> Self {
        Self("/portal/".to_owned())
    }

    /// A page of ours.
    pub(crate) fn fixed(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_elsewhere() {
        for (text, is_local) in [
            ("/", true),
            ("/portal/apps?q=a%20b&page=2", true),
            ("", false),
            ("portal", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("/a\\b", false),
            ("https://evil.example/", false),
            ("/a b", false),
            ("/a\r\nset-cookie: x", false),
            ("/\t/evil.example", false),
        ] {
            assert_eq!(LocalPath::parse(text).is_some(), is_local, "{text:?}");
        }
    }
}
