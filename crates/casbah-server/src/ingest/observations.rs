//! What events show of people and accounts, as the store keeps it.

use std::collections::BTreeMap;

use casbah_detection::sources::{ActorKind, SourceEvent};
use casbah_model::entity::{EntityKey, EntityObservation, EntityType};

/// The people and accounts that an event of a tenant with these domains shows.
pub(super) fn of(
    event: &SourceEvent,
    domains: &[String],
) -> impl Iterator<Item = EntityObservation> {
    event.observations.iter().flat_map(move |seen| {
        let is_external = seen.is_external_to(domains);
        let entity = move |key: &EntityKey, kind| EntityObservation {
            key: key.clone(),
            kind,
            display_name: seen
                .display_name
                .clone()
                .unwrap_or_else(|| seen.principal_name.clone()),
            principal_name: seen.user.is_some().then(|| seen.principal_name.clone()),
            is_admin: seen.is_admin.unwrap_or(false),
            is_program: matches!(seen.kind, ActorKind::Application | ActorKind::System),
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
                let (mut latest, earlier) = if seen.seen >= known.seen {
                    (seen, &*known)
                } else {
                    (known.clone(), &seen)
                };
                latest.is_admin |= earlier.is_admin;
                latest.is_external = latest.is_external.or(earlier.is_external);
                latest.principal_name = latest
                    .principal_name
                    .or_else(|| earlier.principal_name.clone());
                *known = latest;
            }
        }
    }
    entities.into_values().collect()
}

#[cfg(test)]
mod tests {
    use casbah_model::ids::SaasId;
    use casbah_model::time::Timestamp;

    use super::*;

    fn seen(at: i64, principal_name: Option<&str>, is_external: Option<bool>) -> EntityObservation {
        EntityObservation {
            key: EntityKey {
                id: "anna".to_owned(),
                saas: SaasId(11161),
                inst: 0,
            },
            kind: EntityType::Account,
            display_name: format!("Anna {at}"),
            principal_name: principal_name.map(str::to_owned),
            is_admin: false,
            is_program: false,
            is_external,
            seen: Timestamp(at),
        }
    }

    #[test]
    fn what_the_latest_does_not_tell_stays() {
        let early = seen(1, Some("anna@contoso.example"), Some(true));
        let late = seen(2, None, None);
        let expected = seen(2, Some("anna@contoso.example"), Some(true));
        for both in [[early.clone(), late.clone()], [late, early]] {
            assert_eq!(merged(both.to_vec()), std::slice::from_ref(&expected));
        }
    }
}
