//! Entities: people, and their accounts in apps.

mod group;
mod person;

pub use group::{Group, Standing, UserGroup};
pub use person::{address_of, person_of};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{RecordId, SaasId};
use crate::wire_enum::wire_enum;

wire_enum!(
    /// `type`: a person, or one of a person's accounts.
    EntityType {
        /// An account in an app.
        Account = 1,
        /// A person.
        User = 2,
    }
);

wire_enum!(
    /// `status` of an entity.
    EntityStatus {
        /// Not known.
        NotApplicable = 0,
        /// Prepared.
        Staged = 1,
        /// In use.
        Active = 2,
        /// Suspended.
        Suspended = 3,
        /// Deleted.
        Deleted = 4,
    }
);

/// What names an account or user across apps: the `pk` of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EntityKey {
    /// The id within the app.
    pub id: String,
    /// The app.
    pub saas: SaasId,
    /// The app's instance.
    pub inst: i32,
}

impl EntityKey {
    /// `saas|inst|id`, the field `ii`.
    pub fn ii(&self) -> String {
        format!("{}|{}|{}", self.saas, self.inst, self.id)
    }
}

/// An entity as the wire has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// The record's id.
    #[serde(rename = "_id")]
    pub record_id: RecordId,
    /// The id within the app.
    pub id: String,
    /// Account or user.
    #[serde(rename = "type")]
    pub kind: EntityType,
    /// The kind of id: 17 for a directory object, 1 otherwise.
    pub id_type: i32,
    /// Whether it is in use.
    pub status: EntityStatus,
    /// The name for display.
    pub display_name: String,
    /// The pk as JSON text.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The domain of the address.
    pub domain: Option<String>,
    /// The organization.
    pub organization: Option<String>,
    /// The administrator role.
    pub role: Option<String>,
    /// Whether it administers an app.
    pub is_admin: bool,
    /// Whether it is outside the tenant's domains.
    pub is_external: bool,
    /// Whether it is only a place-holder.
    pub is_fake: bool,
    /// When it was last active: ISO 8601.
    pub last_seen: Option<String>,
    /// Groups.
    pub user_groups: Vec<UserGroup>,
    /// Further names.
    pub identifiers: Vec<String>,
    /// Security identifier.
    pub sid: Option<String>,
    /// The app.
    pub app_data: AppData,
    /// Apps within the app.
    pub sub_apps: Vec<Value>,
    /// Investigation priority.
    pub threat_score: Option<i32>,
    /// Its course.
    pub threat_score_history: Vec<Value>,
    /// Its trends.
    pub score_trends: Option<Value>,
    /// When the score was computed.
    pub sctime: Option<i64>,
    /// `saas|inst|id`.
    pub ii: String,
    /// What can be done with it.
    pub actions: Vec<Value>,
}

/// The app of an entity (`appData`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppData {
    /// The app's number.
    pub app_id: SaasId,
    /// Its name.
    pub name: String,
    /// The app's number again.
    pub saas: SaasId,
    /// The instance.
    pub instance: i32,
}

/// What one event shows of an account or user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityObservation {
    /// Which one.
    pub key: EntityKey,
    /// Account or user.
    pub kind: EntityType,
    /// The name for display.
    pub display_name: String,
    /// The principal name of the person behind it; accounts of several apps are
    /// one person's if [`person_of`] says the same of it.
    pub principal_name: Option<String>,
    /// Whether the event shows it administering.
    pub is_admin: bool,
    /// Whether it is an application or a service.
    pub is_program: bool,
    /// Whether it is from outside the tenant; none where the event does not tell.
    pub is_external: Option<bool>,
    /// When the event happened.
    pub seen: crate::time::Timestamp,
}
