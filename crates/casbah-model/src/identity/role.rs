//! Directory roles: what a person may do in the tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// A text names no directory role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a directory role: {0:?}")]
pub struct ParseRoleError(String);

/// A built-in role of the directory, by Entra's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DirectoryRole {
    /// Everything.
    GlobalAdministrator,
    /// Assigns roles; may consent to application permissions.
    PrivilegedRoleAdministrator,
    /// Registers and manages applications; may consent to delegated permissions.
    CloudApplicationAdministrator,
    /// Registers and manages applications; may consent to delegated permissions.
    ApplicationAdministrator,
    /// Manages alerts, policies and settings.
    SecurityAdministrator,
    /// Handles alerts.
    SecurityOperator,
    /// Reads alerts, activities and reports.
    SecurityReader,
    /// Reads everything that administrators can read.
    GlobalReader,
    /// Manages this product alone: alerts, policies, discovery and settings.
    CloudAppSecurityAdministrator,
    /// Manages compliance: policies and alerts.
    ComplianceAdministrator,
}

impl DirectoryRole {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::GlobalAdministrator,
        Self::PrivilegedRoleAdministrator,
        Self::CloudApplicationAdministrator,
        Self::ApplicationAdministrator,
        Self::SecurityAdministrator,
        Self::SecurityOperator,
        Self::SecurityReader,
        Self::GlobalReader,
        Self::CloudAppSecurityAdministrator,
        Self::ComplianceAdministrator,
    ];

    /// The name that people read.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "Global Administrator",
            Self::PrivilegedRoleAdministrator => "Privileged Role Administrator",
            Self::CloudApplicationAdministrator => "Cloud Application Administrator",
            Self::ApplicationAdministrator => "Application Administrator",
            Self::SecurityAdministrator => "Security Administrator",
            Self::SecurityOperator => "Security Operator",
            Self::SecurityReader => "Security Reader",
            Self::GlobalReader => "Global Reader",
            Self::CloudAppSecurityAdministrator => "Cloud App Security Administrator",
            Self::ComplianceAdministrator => "Compliance Administrator",
        }
    }
}

impl DirectoryRole {
    /// The role's id, the same in every directory (Microsoft Learn, *Microsoft Entra
    /// built-in roles*, template ids).
    pub const fn template_id(self) -> Uuid {
        match self {
            Self::GlobalAdministrator => uuid!("62e90394-69f5-4237-9190-012177145e10"),
            Self::PrivilegedRoleAdministrator => uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814"),
            Self::CloudApplicationAdministrator => uuid!("158c047a-c907-4556-b7ef-446551a6b5f7"),
            Self::ApplicationAdministrator => uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
            Self::SecurityAdministrator => uuid!("194ae4cb-b126-40b2-bd5b-6091b380977d"),
            Self::SecurityOperator => uuid!("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"),
            Self::SecurityReader => uuid!("5d6b6bb7-de71-4623-b4af-96380a352509"),
            Self::GlobalReader => uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
            Self::CloudAppSecurityAdministrator => uuid!("892c5842-a9a6-463a-8041-72aa08ca3cf6"),
            Self::ComplianceAdministrator => uuid!("17315797-102d-40b4-93e0-432062caca18"),
        }
    }

    /// The role with this template id.
    pub fn by_template_id(id: Uuid) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.template_id() == id)
    }

    /// What its holder may do here, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "May do everything in the tenant.",
            Self::PrivilegedRoleAdministrator => {
                "Manages people and their roles, and consents to application permissions."
            }
            Self::CloudApplicationAdministrator | Self::ApplicationAdministrator => {
                "Registers and manages applications, and consents to delegated permissions."
            }
            Self::SecurityAdministrator => "Manages alerts, policies and settings.",
            Self::SecurityOperator => "Handles alerts.",
            Self::SecurityReader => "Reads alerts, activities and reports.",
            Self::GlobalReader => "Reads all that administrators can read.",
            Self::CloudAppSecurityAdministrator => {
                "Manages alerts, policies, discovery and settings."
            }
            Self::ComplianceAdministrator => "Manages policies and alerts of compliance.",
        }
    }

    /// Whether the role leads to every other: its holders can give roles away.
    pub const fn is_privileged(self) -> bool {
        matches!(
            self,
            Self::GlobalAdministrator | Self::PrivilegedRoleAdministrator
        )
    }
}

impl fmt::Display for DirectoryRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.display_name())
    }
}

impl FromStr for DirectoryRole {
    type Err = ParseRoleError;

    /// Reads a role's name, with or without spaces and without regard to case.
    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        let folded = |name: &str| name.replace([' ', '-', '_'], "").to_ascii_lowercase();
        let wanted = folded(text);
        Self::ALL
            .into_iter()
            .find(|role| folded(role.display_name()) == wanted)
            .ok_or_else(|| ParseRoleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_its_names() {
        for role in DirectoryRole::ALL {
            assert_eq!(role.display_name().parse(), Ok(role));
            let stored = serde_json::to_value(role).unwrap();
            assert_eq!(stored.as_str().unwrap().parse(), Ok(role));
            assert_eq!(
                DirectoryRole::by_template_id(role.template_id()),
                Some(role)
            );
        }
        assert_eq!("security-reader".parse(), Ok(DirectoryRole::SecurityReader));
        assert!("janitor".parse::<DirectoryRole>().is_err());
    }
}
