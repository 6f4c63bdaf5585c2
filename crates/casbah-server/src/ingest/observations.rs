//! What events show of people and accounts, as the store keeps it.

use std::collections::BTreeMap;

use casbah_detection::sources::SourceEvent;
use casbah_model::entity::{EntityKey, EntityObservation, EntityType};

/// The people and accounts that an event of a tenant with these domains shows.
pub(super) fn of(
    event: &SourceEvent,
    domains: &[String],
) -> impl Iterator<Item = EntityObservation> {
    event.observations.iter().flat_map(move |seen| {
        let is_foreign = |domain: &String| !domains.contains(domain);
        let is_external = seen.is_external;
        let is_external = is_external.unwrap_or(seen.domain.as_ref().is_some_and(is_foreign));
        let entity = move |key: &EntityKey, kind| EntityObservation {
            key: key.clone(),
            kind,
            display_name: seen
                .display_name
                .clone()
                .unwrap_or_else(|| seen.principal_name.clone()),
            principal_name: seen.user.is_some().then(|| seen.principal_name.clone()),
            is_admin: seen.is_admin.unwrap_or(false),
            is_external,
            seen: seen.seen.unwrap_or(event.timestamp),
        };
        let user = seen.user.as_ref().map(|key| entity(key, EntityType::User));
        let account = seen.account.as_ref();
        let account = account.map(|key| entity(key, EntityType::Account));
        user.into_iter().chain(account)
    })
}

/// The same with one observation for each entity, in the order of their keys: two
/// transactions that meet the same entities then wait for each other in one order.
pub(super) fn merged(observations: Vec<EntityObservation>) -> Vec<EntityObservation> {
    let mut entities: BTreeMap<(i32, i32, String, i64), EntityObservation> = BTreeMap::new();
    for seen in observations {
        let key = (
            seen.key.saas.0,
            seen.key.inst,
            seen.key.id.to_lowercase(),
            seen.kind.value(),
        );
        match entities.get_mut(&key) {
            None => {
                entities.insert(key, seen);
            }
            Some(known) => {
                let is_admin = known.is_admin || seen.is_admin;
                if seen.seen >= known.seen {
                    *known = seen;
                }
                known.is_admin = is_admin;
            }
        }
    }
    entities.into_values().collect()
}
