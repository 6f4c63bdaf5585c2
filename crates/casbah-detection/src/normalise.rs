//! From a source's event to the activity of the wire.

use std::collections::BTreeMap;
use std::net::IpAddr;

use casbah_model::activity::{
    Activity, ActivityId, ActivityResult, ActivityUser, AgentOs, Device, DeviceType, EntityData,
    EntityDatum, EventActor, EventCategory, EventObject, EventRouting, Internals, Location,
    MainInfo, ObjectRole, ObjectType, SOURCE_APP_CONNECTOR, Session, UserAgent, UserName,
    tenant_number,
};
use casbah_model::entity::EntityKey;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::enrich::{Enricher, RangeIndex};
use crate::sources::{Actor, ActorKind, App, Outcome, SourceEvent};

/// How sure a reading after the vendor's schema is, in percent.
const CONFIDENCE: i32 = 30;

/// Makes activities of one tenant's events.
pub struct Normaliser<'a> {
    tenant: TenantId,
    enricher: &'a Enricher,
    ranges: &'a RangeIndex,
}

impl<'a> Normaliser<'a> {
    /// For a tenant and its IP ranges.
    pub const fn new(tenant: TenantId, enricher: &'a Enricher, ranges: &'a RangeIndex) -> Self {
        Self {
            tenant,
            enricher,
            ranges,
        }
    }

    /// The activity of an event that was received at `received`.
    pub fn activity(&self, event: &SourceEvent, received: Timestamp) -> Activity {
        let id = ActivityId::derive(
            self.tenant,
            event.source.name(),
            &event.source_id,
            event.timestamp,
        );
        let location = event
            .address
            .map_or_else(Location::default, |address| self.location(address));
        let actor = event.actor.as_ref();
        let failed = event.category == EventCategory::FailedLogin;
        let keys = actor.map(ActorKeys::of);
        let (description_id, description_metadata, description) = describe(event);
        let address = event.address.map(|address| address.to_string());

        Activity {
            id,
            tenant_id: tenant_number(self.tenant),
            aad_tenant_id: self.tenant,
            app_id: event.app.id,
            saas_id: event.app.id,
            timestamp: event.timestamp,
            timestamp_raw: event.timestamp,
            instantiation: received,
            instantiation_raw: received,
            created: received,
            created_raw: received,
            event_type: event.kind.1,
            event_type_value: event.kind.0.to_owned(),
            event_routing: EventRouting {
                scuba_unpacker: false,
                lograbber: true,
                auditing: true,
                admin_event: event.is_admin,
            },
            device: Device {
                client_ip: address.clone(),
                user_agent: event.user_agent.clone(),
                country_code: location.country_code.clone(),
            },
            location,
            user: ActivityUser {
                user_name: actor.map(|actor| actor.name.clone()),
                user_tags: Vec::new(),
            },
            user_agent: event
                .user_agent
                .as_deref()
                .map_or_else(unknown_agent, |text| (*self.enricher.agent(text)).clone()),
            internals: Internals {
                other_ips: address.into_iter().collect(),
            },
            main_info: MainInfo {
                event_objects: objects(event, keys.as_ref()),
                raw_operation_name: event.operation.clone(),
                pretty_operation_name: event.pretty_operation.clone(),
                kind: match event.category {
                    EventCategory::Login => "login",
                    EventCategory::FailedLogin => "failedLogin",
                    _ => "basic",
                }
                .to_owned(),
                activity_result: result(&event.outcome),
            },
            confidence_level: CONFIDENCE,
            source: SOURCE_APP_CONNECTOR,
            src_app_id: event.reported_by.id,
            raw_data_json: event.raw.clone(),
            resolved_actor: keys.as_ref().map(ActorKeys::resolved),
            uid: id,
            app_name: event.app.name.to_owned(),
            event_type_name: event.category,
            action_type: format!("{}:{}:{}", event.app.id, event.kind.0, event.action),
            classifications: match event.category {
                EventCategory::Login | EventCategory::FailedLogin => vec!["access".to_owned()],
                _ => Vec::new(),
            },
            entity_data: keys.map_or_else(EntityData::default, ActorKeys::into_data),
            description_id,
            description_metadata,
            description,
            generic_event_type: event.category.generic(),
            severity: "INFO".to_owned(),
            failed_user_data: actor.filter(|_| failed).map(|actor| UserName {
                user_name: actor.name.clone(),
            }),
            session: event
                .session
                .clone()
                .map(|session_id| Session { session_id }),
        }
    }

    /// The activity with what is known of its address now; none if that changes nothing.
    pub fn with_location_of_now(&self, activity: &Activity) -> Option<Activity> {
        let location = self.location(activity.ip()?);
        let same_country = activity.device.country_code == location.country_code;
        if activity.location == location && same_country {
            return None;
        }
        let mut activity = activity.clone();
        activity
            .device
            .country_code
            .clone_from(&location.country_code);
        activity.location = location;
        Some(activity)
    }

    fn location(&self, address: IpAddr) -> Location {
        self.enricher
            .address(address)
            .location(self.ranges.find(address))
    }
}

/// The names under which an actor is known: the principal name, and the account's
/// id where the source gives one.
struct ActorKeys {
    name: String,
    user: EntityKey,
    account: Option<EntityKey>,
    resolved: bool,
    link: i32,
    /// An application or the service itself is the same kind of object whatever it is
    /// known by; nothing else in the record tells it from a person.
    is_program: bool,
}

impl ActorKeys {
    fn of(actor: &Actor) -> Self {
        let app = App::OFFICE_365;
        let user = actor.name.to_lowercase();
        let link = Uuid::new_v5(&Uuid::NAMESPACE_OID, user.as_bytes()).into_bytes();
        let key = |id: String| EntityKey {
            id,
            saas: app.id,
            inst: 0,
        };
        Self {
            name: actor.name.clone(),
            account: actor.object_id.clone().map(key),
            user: key(user),
            resolved: actor.object_id.is_some() || actor.name.contains('@'),
            link: i32::from_be_bytes([link[0], link[1], link[2], link[3]]),
            is_program: matches!(actor.kind, ActorKind::Application | ActorKind::System),
        }
    }

    fn resolved(&self) -> EventActor {
        let kind = match (&self.account, self.resolved) {
            _ if self.is_program => ObjectType::Application,
            (Some(_), _) => ObjectType::Account,
            (None, true) => ObjectType::AccountName,
            (None, false) => ObjectType::UnknownAccount,
        };
        let key = self.account.as_ref().unwrap_or(&self.user);
        EventActor {
            id: key.id.clone(),
            saas_id: key.saas.to_string(),
            instance_id: key.inst.to_string(),
            tags: Vec::new(),
            obj_type: kind.value().to_string(),
            name: self.name.clone(),
            role: ObjectRole::Actor.value().to_string(),
            resolved: self.resolved,
        }
    }

    fn object(&self, kind: ObjectType, key: &EntityKey) -> EventObject {
        let kind = if self.is_program {
            ObjectType::Application
        } else {
            kind
        };
        EventObject {
            id: Some(key.id.clone()),
            instance_id: Some(key.inst),
            saas_id: Some(key.saas),
            resolved: Some(self.resolved),
            link: Some(self.link),
            ..plain_object(kind, ObjectRole::Actor, &self.name)
        }
    }

    /// Place 0 is the person, place 2 the account; place 1 stays empty, as recorded.
    fn into_data(self) -> EntityData {
        let datum = |id: EntityKey| EntityDatum {
            display_name: self.name.clone(),
            id,
            resolved: self.resolved,
        };
        let account = self.account.map(datum);
        let mut places = BTreeMap::from([(0, Some(datum(self.user))), (1, None)]);
        if account.is_some() {
            places.insert(2, account);
        }
        EntityData(places)
    }
}

fn objects(event: &SourceEvent, actor: Option<&ActorKeys>) -> Vec<EventObject> {
    let targets = event.targets.iter().map(|target| EventObject {
        id: target.id.clone(),
        service_object_type: target.kind.clone(),
        ..plain_object(ObjectType::Item, ObjectRole::Target, &target.name)
    });
    let owner = event
        .on_behalf_of
        .iter()
        .map(|owner| plain_object(ObjectType::Person, ObjectRole::OnBehalfOf, owner));
    let actors = actor.into_iter().flat_map(|actor| {
        let account = actor.account.as_ref();
        let account = account.map(|key| actor.object(ObjectType::Account, key));
        [actor.object(ObjectType::AccountName, &actor.user)]
            .into_iter()
            .chain(account)
    });
    targets.chain(owner).chain(actors).collect()
}

fn plain_object(obj_type: ObjectType, role: ObjectRole, name: &str) -> EventObject {
    EventObject {
        obj_type,
        role,
        tags: Vec::new(),
        name: name.to_owned(),
        id: None,
        service_object_type: None,
        instance_id: None,
        saas_id: None,
        resolved: None,
        link: None,
        value: None,
    }
}

fn result(outcome: &Outcome) -> Option<ActivityResult> {
    match outcome {
        Outcome::Unstated => None,
        Outcome::Success => Some(ActivityResult {
            is_success: true,
            message: None,
        }),
        Outcome::Failure(message) => Some(ActivityResult {
            is_success: false,
            message: message.clone(),
        }),
    }
}

/// The description's template, what stands in its places, and the whole text.
fn describe(event: &SourceEvent) -> (String, Map<String, Value>, String) {
    let mut places = Map::new();
    let mut put = |name: &str, value: &str| places.insert(name.to_owned(), value.into());
    put("colon", "");
    put("dash", "");
    let (template, text) = match event.category {
        EventCategory::Login => {
            put("event_category", event.category.label());
            ("EVENT_DESCRIPTION_LOGIN", event.category.label().to_owned())
        }
        EventCategory::FailedLogin => {
            let message = match &event.outcome {
                Outcome::Failure(Some(message)) => format!("(Failure message: {message})"),
                _ => String::new(),
            };
            put("event_category", event.category.label());
            put("activity_result_message", &message);
            let text = format!("{} {message}", event.category.label());
            ("EVENT_DESCRIPTION_FAILED_LOGIN", text.trim_end().to_owned())
        }
        _ => {
            let target = event.targets.first();
            let name = target.map_or("", |target| target.name.as_str());
            put("operation_name", &event.pretty_operation);
            put("target_object", name);
            let text = match target.and_then(|target| Some((target.kind.as_deref()?, name))) {
                Some((kind, name)) => {
                    let kind = kind.to_lowercase();
                    format!("{}: {kind} {name}", event.pretty_operation)
                }
                None => event.pretty_operation.clone(),
            };
            ("EVENT_DESCRIPTION_BASIC_EVENT", text)
        }
    };
    (template.to_owned(), places, text)
}

fn unknown_agent() -> UserAgent {
    let unknown = || "Unknown".to_owned();
    UserAgent {
        family: "UNKNOWN".to_owned(),
        name: unknown(),
        operating_system: AgentOs {
            name: unknown(),
            family: unknown(),
            version: None,
        },
        kind: unknown(),
        type_name: unknown(),
        device_type: DeviceType::Other,
        native_browser: false,
        tags: Vec::new(),
        os: "OTHER".to_owned(),
        browser: "UNKNOWN".to_owned(),
        version: None,
        major: None,
        minor: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::Source;

    fn activity(record: &Value) -> Activity {
        let enricher = Enricher::new().unwrap();
        let ranges = RangeIndex::default();
        let tenant = TenantId::new(Uuid::from_u128(0xebac_1a16 << 96));
        let event = Source::Microsoft365.parse(&record.to_string()).unwrap();
        Normaliser::new(tenant, &enricher, &ranges).activity(&event, Timestamp(1_767_326_700_000))
    }

    #[test]
    fn a_sign_in_becomes_an_activity() {
        let activity = activity(&json!({
            "Id": "e1717ca5", "CreationTime": "2026-01-02T03:04:05", "Operation": "UserLoginFailed",
            "Workload": "AzureActiveDirectory", "RecordType": 15, "UserType": 0, "ResultStatus": "Success",
            "UserId": "Ann@Contoso.com", "UserKey": "3fa9f28b-eb0e-463a-ba7b-8089fe9991e2",
            "ClientIP": "8.8.8.8", "LogonError": "InvalidUserNameOrPassword",
            "ExtendedProperties": [{"Name": "RequestType", "Value": "OAuth2:Authorize"}],
        }));
        insta::assert_json_snapshot!(serde_json::to_value(&activity).unwrap());
        assert!(!activity.is_success());
    }

    #[test]
    fn programs_are_no_persons() {
        for (user_id, user_type, is_person, kind) in [
            ("ann@contoso.com", json!(0), true, "21"),
            ("bob_fabrikam.com#EXT#@contoso.com", json!(10), true, "21"),
            ("backup@contoso.com", json!(4), false, "6"),
            ("backup@contoso.com", json!("5"), false, "6"),
            ("app@sharepoint", json!(0), false, "6"),
            ("SHAREPOINT\\system", json!(0), false, "22"),
            ("anonymous", json!(0), false, "22"),
        ] {
            let activity = activity(&json!({
                "Id": "1", "CreationTime": "2026-01-02T03:04:05", "Operation": "FileDownloaded",
                "Workload": "OneDrive", "RecordType": 6, "UserId": user_id, "UserType": user_type,
            }));
            let actor = activity.resolved_actor.as_ref().unwrap();
            assert_eq!(
                (activity.is_by_person(), actor.obj_type.as_str()),
                (is_person, kind),
                "{user_id} {user_type}"
            );
        }
    }

    #[test]
    fn a_file_becomes_the_target() {
        let activity = activity(&json!({
            "Id": "1", "CreationTime": "2026-01-02T03:04:05", "Operation": "FileDownloaded",
            "Workload": "OneDrive", "RecordType": 6, "UserId": "ann@contoso.com",
            "ObjectId": "https://contoso-my.sharepoint.com/a.docx", "SourceFileName": "a.docx", "ItemType": "File",
        }));
        assert_eq!(activity.description, "FileDownloaded: file a.docx");
        assert_eq!(
            activity.action_type,
            "15600:EVENT_O365_ONEDRIVE_GENERIC:FileDownloaded"
        );
        assert_eq!(activity.targets().next().unwrap().name, "a.docx");
        assert_eq!(activity.ip(), None);
        let text = serde_json::to_string(&activity).unwrap();
        assert_eq!(serde_json::from_str::<Activity>(&text).unwrap(), activity);
    }
}
