//! Which person a name means: the rule of `docs/entities.md`.

use crate::filter::fold;

/// What stands in a guest's principal name in place of the home domain's sign.
const GUEST: &str = "#ext#@";

/// The person whom a principal name means, for comparison; accounts of any apps with
/// the same are one person's.
///
/// A guest's name, `ann_fabrikam.com#EXT#@contoso.com`, means the person at home,
/// `ann@fabrikam.com`: an underscore is in no domain, so the last one is the sign.
pub fn person_of(principal_name: &str) -> String {
    let name = fold(principal_name.trim());
    at_home(&name).unwrap_or(name)
}

/// The address to show for a principal name: that at home for a guest.
pub fn address_of(principal_name: &str) -> String {
    at_home(&fold(principal_name)).unwrap_or_else(|| principal_name.to_owned())
}

fn at_home(folded: &str) -> Option<String> {
    let (home, _) = folded.split_once(GUEST)?;
    let (local, domain) = home.rsplit_once('_')?;
    let is_domain = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    (is_domain && !local.is_empty()).then(|| format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_people() {
        for (names, person) in [
            // Case and spaces around it.
            (
                &["Ann@Contoso.com", "ANN@contoso.com", " ann@contoso.com"][..],
                "ann@contoso.com",
            ),
            // A guest, in any tenant, and at home.
            (
                &[
                    "bob_fabrikam.com#EXT#@contoso.com",
                    "Bob_Fabrikam.com#ext#@contoso.onmicrosoft.com",
                    "bob@fabrikam.com",
                ],
                "bob@fabrikam.com",
            ),
            (
                &["john_doe_fabrikam.co.uk#EXT#@contoso.com"],
                "john_doe@fabrikam.co.uk",
            ),
            // What only looks like a guest's name stays what it is.
            (&["bob#EXT#@contoso.com"], "bob#ext#@contoso.com"),
            (
                &["_fabrikam.com#EXT#@contoso.com"],
                "_fabrikam.com#ext#@contoso.com",
            ),
            (
                &["bob_fabrikam#EXT#@contoso.com"],
                "bob_fabrikam#ext#@contoso.com",
            ),
            (&["bob_.com#EXT#@contoso.com"], "bob_.com#ext#@contoso.com"),
            (&["bob_smith@contoso.com"], "bob_smith@contoso.com"),
            // Other addresses of one mailbox are others' for all that is known.
            (&["ann+lists@contoso.com"], "ann+lists@contoso.com"),
            (&["a.nn@contoso.com"], "a.nn@contoso.com"),
        ] {
            for name in names {
                assert_eq!(person_of(name), person, "{name}");
                assert_eq!(person_of(&person_of(name)), person, "twice: {name}");
            }
        }
    }
}
