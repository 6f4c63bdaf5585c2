//! Who acts in a unified audit record, and whom it tells of.

use casbah_model::entity::EntityKey;
use casbah_model::time::Timestamp;
use serde_json::Value;

use super::fields::Record;
use crate::sources::{Actor, ActorKind, App, EntityObservation};

/// `UserType` of the common schema.
mod user_type {
    pub(super) const ADMIN: i64 = 2;
    pub(super) const DATA_CENTRE_ADMIN: i64 = 3;
    pub(super) const SYSTEM: i64 = 4;
    pub(super) const APPLICATION: i64 = 5;
    pub(super) const SERVICE_PRINCIPAL: i64 = 6;
    pub(super) const CUSTOM_POLICY: i64 = 7;
    pub(super) const SYSTEM_POLICY: i64 = 8;
    pub(super) const GUEST: i64 = 10;
}

/// `Type` of an entry in `Actor` and `Target` (`IdentityType` of the schema).
mod identity_type {
    pub(super) const CLAIM: i64 = 0;
    pub(super) const OTHER: i64 = 2;
    pub(super) const PRINCIPAL_NAME: i64 = 5;
}

pub(super) fn actor(record: &Record) -> Option<Actor> {
    let user_id = record.text("UserId").or_else(|| record.text("UserKey"))?;
    let (name, form) = plain_name(user_id);
    if name.is_empty() {
        return None;
    }
    let kind = match record.number("UserType") {
        Some(user_type::SYSTEM | user_type::CUSTOM_POLICY | user_type::SYSTEM_POLICY) => {
            ActorKind::System
        }
        Some(user_type::APPLICATION | user_type::SERVICE_PRINCIPAL) => ActorKind::Application,
        Some(user_type::GUEST) => ActorKind::Guest,
        _ => form.unwrap_or(ActorKind::Member),
    };
    Some(Actor {
        name: name.to_owned(),
        object_id: object_id(record.array("Actor"), record.text("UserKey")),
        kind,
    })
}

/// In whose mailbox somebody else worked.
pub(super) fn on_behalf_of(record: &Record) -> Option<String> {
    let owner = record.text("MailboxOwnerUPN")?;
    let user = record.text("UserId")?;
    let differs = owner.contains('@') && user.contains('@') && !owner.eq_ignore_ascii_case(user);
    differs.then(|| owner.to_owned())
}

/// The name within the forms that SharePoint wraps it in, and what the form tells.
fn plain_name(user_id: &str) -> (&str, Option<ActorKind>) {
    if let Some(name) = user_id.strip_prefix("urn:spo:guest#") {
        return (name, Some(ActorKind::Guest));
    }
    if user_id.starts_with("urn:spo:anon#") || user_id == "anonymous" {
        return (user_id, Some(ActorKind::Anonymous));
    }
    // A claim as SharePoint encodes it: `i:0#.f|membership|ann@contoso.com`.
    let name = match user_id.strip_prefix("i:0") {
        Some(claim) => claim.rsplit('|').next().unwrap_or(user_id),
        None => user_id,
    };
    // The domain of a person's name is a registered one: `app@sharepoint` has none.
    if let Some((_, domain)) = name.rsplit_once('@')
        && !domain.contains('.')
    {
        return (name, Some(ActorKind::Application));
    }
    let is_guest = name.to_ascii_lowercase().contains("#ext#");
    (name, is_guest.then_some(ActorKind::Guest))
}

/// The directory's id of an account: the entry that is a bare UUID. Sign-ins mark
/// it as a claim, directory changes as "other" beside the id of the client.
fn object_id(entries: &[Value], user_key: Option<&str>) -> Option<String> {
    let is_uuid = |text: &&str| is_uuid(text);
    let of_type = |kind: i64| {
        entries
            .iter()
            .filter(move |entry| entry.get("Type").and_then(Value::as_i64) == Some(kind))
            .filter_map(|entry| entry.get("ID")?.as_str())
    };
    // Among those of type "other" a `User_<id>` entry names the one that is the account.
    let of_user = of_type(identity_type::OTHER).find_map(|id| id.strip_prefix("User_"));
    of_type(identity_type::CLAIM)
        .find(is_uuid)
        .or(of_user.filter(is_uuid))
        .or(user_key.filter(is_uuid))
        .map(str::to_ascii_lowercase)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(super) fn observations(
    record: &Record,
    actor: Option<&Actor>,
    timestamp: Timestamp,
) -> Vec<EntityObservation> {
    let acting = actor
        .filter(|actor| actor.kind != ActorKind::Anonymous)
        .map(|actor| {
            let is_admin = matches!(
                record.number("UserType"),
                Some(user_type::ADMIN | user_type::DATA_CENTRE_ADMIN)
            );
            EntityObservation {
                is_admin: is_admin.then_some(true),
                seen: Some(timestamp),
                ..observe(&actor.name, actor.object_id.as_deref(), actor.kind)
            }
        });
    acting.into_iter().chain(subject(record)).collect()
}

/// Whom a directory change was made to.
fn subject(record: &Record) -> Option<EntityObservation> {
    let operation = record.text("Operation")?.trim_end_matches('.');
    let is_about_user = matches!(
        operation,
        "Add user" | "Update user" | "Add member to role" | "Remove member from role"
    );
    if !is_about_user {
        return None;
    }
    let target = record.array("Target");
    let name = target
        .iter()
        .find(|entry| {
            entry.get("Type").and_then(Value::as_i64) == Some(identity_type::PRINCIPAL_NAME)
        })
        .and_then(|entry| entry.get("ID")?.as_str())?;
    let (name, form) = plain_name(name);
    let role = record
        .new_value("Role.DisplayName")
        .filter(|_| operation == "Add member to role");
    Some(EntityObservation {
        display_name: record.new_value("DisplayName"),
        is_admin: role.is_some().then_some(true),
        role,
        ..observe(
            name,
            object_id(target, None).as_deref(),
            form.unwrap_or(ActorKind::Member),
        )
    })
}

fn observe(name: &str, object_id: Option<&str>, kind: ActorKind) -> EntityObservation {
    let app = App::OFFICE_365;
    let key = |id: String| EntityKey {
        id,
        saas: app.id,
        inst: 0,
    };
    let domain = name
        .rsplit_once('@')
        .map(|(_, domain)| domain.to_lowercase())
        .filter(|domain| !domain.is_empty());
    let user = (kind.is_person() && domain.is_some()).then(|| key(name.to_lowercase()));
    let account = object_id.map(|id| key(id.to_owned()));
    let account = match (&user, account) {
        (None, None) => Some(key(name.to_lowercase())),
        (_, account) => account,
    };
    EntityObservation {
        user,
        account,
        app,
        principal_name: name.to_owned(),
        display_name: None,
        domain,
        is_external: (kind == ActorKind::Guest).then_some(true),
        is_admin: None,
        role: None,
        kind,
        seen: None,
    }
}
