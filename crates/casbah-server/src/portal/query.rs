//! What stands behind the question mark of a page's address.

/// The parameters of an address; the first of several with one name counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of an address.
    pub(super) fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// All parameters without the space around them.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(name, value)| (name.as_str(), value.trim()))
    }

    /// A parameter without the space around it; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        let mut all = self.0.iter();
        all.find(|(found, _)| found == name)
            .map_or("", |(_, value)| value.trim())
    }
}

/// An address with these parameters; empty ones are left out.
pub(super) fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let given: Vec<_> = parameters
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    if given.is_empty() {
        return path.to_owned();
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in given {
        query.append_pair(name, value);
    }
    format!("{path}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_back_as_they_were() {
        let text = "a&b=c\u{e9} <>";
        let address = address("/x", &[("q", text), ("page", "")]);
        assert_eq!(address, "/x?q=a%26b%3Dc%C3%A9+%3C%3E");
        let query = Query::parse(address.split_once('?').unwrap().1);
        assert_eq!(query.text("q"), text);
        assert_eq!(query.text("page"), "");
    }
}
