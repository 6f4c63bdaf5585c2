//! What is counted of the use of permissions.

use super::{Action, CasbahRole, Permission};

/// An app role that is granted to applications, of either of our resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApplicationRole {
    /// Of *Microsoft Cloud App Security*.
    CloudAppSecurity(Permission),
    /// Of *Casbah*.
    Casbah(CasbahRole),
}

/// Something an application did that needed a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// An action of the permission table.
    Action(Action),
    /// What a role of *Casbah* is for.
    Role(CasbahRole),
}

impl ApplicationRole {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = CasbahRole::ALL.into_iter().map(Self::Casbah);
        Permission::ALL
            .into_iter()
            .map(Self::CloudAppSecurity)
            .chain(own)
    }

    /// The value in a token's `roles`; no two roles share one.
    pub const fn value(self) -> &'static str {
        match self {
            Self::CloudAppSecurity(permission) => permission.value(),
            Self::Casbah(role) => role.value(),
        }
    }

    /// The role with this value.
    pub fn from_value(value: &str) -> Option<Self> {
        Self::all().find(|role| role.value() == value)
    }

    /// Whether this role alone allows `what`.
    pub fn allows(self, what: Use) -> bool {
        match (self, what) {
            (Self::CloudAppSecurity(permission), Use::Action(action)) => permission.allows(action),
            (Self::Casbah(role), Use::Role(used)) => role == used,
            _ => false,
        }
    }
}

impl Use {
    /// Its name, as it is stored and answered.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action(action) => match action {
                Action::ActivitiesRead => "activities.read",
                Action::ActivitiesFeedback => "activities.feedback",
                Action::AlertsRead => "alerts.read",
                Action::AlertsClose => "alerts.close",
                Action::EntitiesRead => "entities.read",
                Action::IpRangesRead => "ip_ranges.read",
                Action::IpRangesManage => "ip_ranges.manage",
                Action::DiscoveryRead => "reports.read",
                Action::DiscoveryManage => "reports.manage",
                Action::PeopleOnly => "people_only",
                Action::PoliciesManage => "policies.manage",
            },
            Self::Role(role) => role.value(),
        }
    }

    /// The use of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let roles = CasbahRole::ALL.into_iter().map(Self::Role);
        let mut all = Action::ALL.into_iter().map(Self::Action).chain(roles);
        all.find(|what| what.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_used_once_and_reads_back() {
        let roles: HashSet<_> = ApplicationRole::all().map(ApplicationRole::value).collect();
        assert_eq!(roles.len(), 12);
        for role in ApplicationRole::all() {
            assert_eq!(ApplicationRole::from_value(role.value()), Some(role));
        }
        for action in Action::ALL.map(Use::Action) {
            assert_eq!(Use::from_name(action.name()), Some(action));
        }
    }
}
