//! Directory roles: what a person may do in the tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
        }
        assert_eq!("security-reader".parse(), Ok(DirectoryRole::SecurityReader));
        assert!("janitor".parse::<DirectoryRole>().is_err());
    }
}
