//! What is known of an activity, in groups as people look for it.

use casbah_model::activity::{Activity, EventObject, ObjectRole, ObjectType};
use casbah_model::entity::Group as UserGroup;
use casbah_model::ids::SaasId;
use casbah_model::ip_range::IpCategory;
use casbah_model::ip_tag::IpTag;
use casbah_model::saas;

use super::found_by;
use crate::portal::moment::Moment;

/// Something that is known.
pub(super) enum Shown {
    /// A text.
    Text(String),
    /// An id, to be copied.
    Id(String),
    /// A text, and what else there is of it.
    Link(String, String),
    /// A time.
    Time(Moment),
}

/// What it is called, and what it is.
pub(super) type Fact = (&'static str, Shown);

/// Facts that belong together.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) facts: Vec<Fact>,
}

/// All groups with something in them.
pub(super) fn of(activity: &Activity) -> Vec<Group> {
    let groups = [
        ("What happened", what(activity)),
        ("Who", who(activity)),
        ("Where from", where_from(activity)),
        ("With what", with_what(activity)),
    ];
    groups
        .into_iter()
        .filter(|(_, facts)| !facts.is_empty())
        .map(|(title, facts)| Group { title, facts })
        .collect()
}

fn text(text: impl Into<String>) -> Shown {
    Shown::Text(text.into())
}

fn link(field: &'static str, value: &str, text: impl Into<String>) -> Shown {
    Shown::Link(text.into(), found_by(field, value))
}

fn app_name(app: SaasId) -> String {
    saas::name(app).map_or_else(|| format!("App {app}"), str::to_owned)
}

fn what(activity: &Activity) -> Vec<Fact> {
    let main = &activity.main_info;
    let app = activity.app_id.to_string();
    let mut facts = vec![
        ("Time", Shown::Time(Moment(activity.timestamp))),
        ("App", link("app", &app, &activity.app_name)),
        ("Kind", text(activity.event_type_name.label())),
        ("Operation", text(&main.raw_operation_name)),
        ("Action type", text(&activity.action_type)),
    ];
    if let Some(result) = &main.activity_result {
        let ended = if result.is_success {
            "Success"
        } else {
            "Failure"
        };
        let told = result.message.as_ref();
        let told = told.map_or_else(|| ended.to_owned(), |told| format!("{ended}: {told}"));
        facts.push(("Result", text(told)));
    }
    if activity.is_admin_event() {
        facts.push(("Administration", text("Yes")));
    }
    facts.push(("Received", Shown::Time(Moment(activity.created))));
    facts.push(("Activity ID", Shown::Id(activity.id.to_string())));
    facts
}

fn who(activity: &Activity) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(name) = activity.display_name() {
        facts.push(("Name", text(name)));
    }
    if let Some(user) = activity.user_name() {
        facts.push(("User", link("user", user, user)));
    }
    if let Some(tried) = &activity.failed_user_data {
        facts.push(("Name that was tried", text(&tried.user_name)));
    }
    if let Some(account) = activity.user_key() {
        facts.push(("Account", Shown::Id(account.id)));
        facts.push(("Account of", text(app_name(account.saas))));
    }
    let groups = activity.user.user_tags.iter();
    let groups: Vec<_> = groups
        .filter_map(|id| UserGroup::from_id(id))
        .map(UserGroup::name)
        .collect();
    if !groups.is_empty() {
        facts.push(("Groups", text(groups.join(", "))));
    }
    let others = activity.main_info.event_objects.iter();
    let others = others.filter(|object| object.role == ObjectRole::OnBehalfOf);
    facts.extend(others.map(|object| ("On behalf of", text(&object.name))));
    facts
}

fn where_from(activity: &Activity) -> Vec<Fact> {
    let place = &activity.location;
    let mut facts = Vec::new();
    if let Some(address) = &activity.device.client_ip {
        facts.push(("IP address", link("address", address, address)));
    }
    if let Some(category) = category(activity.ip_category()) {
        facts.push(("Category", text(category)));
    }
    let tags = activity.ip_tags().iter();
    let tags: Vec<_> = tags.map(|id| tag_name(id)).collect();
    if !tags.is_empty() {
        facts.push(("Tags", text(tags.join(", "))));
    }
    if let Some(country) = activity.country() {
        facts.push(("Country", link("country", country, country)));
    }
    let within = [&place.city, &place.region];
    let within: Vec<_> = within.into_iter().flatten().map(String::as_str).collect();
    if !within.is_empty() {
        facts.push(("Place", text(within.join(", "))));
    }
    if let Some(provider) = activity.isp() {
        facts.push(("Provider", text(provider)));
    }
    let others = &activity.internals.other_ips;
    if !others.is_empty() {
        facts.push(("Further addresses", text(others.join(", "))));
    }
    facts
}

const fn category(category: IpCategory) -> Option<&'static str> {
    match category {
        IpCategory::None => None,
        IpCategory::Corporate => Some("Corporate"),
        IpCategory::Administrative => Some("Administrative"),
        IpCategory::Risky => Some("Risky"),
        IpCategory::Vpn => Some("VPN"),
        IpCategory::CloudProvider => Some("Cloud provider"),
        IpCategory::Other => Some("Other"),
    }
}

/// The name of a built-in tag; a tenant's own is named by its id.
fn tag_name(id: &str) -> String {
    let built_in = id.parse().ok().and_then(IpTag::built_in);
    built_in.map_or_else(|| id.to_owned(), |tag| tag.name)
}

fn with_what(activity: &Activity) -> Vec<Fact> {
    let agent = &activity.user_agent;
    let is_known = |name: &str| !name.is_empty() && !name.eq_ignore_ascii_case("unknown");
    let mut facts = Vec::new();
    if is_known(&agent.name) {
        let version = agent.version.as_deref().unwrap_or_default();
        let program = format!("{} {version}", agent.name);
        facts.push(("Program", text(program.trim_end())));
    }
    if is_known(&agent.operating_system.name) {
        facts.push(("System", text(&agent.operating_system.name)));
    }
    facts.push(("Device", text(device(activity))));
    if let Some(told) = activity.agent_text() {
        facts.push(("User agent", text(told)));
    }
    if let Some(session) = &activity.session {
        facts.push(("Session", Shown::Id(session.session_id.clone())));
    }
    facts
}

fn device(activity: &Activity) -> &'static str {
    use casbah_model::activity::DeviceType::{Desktop, Mobile, Other, Tablet};
    match activity.device_type() {
        Desktop => "Computer",
        Mobile => "Telephone",
        Tablet => "Tablet",
        Other => "Not known",
    }
}

/// Something that took part, in words.
pub(super) struct Participant {
    pub(super) part: &'static str,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) id: String,
}

/// What it was done to, and what else took part.
pub(super) fn participants(activity: &Activity) -> Vec<Participant> {
    let objects = activity.main_info.event_objects.iter();
    objects.map(participant).collect()
}

fn participant(object: &EventObject) -> Participant {
    let part = match object.role {
        ObjectRole::Tool => "Tool",
        ObjectRole::FailedActor => "Failed sign-in",
        ObjectRole::Target => "Target",
        ObjectRole::Actor => "Actor",
        ObjectRole::ActorAccount => "Actor's account",
        ObjectRole::OnBehalfOf => "On behalf of",
    };
    let kind = match object.obj_type {
        ObjectType::Item => "File or item",
        ObjectType::Person => "Person",
        ObjectType::Application => "Application",
        ObjectType::Property => "Property",
        ObjectType::AccountName => "Account name",
        ObjectType::UnknownAccount => "Unknown account",
        ObjectType::Account => "Account",
    };
    let told = object.service_object_type.as_deref();
    Participant {
        part,
        kind: told.map_or_else(|| kind.to_owned(), |told| format!("{kind} ({told})")),
        name: match &object.value {
            Some(value) => format!("{}: {value}", object.name),
            None => object.name.clone(),
        },
        id: object.id.clone().unwrap_or_default(),
    }
}
