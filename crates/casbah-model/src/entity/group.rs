//! Groups that follow from what Casbah knows of accounts.
//!
//! No directory's own groups are read, so there are no others: nobody is put into a
//! group by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RecordId;

/// A built-in group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Whoever is outside the tenant's domains.
    External,
    /// Applications and services.
    Applications,
    /// Whoever was seen to administer an app.
    Administrators,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::External, Self::Applications, Self::Administrators];

    /// The group's id. The first two are the original's (recorded answers published with
    /// demisto/content), the last is Casbah's own.
    pub const fn id(self) -> RecordId {
        match self {
            Self::External => built_in(0x20),
            Self::Applications => built_in(0x3b),
            Self::Administrators => RecordId::from_bytes(*b"casbah-grp01"),
        }
    }

    /// The group with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        let id: RecordId = id.parse().ok()?;
        Self::ALL.into_iter().find(|group| group.id() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::External => "External users",
            Self::Applications => "Application (Cloud App Security)",
            Self::Administrators => "Administrators",
        }
    }

    /// Who is in it.
    pub const fn description(self) -> &'static str {
        match self {
            Self::External => "Whoever is outside the tenant's domains",
            Self::Applications => "Applications and services that act by themselves",
            Self::Administrators => "Whoever was seen to administer an app",
        }
    }

    /// The group on the wire.
    pub fn with_count(self, users_count: u64) -> UserGroup {
        UserGroup {
            record_id: self.id(),
            id: self.id(),
            name: self.name().to_owned(),
            description: self.description().to_owned(),
            users_count,
        }
    }
}

/// Ids of the original's built-in groups begin with their number.
const fn built_in(number: u8) -> RecordId {
    RecordId::from_bytes([0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// A group as the wire has it (`userGroups[]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserGroup {
    /// The record's id.
    #[serde(rename = "_id")]
    pub record_id: RecordId,
    /// The group's id.
    pub id: RecordId,
    /// Its name.
    pub name: String,
    /// Who is in it.
    pub description: String,
    /// How many people, and accounts of nobody known; counted to 10,000.
    pub users_count: u64,
}

/// What an account is seen to be, which puts it into groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether it is outside the tenant's domains.
    pub is_external: bool,
    /// Whether it is an application or a service.
    pub is_program: bool,
    /// Whether it administers an app.
    pub is_admin: bool,
}

impl Standing {
    /// The groups that it is in.
    pub fn groups(self) -> impl Iterator<Item = Group> {
        Group::ALL.into_iter().filter(move |group| match group {
            Group::External => self.is_external,
            Group::Applications => self.is_program,
            Group::Administrators => self.is_admin,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_their_ids() {
        assert_eq!(Group::External.id().to_string(), "000000200000000000000000");
        for group in Group::ALL {
            assert_eq!(Group::from_id(&group.id().to_string()), Some(group));
        }
        assert_eq!(Group::from_id("5e6fa9ade2367fc6340f487e"), None);
    }
}
