use casbah_model::activity::Activity;
use casbah_model::entity::EntityKey;
use casbah_model::filter::{ACTIVITIES, Condition, Scalar, Test, fold, words};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::DAY_MS;
use casbah_store::Store;
use serde_json::{Value, json};

use super::plain::{Plain, by_equality, has_words, holds, wanted};
use super::{NOW, Pool, SETS, compare, random_records, runner};
use crate::samples::activity;

const USERS: [Option<&str>; 6] = [
    Some("Anna@contoso.example"),
    Some("anna_b@contoso.example"),
    Some("BÖRGE%@other.example"),
    Some("no-address"),
    Some("İlk@contoso.example"),
    None,
];
const OPERATIONS: [&str; 4] = ["FileUploaded", "File_Deleted", "UserLoggedIn", "100% Übung"];
const ADDRESSES: [Option<&str>; 5] = [
    Some("8.8.8.8"),
    Some("8.8.80.8"),
    Some("2001:db8::1"),
    Some("::ffff:10.0.0.1"),
    None,
];
const COUNTRIES: [Option<&str>; 4] = [Some("US"), Some("DE"), Some("us"), None];
const PROVIDERS: [Option<&str>; 4] = [Some("Example ISP"), Some("example_isp"), Some("Ex%"), None];
const DEVICES: [&str; 4] = ["DESKTOP", "MOBILE", "TABLET", "OTHER"];
const AGENTS: [Option<&str>; 4] = [
    Some("curl/8"),
    Some("Mozilla/5.0 (X11)"),
    Some("c_rl"),
    None,
];
const CATEGORIES: [&str; 2] = ["EVENT_CATEGORY_UNSPECIFIED", "EVENT_CATEGORY_LOGIN"];
const TAGS: [&str; 3] = ["000000200000000000000000", "000000290000000000000000", "x"];
const GROUPS: [&str; 2] = ["000000200000000000000000", "0000003B0000000000000000"];
const OBJECTS: [&str; 4] = [
    "https://contoso.example/sites/a/Plan 100%.docx",
    "https://contoso.example/sites/a",
    "HTTPS://other.example/B_1",
    "b",
];

fn random(tenant: TenantId, number: usize, parts: &[usize]) -> Activity {
    let of = |part: usize, count: usize| parts[part] % count;
    let at = NOW.millis() - i64::try_from(parts[0]).unwrap() * DAY_MS / 150_000;
    let at = at - i64::try_from(number).unwrap();
    let operation = OPERATIONS[of(1, OPERATIONS.len())];
    let mut record = serde_json::to_value(activity(tenant, at, "x", operation)).unwrap();
    let user = USERS[of(2, USERS.len())];
    let app = [11161, 20893, 15600][of(3, 3)];
    // Accounts are of the activity's app, or of one that several apps share.
    let account_app = if of(14, 2) == 0 { app } else { 11161 };
    let instance = of(4, 2);
    record["user"]["userName"] = json!(user);
    record["user"]["userTags"] = json!(&GROUPS[..of(10, 3)]);
    record["appId"] = json!(app);
    record["created"] = json!(at + [0, 5_000, DAY_MS][of(5, 3)]);
    record["device"] = json!({
        "clientIP": ADDRESSES[of(6, ADDRESSES.len())],
        "userAgent": AGENTS[of(7, AGENTS.len())],
    });
    let tags = |number: usize| -> Vec<&str> {
        let chosen = (0..TAGS.len()).filter(|tag| number >> tag & 1 == 1);
        chosen.map(|tag| TAGS[tag]).collect()
    };
    record["location"] = json!({
        "countryCode": COUNTRIES[of(8, COUNTRIES.len())],
        "organizationSearchable": PROVIDERS[of(9, PROVIDERS.len())],
        "anonymousProxy": false, "isSatelliteProvider": false,
        "category": of(10, 7), "categoryValue": null, "ipTags": tags(of(11, 8)),
    });
    record["userAgent"]["deviceType"] = json!(DEVICES[of(12, DEVICES.len())]);
    record["userAgent"]["tags"] = json!(tags(of(11, 5)));
    record["eventRouting"]["adminEvent"] = json!(of(13, 2) == 1);
    record["eventTypeName"] = json!(CATEGORIES[of(1, CATEGORIES.len())]);
    record["actionType"] = json!(format!("{app}:EVENT_TEST:{operation}"));
    record["source"] = json!([2, 3, 6][of(14, 3)]);
    let objects = (0..of(15, 3)).map(|place| {
        let name = OBJECTS[(parts[15] + place) % OBJECTS.len()];
        json!({"objType": 1, "role": if place == 1 { 6 } else { 3 }, "tags": [],
            "name": name, "id": name})
    });
    record["mainInfo"]["eventObjects"] = objects.collect();
    if !parts[4].is_multiple_of(5) {
        record["resolvedActor"] = json!({
            "id": user.unwrap_or("Somebody"), "saasId": account_app.to_string(),
            "instanceId": instance.to_string(), "tags": [], "objType": "23",
            "name": "Ada Lovelace", "role": "4", "resolved": true,
        });
    }
    serde_json::from_value(record).unwrap()
}

fn values(activity: &Activity, field: &str) -> Vec<Plain> {
    let folded = |text: Option<&str>| text.map(Plain::folded).into_iter().collect();
    let int = |number: i64| vec![Plain::Int(number)];
    let objects = || activity.main_info.event_objects.iter();
    match field {
        "service" => int(activity.app_id.0.into()),
        "instance" => int(activity.user_key().map_or(0, |key| key.inst).into()),
        "user.username" => folded(activity.user_name()),
        "user.domain" => folded(
            activity
                .user_name()
                .and_then(|name| Some(name.rsplit_once('@')?.1)),
        ),
        "actionType" => folded(Some(&activity.main_info.raw_operation_name)),
        "activity.eventActionType" => vec![Plain::exact(activity.event_type_name.as_str())],
        "activity.actionType" => vec![Plain::exact(&activity.action_type)],
        "activity.impersonated" => vec![Plain::Bool(
            objects().any(|object| object.role.value() == 6),
        )],
        "activity.type" => vec![Plain::Bool(activity.event_routing.admin_event)],
        "device.type" => vec![Plain::exact(activity.user_agent.device_type.as_str())],
        "userAgent.userAgent" => folded(activity.device.user_agent.as_deref()),
        "userAgent.tags" => activity
            .user_agent
            .tags
            .iter()
            .map(|tag| Plain::folded(tag))
            .collect(),
        "location.country" => activity.country().map(Plain::exact).into_iter().collect(),
        "location.organizations" => folded(activity.isp()),
        "ip.address" => folded(
            activity
                .ip()
                .map(|ip| ip.to_canonical().to_string())
                .as_deref(),
        ),
        "ip.category" => int(activity.location.category.value()),
        "ip.tags" => activity
            .location
            .ip_tags
            .iter()
            .map(|tag| Plain::folded(tag))
            .collect(),
        "activityObject" | "office365url" => objects()
            .filter_map(|object| object.id.as_deref())
            .map(Plain::folded)
            .collect(),
        "date" => int(activity.timestamp.millis()),
        "created" => int(activity.created.millis()),
        "source" => int(activity.source.into()),
        "activity.id" => vec![Plain::exact(&activity.id.to_string())],
        // Neither is kept of these, nor has an alert been raised.
        "activity.alertId"
        | "user.orgUnit"
        | "fileLabels"
        | "fileId"
        | "fileSelector"
        | "activity.takenAction"
        | "policy"
        | "device.tags" => vec![],
        "user.tags" => activity
            .user
            .user_tags
            .iter()
            .map(|tag| Plain::folded(tag))
            .collect(),
        other => unreachable!("{other} is not a field of one value"),
    }
}

/// Whoever acted is meant by the account's id or by the person's name.
fn is_entity(activity: &Activity, test: &Test) -> bool {
    let key = activity.user_key();
    let actor = key.as_ref().map(|key| fold(&key.id));
    let name = activity.user_name().map(fold);
    let names = || actor.iter().chain(&name);
    match test {
        Test::IsSet(wanted) => actor.is_some() == *wanted,
        Test::Like(_, starts) => {
            names().any(|name| starts.iter().any(|start| name.starts_with(start)))
        }
        test => by_equality(test, |values| {
            (values.contains(&Scalar::Null) && actor.is_none())
                || wanted(values).any(|wanted| {
                    let is_at = |key: &EntityKey| wanted.is_at(key.saas.0, key.inst);
                    let is_here = key.as_ref().is_some_and(is_at);
                    let is_person = name.as_deref() == Some(wanted.id) && wanted.is_at_people();
                    is_person || is_here && names().any(|name| name == wanted.id)
                })
        }),
    }
}

fn text(activity: &Activity) -> String {
    let mut text = format!(
        "{}\n{}\n{}\n{}\n{}",
        activity.description,
        activity.app_name,
        activity.main_info.raw_operation_name,
        activity.user_name().unwrap_or_default(),
        activity.display_name().unwrap_or_default(),
    );
    for object in &activity.main_info.event_objects {
        text = text + "\n" + &object.name;
    }
    text
}

fn has_text(activity: &Activity, test: &Test) -> bool {
    let searched = text(activity);
    let of = |wanted: &str| words(wanted).collect::<Vec<_>>();
    match test {
        Test::AnyOf(values) => values.iter().any(|value| match value {
            Scalar::Text(wanted) => has_words(&searched, &of(wanted)),
            _ => false,
        }),
        Test::Like(_, starts) => starts.iter().all(|start| has_words(&searched, &of(start))),
        Test::Words(wanted) => has_words(&searched, wanted),
        other => unreachable!("{other:?} is not asked of text"),
    }
}

fn fulfils(activity: &Activity, Condition { field, test }: &Condition) -> bool {
    match field.name {
        "entity" => is_entity(activity, test),
        "text" => has_text(activity, test),
        name => holds(test, &values(activity, name)),
    }
}

fn pool(activities: &[Activity]) -> Pool {
    let mut pool = Pool::default();
    for field in ACTIVITIES.fields {
        match field.name {
            "entity" => pool.add(
                "entity",
                activities.iter().filter_map(|activity| {
                    let key = activity.user_key()?;
                    let at = activity.timestamp.millis();
                    Some(match at % 3 {
                        0 => json!(key.id),
                        1 => json!({"id": key.id, "saas": key.saas}),
                        _ => json!({"id": key.id, "saas": key.saas, "inst": key.inst}),
                    })
                }),
            ),
            "text" => pool.add(
                "text",
                activities.iter().flat_map(|activity| {
                    let text = text(activity);
                    words(&text).map(Value::from).collect::<Vec<_>>()
                }),
            ),
            "activity.alertId" => pool.add(field.name, [json!(RecordId::generate(1))]),
            name => pool.add(
                name,
                activities
                    .iter()
                    .flat_map(|activity| values(activity, name))
                    .map(Plain::into_json),
            ),
        }
    }
    pool
}

crate::on_both!(of_activities, |store: Store| async move {
    for set in 0..SETS {
        let mut runner = runner(set);
        let tenant = TenantId::random();
        let activities: Vec<_> = random_records(&mut runner)
            .iter()
            .enumerate()
            .map(|(number, parts)| random(tenant, number, parts))
            .collect();
        let stored = store.ingest_activities(tenant, 0, activities.clone(), Vec::new());
        stored.await.unwrap();
        compare(
            &mut runner,
            &ACTIVITIES,
            &pool(&activities),
            async |query| {
                let page = store.list_activities(tenant, query).await.unwrap();
                let records = page.data.iter();
                let ids = records.map(|record| {
                    let activity: Activity = serde_json::from_str(record.get()).unwrap();
                    activity.id.to_string()
                });
                ids.collect()
            },
            |conditions| {
                let found = activities
                    .iter()
                    .filter(|activity| conditions.iter().all(|one| fulfils(activity, one)));
                found.map(|activity| activity.id.to_string()).collect()
            },
        );
    }
});
