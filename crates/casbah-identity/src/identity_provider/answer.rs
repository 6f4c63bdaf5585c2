//! What a browser comes back from a provider with.

/// What a provider sends a browser back with (OpenID Connect Core 1.0 section 3.1.2.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderAnswer {
    /// `state`
    pub state: String,
    /// `code`
    pub code: Option<String>,
    /// `iss` (RFC 9207)
    pub issuer: Option<String>,
    /// `error`
    pub error: Option<String>,
    /// `error_description`
    pub error_description: Option<String>,
}

impl ProviderAnswer {
    /// Reads the query. A parameter that comes twice makes no answer (RFC 6749 section 3.1).
    pub fn parse(query: &str) -> Option<Self> {
        let mut answer = Self::default();
        let mut state = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut answer.code,
                "iss" => &mut answer.issuer,
                "error" => &mut answer.error,
                "error_description" => &mut answer.error_description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        answer.state = state?;
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_makes_no_answer() {
        for (query, is_one) in [
            ("state=a&code=b", true),
            ("state=a&code=b&session_state=c&session_state=d", true),
            ("state=a&error=access_denied&iss=https%3A%2F%2Fa", true),
            ("code=b", false),
            ("state=a&state=a&code=b", false),
            ("state=a&code=b&code=c", false),
            ("state=a&iss=x&iss=y", false),
        ] {
            assert_eq!(ProviderAnswer::parse(query).is_some(), is_one, "{query}");
        }
    }
}
