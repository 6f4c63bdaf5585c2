//! Issuers of many tenants, told apart by the tenant's id in their address.

/// The place of the tenant's id in an issuer, as metadata documents for
/// `common` write it.
const PLACEHOLDER: &str = "{tenantid}";

/// A pattern is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerPatternError {
    /// `{tenantid}` occurs more than once.
    #[error("the issuer names the tenant more than once")]
    Repeated,
    /// The text is empty.
    #[error("the issuer is empty")]
    Empty,
}

/// An issuer, or a family of issuers with one per tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerPattern {
    before: String,
    after: Option<String>,
}

impl IssuerPattern {
    /// An issuer as text. `{tenantid}` stands for the id of any one tenant; a
    /// text without it stands for itself.
    ///
    /// # Errors
    /// [`IssuerPatternError`] when empty or with two placeholders.
    pub fn new(text: &str) -> Result<Self, IssuerPatternError> {
        if text.is_empty() {
            return Err(IssuerPatternError::Empty);
        }
        let Some((before, after)) = text.split_once(PLACEHOLDER) else {
            return Ok(Self {
                before: text.to_owned(),
                after: None,
            });
        };
        if after.contains(PLACEHOLDER) {
            return Err(IssuerPatternError::Repeated);
        }
        Ok(Self {
            before: before.to_owned(),
            after: Some(after.to_owned()),
        })
    }

    /// Whether `issuer` is this pattern's issuer for `tenant`.
    pub fn matches(&self, issuer: &str, tenant: &str) -> bool {
        let Some(after) = &self.after else {
            return issuer == self.before;
        };
        issuer
            .strip_prefix(self.before.as_str())
            .and_then(|rest| rest.strip_suffix(after.as_str()))
            .is_some_and(|named| !named.is_empty() && named == tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_one_tenant_exactly() {
        let pattern = IssuerPattern::new("https://h/{tenantid}/v2.0").unwrap();
        for (issuer, tenant, expected) in [
            ("https://h/t/v2.0", "t", true),
            ("https://h/t/v2.0", "u", false),
            ("https://h/t/v2.0/", "t", false),
            ("https://h/t/", "t", false),
            ("https://h//v2.0", "", false),
            ("https://h/v2.0", "", false),
            ("https://evil/t/v2.0", "t", false),
            ("https://h/{tenantid}/v2.0", "t", false),
        ] {
            assert_eq!(
                pattern.matches(issuer, tenant),
                expected,
                "{issuer} {tenant}"
            );
        }
    }

    #[test]
    fn a_text_without_placeholder_is_itself() {
        let pattern = IssuerPattern::new("https://h/t/").unwrap();
        assert!(pattern.matches("https://h/t/", "t"));
        assert!(!pattern.matches("https://h/t", "t"));
        assert_eq!(IssuerPattern::new(""), Err(IssuerPatternError::Empty));
        assert_eq!(
            IssuerPattern::new("{tenantid}{tenantid}"),
            Err(IssuerPatternError::Repeated)
        );
    }
}
