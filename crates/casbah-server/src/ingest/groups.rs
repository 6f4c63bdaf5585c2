//! Of which groups whoever acts is, as known when the activity is stored.

use std::collections::HashMap;

use casbah_model::activity::Activity;
use casbah_model::entity::{EntityKey, EntityObservation, Group, Standing};
use casbah_model::filter::fold;
use casbah_model::ids::TenantId;
use casbah_store::{Store, StoreError};

use super::parser::Batch;

/// Marks the activities of a batch with the groups of those who act: what was known of
/// them before, and what the batch itself tells.
pub(super) async fn mark(
    store: &Store,
    tenant: TenantId,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    let keys = batch.activities.iter().flat_map(actors);
    let keys: HashMap<String, EntityKey> = keys.map(|key| (name(&key), key)).collect();
    let mut known = store
        .standings(tenant, keys.into_values().collect())
        .await?;
    for seen in &batch.observations {
        note(known.entry(name(&seen.key)).or_default(), seen);
    }
    for activity in &mut batch.activities {
        let all = actors(activity);
        let all: Vec<Standing> = all
            .filter_map(|key| known.get(&name(&key)).copied())
            .collect();
        let is_any = |is: fn(&Standing) -> bool| all.iter().any(is);
        let standing = Standing {
            is_external: is_any(|one| one.is_external),
            is_program: is_any(|one| one.is_program),
            is_admin: is_any(|one| one.is_admin),
        };
        let groups: Vec<Group> = standing.groups().collect();
        activity.put_groups(&groups);
    }
    Ok(())
}

fn actors(activity: &Activity) -> impl Iterator<Item = EntityKey> {
    activity.entity_keys().cloned()
}

fn name(key: &EntityKey) -> String {
    let id = fold(&key.id);
    EntityKey { id, ..key.clone() }.ii()
}

fn note(standing: &mut Standing, seen: &EntityObservation) {
    standing.is_admin |= seen.is_admin;
    standing.is_program = seen.is_program;
    if let Some(is_external) = seen.is_external {
        standing.is_external = is_external;
    }
}
