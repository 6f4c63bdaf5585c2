//! What a person's role allows, in user context.
//!
//! After MicrosoftDocs/CloudAppSecurityDocs `manage-admins.md`. A person may do
//! what both a role allows and a delegated permission of the token.

use super::{Action, PermissionSet};
use crate::identity::DirectoryRole;

/// Whether a person with this role may take the action at all.
pub const fn role_allows(role: DirectoryRole, action: Action) -> bool {
    use DirectoryRole::{
        CloudAppSecurityAdministrator, ComplianceAdministrator, GlobalAdministrator, GlobalReader,
        SecurityAdministrator, SecurityOperator, SecurityReader,
    };
    match role {
        GlobalAdministrator | SecurityAdministrator | CloudAppSecurityAdministrator => true,
        SecurityOperator | ComplianceAdministrator => {
            reads(action) || matches!(action, Action::AlertsClose | Action::ActivitiesFeedback)
        }
        SecurityReader | GlobalReader => reads(action),
        _ => false,
    }
}

/// Whether a token's delegated permissions cover the action. Actions that no
/// application may take are covered by having any permission.
pub fn scopes_allow(scopes: PermissionSet, action: Action) -> bool {
    match action {
        Action::PeopleOnly | Action::PoliciesManage => scopes != PermissionSet::EMPTY,
        _ => scopes.intersects(action.permissions()),
    }
}

const fn reads(action: Action) -> bool {
    matches!(
        action,
        Action::ActivitiesRead
            | Action::AlertsRead
            | Action::EntitiesRead
            | Action::IpRangesRead
            | Action::DiscoveryRead
            | Action::PeopleOnly
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Permission;

    #[test]
    fn readers_change_nothing_and_administrators_of_apps_see_nothing() {
        assert!(role_allows(
            DirectoryRole::SecurityReader,
            Action::AlertsRead
        ));
        assert!(!role_allows(
            DirectoryRole::SecurityReader,
            Action::AlertsClose
        ));
        assert!(role_allows(
            DirectoryRole::SecurityOperator,
            Action::AlertsClose
        ));
        assert!(!role_allows(
            DirectoryRole::SecurityOperator,
            Action::IpRangesManage
        ));
        for role in [
            DirectoryRole::SecurityReader,
            DirectoryRole::SecurityOperator,
            DirectoryRole::ComplianceAdministrator,
        ] {
            assert!(!role_allows(role, Action::PoliciesManage));
        }
        assert!(!role_allows(
            DirectoryRole::ApplicationAdministrator,
            Action::AlertsRead
        ));
    }

    #[test]
    fn a_scope_covers_what_it_covers_for_an_application() {
        let scopes = PermissionSet::of(&[Permission::SettingsRead]);
        assert!(scopes_allow(scopes, Action::IpRangesRead));
        assert!(!scopes_allow(scopes, Action::AlertsRead));
        assert!(scopes_allow(scopes, Action::PeopleOnly));
        assert!(!scopes_allow(PermissionSet::EMPTY, Action::PeopleOnly));
    }
}
