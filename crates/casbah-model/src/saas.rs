//! The wire's numbers of well-known cloud apps.
//!
//! Source: the table of app ids in the PowerShell module microsoft/MCAS
//! (`MCAS.psm1`); Active Directory from MicrosoftDocs/CloudAppSecurityDocs.

use crate::ids::SaasId;

/// Office 365, whose accounts stand for those of its parts.
pub const OFFICE_365: SaasId = SaasId(11161);

/// This product itself.
pub const CLOUD_APP_SECURITY: SaasId = SaasId(20595);

const NAMES: &[(i32, &str)] = &[
    (10489, "Box"),
    (10980, "Okta"),
    (11114, "Salesforce"),
    (11161, "Office 365"),
    (11522, "Microsoft Yammer"),
    (11599, "Amazon Web Services"),
    (11627, "Dropbox"),
    (11770, "Google Apps"),
    (12260, "Microsoft Azure"),
    (14509, "ServiceNow"),
    (15600, "Microsoft OneDrive for Business"),
    (20595, "Microsoft Cloud App Security"),
    (20892, "Microsoft Sharepoint Online"),
    (20893, "Microsoft Exchange Online"),
    (20940, "Active Directory"),
    (25275, "Microsoft Skype for Business"),
    (26324, "Microsoft Power BI"),
    (28375, "Microsoft Teams"),
];

/// All of these: number and name.
pub fn all() -> impl Iterator<Item = (SaasId, &'static str)> {
    NAMES.iter().map(|(id, name)| (SaasId(*id), *name))
}

/// The app's name, if it is one of these.
pub fn name(app: SaasId) -> Option<&'static str> {
    let index = NAMES.binary_search_by_key(&app.0, |(id, _)| *id).ok()?;
    Some(NAMES[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_so_that_search_finds_them() {
        assert!(NAMES.is_sorted());
        assert_eq!(name(OFFICE_365), Some("Office 365"));
        assert_eq!(name(SaasId(1)), None);
    }
}
