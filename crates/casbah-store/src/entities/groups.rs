//! Who is in which group.

use std::collections::HashMap;

use casbah_model::entity::{Entity, EntityKey, EntityType, Group, Standing, UserGroup};
use casbah_model::filter::{Scalar, Test, fold};
use casbah_model::ids::TenantId;
use sea_query::{Cond, Condition, Expr, ExprTrait};

use crate::database::{Session, params};
use crate::filter::{any, never};
use crate::page::COUNTED;
use crate::{Store, StoreError};

impl Store {
    /// All groups, with the number of those in them.
    pub async fn groups(&self, tenant: TenantId) -> Result<Vec<UserGroup>, StoreError> {
        self.read(move |session| {
            Group::ALL
                .into_iter()
                .map(|group| Ok(group.with_count(size(session, tenant, group)?)))
                .collect()
        })
        .await
    }

    /// What is known of these entities, by [`EntityKey::ii`] with the id folded; who is
    /// not known is left out.
    pub async fn standings(
        &self,
        tenant: TenantId,
        keys: Vec<EntityKey>,
    ) -> Result<HashMap<String, Standing>, StoreError> {
        self.read(move |session| {
            let mut known = HashMap::with_capacity(keys.len());
            for key in &keys {
                let folded = EntityKey {
                    id: fold(&key.id),
                    ..key.clone()
                };
                let row = session.row(
                    "SELECT MAX(is_external), MAX(is_program), MAX(is_admin) FROM entity
                     WHERE tenant_id = ?1 AND saas = ?2 AND inst = ?3 AND entity_id = ?4",
                    params![tenant, folded.saas, folded.inst, &folded.id],
                )?;
                let Some(mut row) = row else { continue };
                let mut is =
                    |column| Ok::<_, StoreError>(row.get::<Option<i64>>(column)? == Some(1));
                let standing = Standing {
                    is_external: is(0)?,
                    is_program: is(1)?,
                    is_admin: is(2)?,
                };
                known.insert(folded.ii(), standing);
            }
            Ok(known)
        })
        .await
    }
}

/// Fills in how many are in the groups of these entities.
pub(super) fn count(
    session: &mut Session<'_>,
    tenant: TenantId,
    entities: &mut [Entity],
) -> Result<(), StoreError> {
    for group in Group::ALL {
        let groups = entities
            .iter_mut()
            .flat_map(|entity| &mut entity.user_groups);
        let mut same = groups.filter(|one| one.id == group.id()).peekable();
        if same.peek().is_some() {
            let size = size(session, tenant, group)?;
            same.for_each(|one| one.users_count = size);
        }
    }
    Ok(())
}

/// How many people are in a group, and accounts of nobody known.
fn size(session: &mut Session<'_>, tenant: TenantId, group: Group) -> Result<u64, StoreError> {
    let column = column(group);
    let count = session.number(
        // The literal, so that the index of those in the group is used.
        &format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM entity WHERE tenant_id = ?1 AND {column} = 1
                AND (kind = ?2 OR user_folded IS NULL) LIMIT ?3) members"
        ),
        params![
            tenant,
            EntityType::User.value(),
            i64::try_from(COUNTED).unwrap_or(i64::MAX)
        ],
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

const fn column(group: Group) -> &'static str {
    match group {
        Group::External => "is_external",
        Group::Applications => "is_program",
        Group::Administrators => "is_admin",
    }
}

pub(super) fn by_group(test: &Test) -> Condition {
    match test {
        Test::AnyOf(values) => in_any(values),
        Test::NoneOf(values) => in_any(values).not(),
        _ => Cond::all().add(never()),
    }
}

fn in_any(values: &[Scalar]) -> Condition {
    let is_in = |group| Cond::all().add(Expr::col(column(group)).eq(1_i64));
    let conditions = values.iter().filter_map(|value| match value {
        Scalar::Text(id) => Group::from_id(id).map(is_in),
        Scalar::Null => Some(any(Group::ALL.map(is_in).to_vec()).not()),
        _ => None,
    });
    any(conditions.collect())
}
