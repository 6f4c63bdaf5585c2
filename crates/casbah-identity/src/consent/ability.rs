//! What the directory roles of people allow in matters of applications.

use casbah_model::identity::{DirectoryRole, User};

/// Something that not everyone may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Consent to app roles: give an application permissions of its own.
    ConsentToAppRoles,
    /// Consent to delegated scopes on behalf of everyone.
    ConsentForEveryone,
    /// Change, disable and delete anybody's applications, add their secrets.
    ManageApplications,
    /// Register applications where the tenant does not allow it to everyone.
    RegisterApplications,
    /// Create people, give them roles and passwords.
    ManagePeople,
    /// Say what people without a role may do.
    ManagePolicies,
    /// Say what the organisation is called.
    ManageOrganization,
    /// Say through which other providers people sign in.
    ManageSignIn,
}

impl Ability {
    const fn roles(self) -> &'static [DirectoryRole] {
        use DirectoryRole::{
            ApplicationAdministrator, CloudApplicationAdministrator, GlobalAdministrator,
            PrivilegedRoleAdministrator,
        };
        match self {
            Self::ConsentToAppRoles | Self::ManagePeople | Self::ManagePolicies => {
                &[GlobalAdministrator, PrivilegedRoleAdministrator]
            }
            // Consent pages of other tenants show the name, and a provider can sign in
            // anybody of the tenant, this role's holders, too.
            Self::ManageOrganization | Self::ManageSignIn => &[GlobalAdministrator],
            Self::ConsentForEveryone => &[
                GlobalAdministrator,
                PrivilegedRoleAdministrator,
                CloudApplicationAdministrator,
                ApplicationAdministrator,
            ],
            Self::ManageApplications | Self::RegisterApplications => &[
                GlobalAdministrator,
                CloudApplicationAdministrator,
                ApplicationAdministrator,
            ],
        }
    }
}

/// Whether a person may do it, by the roles held and not being disabled.
pub fn may(user: &User, ability: Ability) -> bool {
    user.enabled && user.has_any_role(ability.roles())
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::ids::{ObjectId, TenantId};
    use casbah_model::time::Timestamp;

    fn person(role: Option<DirectoryRole>) -> User {
        User {
            id: ObjectId::random(),
            tenant: TenantId::random(),
            upn: "ada@a.example".into(),
            display_name: "Ada".into(),
            roles: role.into_iter().collect(),
            enabled: true,
            password: None,
            must_change_password: false,
            created: Timestamp(0),
            sign_ins_from: Timestamp(0),
            tokens_from: 0,
        }
    }

    #[test]
    fn application_permissions_are_for_two_roles_only() {
        for role in DirectoryRole::ALL {
            let expected = matches!(
                role,
                DirectoryRole::GlobalAdministrator | DirectoryRole::PrivilegedRoleAdministrator
            );
            let mut user = person(Some(role));
            assert_eq!(may(&user, Ability::ConsentToAppRoles), expected, "{role}");
            user.enabled = false;
            assert!(!may(&user, Ability::ConsentToAppRoles));
        }
    }

    #[test]
    fn application_administrators_manage_but_do_not_grant_app_roles() {
        let user = person(Some(DirectoryRole::ApplicationAdministrator));
        assert!(may(&user, Ability::ManageApplications));
        assert!(may(&user, Ability::ConsentForEveryone));
        assert!(!may(&user, Ability::ConsentToAppRoles));
        assert!(!may(&user, Ability::ManagePeople));
    }

    #[test]
    fn only_who_may_do_everything_speaks_for_the_whole_organisation() {
        for role in DirectoryRole::ALL {
            let expected = role == DirectoryRole::GlobalAdministrator;
            let user = person(Some(role));
            assert_eq!(may(&user, Ability::ManageSignIn), expected, "{role}");
            assert_eq!(may(&user, Ability::ManageOrganization), expected, "{role}");
        }
    }

    #[test]
    fn readers_and_people_without_a_role_may_nothing() {
        for user in [person(None), person(Some(DirectoryRole::SecurityReader))] {
            for ability in [
                Ability::ConsentToAppRoles,
                Ability::ConsentForEveryone,
                Ability::ManageApplications,
                Ability::RegisterApplications,
                Ability::ManagePeople,
                Ability::ManagePolicies,
                Ability::ManageOrganization,
                Ability::ManageSignIn,
            ] {
                assert!(!may(&user, ability), "{ability:?}");
            }
        }
    }
}
