//! `$filter`, as far as clients use it: terms joined by ` and `.

use super::error::GraphError;

/// What a term compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// `property eq 'value'`
    Equals(String, String),
    /// `startswith(property,'value')`
    StartsWith(String, String),
    /// `property/any(x:x eq 'value')`
    Any(String, String),
}

impl Term {
    /// The property, lower case, and the value.
    fn parts(&self) -> (String, &str) {
        let (Self::Equals(property, value)
        | Self::StartsWith(property, value)
        | Self::Any(property, value)) = self;
        (property.to_lowercase(), value)
    }

    /// Whether an object passes: `values` are those of the property, in the
    /// object, or nothing if it has no such property.
    fn passes(&self, values: impl Fn(&str) -> Option<Vec<String>>) -> Result<bool, GraphError> {
        let (property, wanted) = self.parts();
        let values = values(&property).ok_or_else(|| unsupported(&property))?;
        let wanted = wanted.to_lowercase();
        Ok(values
            .iter()
            .map(|value| value.to_lowercase())
            .any(|value| match self {
                Self::Equals(..) | Self::Any(..) => value == wanted,
                Self::StartsWith(..) => value.starts_with(&wanted),
            }))
    }
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Vec<Term>, GraphError> {
    let mut terms = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (term, after) = term(rest).ok_or_else(|| unsupported(text))?;
        terms.push(term);
        rest = match after.trim_start() {
            "" => "",
            after => after
                .strip_prefix("and ")
                .filter(|next| !next.trim().is_empty())
                .ok_or_else(|| unsupported(text))?
                .trim_start(),
        };
    }
    Ok(terms)
}

/// Whether an object passes all terms.
pub(super) fn passes(
    terms: &[Term],
    values: impl Fn(&str) -> Option<Vec<String>>,
) -> Result<bool, GraphError> {
    for term in terms {
        if !term.passes(&values)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn unsupported(text: &str) -> GraphError {
    GraphError::UnsupportedQuery(format!("The filter '{text}' is not supported."))
}

fn term(text: &str) -> Option<(Term, &str)> {
    if let Some(rest) = strip_prefix_folded(text, "startswith(") {
        let (property, rest) = rest.split_once(',')?;
        let (value, rest) = literal(rest.trim_start())?;
        let rest = rest.trim_start().strip_prefix(')')?;
        return Some((Term::StartsWith(name(property)?, value), rest));
    }
    if let Some((property, rest)) = text.split_once("/any(")
        && let Some(property) = name(property)
    {
        let (variable, rest) = rest.split_once(':')?;
        let rest = rest.trim_start().strip_prefix(variable.trim())?;
        let (value, rest) = literal(equals(rest)?)?;
        let rest = rest.trim_start().strip_prefix(')')?;
        return Some((Term::Any(property, value), rest));
    }
    let (property, rest) = text.split_once(' ')?;
    let (value, rest) = literal(equals(rest)?)?;
    Some((Term::Equals(name(property)?, value), rest))
}

fn equals(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix("eq ").map(str::trim_start)
}

fn name(text: &str) -> Option<String> {
    let name = text.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| name.to_owned())
}

/// A text in single quotes, two of which stand for one inside.
fn literal(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

fn strip_prefix_folded<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_clients_are_read() {
        let text = |text: &str| text.to_owned();
        for (filter, expected) in [
            ("", vec![]),
            ("appId eq 'a'", vec![Term::Equals(text("appId"), text("a"))]),
            (
                "startswith(displayName,'O''Neil, Ltd') and appId eq 'b'",
                vec![
                    Term::StartsWith(text("displayName"), text("O'Neil, Ltd")),
                    Term::Equals(text("appId"), text("b")),
                ],
            ),
            (
                "servicePrincipalNames/any(c:c eq 'api://x')",
                vec![Term::Any(text("servicePrincipalNames"), text("api://x"))],
            ),
            (
                "displayName eq 'x/any(y:y eq '",
                vec![Term::Equals(text("displayName"), text("x/any(y:y eq "))],
            ),
        ] {
            assert_eq!(parse(filter).ok(), Some(expected), "{filter}");
        }
        for filter in [
            "appId",
            "appId eq",
            "appId eq 'a",
            "appId eq a",
            "appId ne 'a'",
            "appId eq 'a' or appId eq 'b'",
            "appId eq 'a' and ",
            "startswith(displayName)",
            "names/any(c:d eq 'x')",
            "é",
        ] {
            assert!(parse(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn comparing_ignores_case_and_unknown_properties_are_named() {
        let values = |property: &str| match property {
            "displayname" => Some(vec!["SIEM Reader".to_owned()]),
            _ => None,
        };
        let check = |filter: &str| passes(&parse(filter).unwrap(), values);
        assert!(check("startswith(displayName,'siem')").unwrap());
        assert!(check("displayName eq 'siem reader'").unwrap());
        assert!(!check("displayName eq 'siem'").unwrap());
        assert!(check("color eq 'x'").is_err());
    }
}
