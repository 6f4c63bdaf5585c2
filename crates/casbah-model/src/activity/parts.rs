//! The objects within an activity.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entity::EntityKey;
use crate::ids::SaasId;
use crate::ip_range::IpCategory;
use crate::wire_enum::wire_enum;

/// Which ways an event took (`eventRouting`).
#[expect(
    clippy::struct_excessive_bools,
    reason = "the wire has four independent flags"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventRouting {
    /// Always false here: no packed events.
    pub scuba_unpacker: bool,
    /// Whether a connector fetched it.
    pub lograbber: bool,
    /// Whether it is in the activity log.
    pub auditing: bool,
    /// Whether an administrator's work is recorded.
    #[serde(default)]
    pub admin_event: bool,
}

/// The device of an activity. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// The address.
    #[serde(rename = "clientIP", skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// The program's own text.
    #[serde(rename = "userAgent", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// ISO 3166 code.
    #[serde(rename = "countryCode", skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
}

/// Where an activity came from. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// ISO 3166 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The region's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_code: Option<String>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Degrees east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Degrees north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// The provider of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_searchable: Option<String>,
    /// Whether the address hides who uses it.
    pub anonymous_proxy: bool,
    /// Whether the address is a satellite provider's.
    pub is_satellite_provider: bool,
    /// What the address is.
    pub category: IpCategory,
    /// The same as a word.
    pub category_value: Option<String>,
    /// Ids of the address's tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_tags: Vec<String>,
}

impl Default for Location {
    fn default() -> Self {
        Self {
            country_code: None,
            city: None,
            region_code: None,
            region: None,
            longitude: None,
            latitude: None,
            organization_searchable: None,
            anonymous_proxy: false,
            is_satellite_provider: false,
            category: IpCategory::None,
            category_value: None,
            ip_tags: Vec::new(),
        }
    }
}

/// Who did it (`user`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityUser {
    /// The principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Ids of the user's groups.
    pub user_tags: Vec<String>,
}

/// A bare user name (`failedUserData`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserName {
    /// The name that was tried.
    pub user_name: String,
}

/// A session at the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id there.
    pub session_id: String,
}

/// `userAgent.deviceType`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DeviceType {
    /// A computer.
    Desktop,
    /// A telephone.
    Mobile,
    /// A tablet.
    Tablet,
    /// None of these, or not known.
    #[default]
    #[serde(other)]
    Other,
}

impl DeviceType {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "DESKTOP",
            Self::Mobile => "MOBILE",
            Self::Tablet => "TABLET",
            Self::Other => "OTHER",
        }
    }
}

/// The program an activity was done with (`userAgent`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserAgent {
    /// The family: `CHROME`.
    pub family: String,
    /// The name: `Chrome`.
    pub name: String,
    /// The operating system.
    pub operating_system: AgentOs,
    /// `Browser`, `Application` or `Unknown`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same.
    pub type_name: String,
    /// The kind of device.
    pub device_type: DeviceType,
    /// Whether it is a native program and no browser.
    pub native_browser: bool,
    /// Ids of tags.
    pub tags: Vec<String>,
    /// The operating system's family.
    pub os: String,
    /// The same as the family.
    pub browser: String,
    /// `91.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `91`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major: Option<String>,
    /// `0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<String>,
}

/// An operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentOs {
    /// `Windows 10`.
    pub name: String,
    /// `Windows`.
    pub family: String,
    /// `10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Further addresses of an activity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Internals {
    /// The addresses.
    #[serde(rename = "otherIPs")]
    pub other_ips: Vec<String>,
}

/// What was done (`mainInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MainInfo {
    /// What took part.
    pub event_objects: Vec<EventObject>,
    /// The operation as the source names it.
    pub raw_operation_name: String,
    /// The same for people to read.
    pub pretty_operation_name: String,
    /// `login`, `failedLogin` or `basic`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it ended, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_result: Option<ActivityResult>,
}

/// How an activity ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityResult {
    /// Whether it succeeded.
    pub is_success: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

wire_enum!(
    /// `objType` of an object; the recordings show the numbers.
    ObjectType {
        /// A file, site or other item.
        Item = 1,
        /// A person known only by name.
        Person = 2,
        /// An application.
        Application = 6,
        /// A property of the event.
        Property = 7,
        /// An account by its principal name.
        AccountName = 21,
        /// An account that is not known in the tenant.
        UnknownAccount = 22,
        /// An account by its directory id.
        Account = 23,
    }
);

wire_enum!(
    /// `role` of an object.
    ObjectRole {
        /// The program that was used.
        Tool = 1,
        /// Who failed to sign in.
        FailedActor = 2,
        /// What it was done to.
        Target = 3,
        /// Who did it.
        Actor = 4,
        /// The account of who did it.
        ActorAccount = 5,
        /// In whose name it was done.
        OnBehalfOf = 6,
    }
);

/// Something that took part in an activity (`mainInfo.eventObjects[]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventObject {
    /// What it is.
    pub obj_type: ObjectType,
    /// Its part.
    pub role: ObjectRole,
    /// Ids of tags.
    pub tags: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The source's word for what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_object_type: Option<String>,
    /// The app's instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<i32>,
    /// The app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saas_id: Option<SaasId>,
    /// Whether it is known in the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
    /// The same number for all objects that are one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<i32>,
    /// A property's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Who did it (`resolvedActor`): numbers are text here, unlike in [`EventObject`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventActor {
    /// The account's id within its app.
    pub id: String,
    /// The app.
    pub saas_id: String,
    /// The app's instance.
    pub instance_id: String,
    /// Ids of groups.
    pub tags: Vec<String>,
    /// What it is, see [`ObjectType`].
    pub obj_type: String,
    /// The name for display.
    pub name: String,
    /// Its part, see [`ObjectRole`].
    pub role: String,
    /// Whether it is known in the tenant.
    pub resolved: bool,
}

/// One entity in [`EntityData`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntityDatum {
    /// The name for display.
    pub display_name: String,
    /// The key.
    pub id: EntityKey,
    /// Whether it is known in the tenant.
    pub resolved: bool,
}

/// The entities of an activity: an object keyed by small numbers on the wire, in
/// which a place may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EntityData(pub BTreeMap<u32, Option<EntityDatum>>);
