//! Activities: what somebody did in an app, normalised from the app's own events.
//!
//! [`Activity`] serialises to the wire record, so the store can keep its text and
//! give it back; the accessors are what lists filter and detections read.

mod category;
mod id;
mod parts;
mod raw;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use category::{EventCategory, GenericType};
pub use id::{ActivityId, ParseActivityIdError, tenant_number};
pub use parts::{
    ActivityResult, ActivityUser, AgentOs, Device, DeviceType, EntityData, EntityDatum, EventActor,
    EventObject, EventRouting, Internals, Location, MainInfo, ObjectRole, ObjectType, Session,
    UserAgent, UserName,
};
pub use raw::RawRecord;

use crate::entity::{EntityKey, Group};
use crate::ids::{SaasId, TenantId};
use crate::ip_range::IpCategory;
use crate::time::Timestamp;

/// Must be shown wherever a country is shown that was looked up in the built-in data
/// (Creative Commons BY 4.0).
pub const GEOIP_ATTRIBUTION: &str = "IP Geolocation by DB-IP, https://db-ip.com/";

/// `source` of an activity that an app connector read.
pub const SOURCE_APP_CONNECTOR: i32 = 2;

/// An activity as the wire has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// The record's id.
    #[serde(rename = "_id")]
    pub id: ActivityId,
    /// The tenant's number, see [`tenant_number`].
    pub tenant_id: i32,
    /// The tenant.
    pub aad_tenant_id: TenantId,
    /// The app in which it happened.
    pub app_id: SaasId,
    /// The same number.
    pub saas_id: SaasId,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The same time.
    pub timestamp_raw: Timestamp,
    /// When it was received.
    pub instantiation: Timestamp,
    /// The same time.
    pub instantiation_raw: Timestamp,
    /// When it was saved.
    pub created: Timestamp,
    /// The same time.
    pub created_raw: Timestamp,
    /// The number of the kind of event.
    pub event_type: i32,
    /// The name of the kind of event: `EVENT_AAD_LOGIN`.
    pub event_type_value: String,
    /// Which ways the event took.
    pub event_routing: EventRouting,
    /// The device it came from.
    pub device: Device,
    /// Where it came from.
    pub location: Location,
    /// Who did it.
    pub user: ActivityUser,
    /// The program it was done with.
    pub user_agent: UserAgent,
    /// Further addresses.
    pub internals: Internals,
    /// What was done, and to what.
    pub main_info: MainInfo,
    /// How sure the normalisation is, in percent.
    pub confidence_level: i32,
    /// Which part of the system recorded it: [`SOURCE_APP_CONNECTOR`].
    pub source: i32,
    /// The app whose interface delivered it.
    pub src_app_id: SaasId,
    /// The event as its source sent it.
    pub raw_data_json: RawRecord,
    /// Who did it, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_actor: Option<EventActor>,
    /// The same as `_id`.
    pub uid: ActivityId,
    /// The app's name.
    pub app_name: String,
    /// The kind of event across apps.
    pub event_type_name: EventCategory,
    /// `<app>:<kind of event>:<operation>`.
    pub action_type: String,
    /// Marks such as `access`.
    pub classifications: Vec<String>,
    /// The entities that take part, by their place.
    pub entity_data: EntityData,
    /// The description's template.
    #[serde(rename = "description_id")]
    pub description_id: String,
    /// What stands in the template's places.
    #[serde(rename = "description_metadata")]
    pub description_metadata: Map<String, Value>,
    /// What happened, in words.
    pub description: String,
    /// The kind of event in fewer words.
    pub generic_event_type: GenericType,
    /// How bad it is: `INFO`.
    pub severity: String,
    /// The user name of a failed sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_user_data: Option<UserName>,
    /// The session at the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
}

impl Activity {
    /// Marks who did it as of these groups, wherever the record names the account.
    pub fn put_groups(&mut self, groups: &[Group]) {
        let ids: Vec<String> = groups.iter().map(|group| group.id().to_string()).collect();
        let objects = self.main_info.event_objects.iter_mut();
        for object in objects.filter(|object| {
            object.role == ObjectRole::Actor && object.obj_type != ObjectType::AccountName
        }) {
            object.tags.clone_from(&ids);
        }
        if let Some(actor) = &mut self.resolved_actor {
            actor.tags.clone_from(&ids);
        }
        self.user.user_tags = ids;
    }

    /// The person's principal name, in the case of the source.
    pub fn user_name(&self) -> Option<&str> {
        self.user.user_name.as_deref()
    }

    /// Whether a person with an account acted, and no application or service.
    pub fn is_by_person(&self) -> bool {
        self.resolved_actor
            .as_ref()
            .and_then(|actor| ObjectType::from_value(actor.obj_type.parse().ok()?))
            .is_some_and(|kind| matches!(kind, ObjectType::Account | ObjectType::AccountName))
    }

    /// The key of the account that acted, which is what filters name a user by.
    pub fn user_key(&self) -> Option<EntityKey> {
        let actor = self.resolved_actor.as_ref()?;
        Some(EntityKey {
            id: actor.id.clone(),
            saas: SaasId(actor.saas_id.parse().ok()?),
            inst: actor.instance_id.parse().ok()?,
        })
    }

    /// The keys of all entities that take part, the actor's first.
    pub fn entity_keys(&self) -> impl Iterator<Item = &EntityKey> {
        self.entity_data.0.values().flatten().map(|datum| &datum.id)
    }

    /// The actor's name for display.
    pub fn display_name(&self) -> Option<&str> {
        self.resolved_actor
            .as_ref()
            .map(|actor| actor.name.as_str())
    }

    /// The address it came from.
    pub fn ip(&self) -> Option<IpAddr> {
        self.device.client_ip.as_deref()?.parse().ok()
    }

    /// ISO 3166 code of the country it came from.
    pub fn country(&self) -> Option<&str> {
        self.location.country_code.as_deref()
    }

    /// The city it came from.
    pub fn city(&self) -> Option<&str> {
        self.location.city.as_deref()
    }

    /// The provider of the address.
    pub fn isp(&self) -> Option<&str> {
        self.location.organization_searchable.as_deref()
    }

    /// What the address is.
    pub fn ip_category(&self) -> IpCategory {
        self.location.category
    }

    /// Ids of the address's tags.
    pub fn ip_tags(&self) -> &[String] {
        &self.location.ip_tags
    }

    /// The instance of the app.
    pub fn instance(&self) -> i32 {
        self.user_key().map_or(0, |key| key.inst)
    }

    /// The kind of device.
    pub fn device_type(&self) -> DeviceType {
        self.user_agent.device_type
    }

    /// The program's own text.
    pub fn agent_text(&self) -> Option<&str> {
        self.device.user_agent.as_deref()
    }

    /// Ids of the program's tags.
    pub fn agent_tags(&self) -> &[String] {
        &self.user_agent.tags
    }

    /// Whether an administrator's work is recorded.
    pub fn is_admin_event(&self) -> bool {
        self.event_routing.admin_event
    }

    /// Whether somebody acted in another's name.
    pub fn is_impersonated(&self) -> bool {
        self.main_info
            .event_objects
            .iter()
            .any(|object| object.role == ObjectRole::OnBehalfOf)
    }

    /// Whether it succeeded; what does not say so did.
    pub fn is_success(&self) -> bool {
        self.main_info
            .activity_result
            .as_ref()
            .is_none_or(|result| result.is_success)
    }

    /// Ids and names of the objects it was done to.
    pub fn targets(&self) -> impl Iterator<Item = &EventObject> {
        self.main_info
            .event_objects
            .iter()
            .filter(|object| object.role == ObjectRole::Target)
    }
}

#[cfg(test)]
mod tests;
