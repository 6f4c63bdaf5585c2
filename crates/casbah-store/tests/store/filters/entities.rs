use casbah_model::entity::{Entity, EntityKey, EntityObservation, EntityType, person_of};
use casbah_model::filter::{Condition, ENTITIES, Test, fold};
use casbah_model::ids::{SaasId, TenantId};
use casbah_store::Store;
use serde_json::{Value, json};

use super::plain::{Plain, by_equality, holds, wanted};
use super::{NOW, Pool, RECORDS, SETS, compare, random_records, read, runner};

const PEOPLE: [Option<&str>; 6] = [
    Some("Anna@contoso.example"),
    Some("anna@OTHER.example"),
    Some("İlk@contoso.example"),
    Some("no-address"),
    Some("anna_other.example#EXT#@contoso.example"),
    None,
];

fn random(number: usize, parts: &[usize]) -> EntityObservation {
    let of = |part: usize, count: usize| parts[part] % count;
    let name = ["Anna", "ANNA", "Bob_%", "Übung"][of(0, 4)];
    EntityObservation {
        key: EntityKey {
            id: format!("{}-{number}", ["Id", "anna@contoso.example"][of(1, 2)]),
            saas: SaasId([11161, 20893][of(2, 2)]),
            inst: [0, 1][of(3, 2)],
        },
        kind: [EntityType::Account, EntityType::User][of(4, 2)],
        display_name: name.to_owned(),
        principal_name: PEOPLE[of(5, PEOPLE.len())].map(str::to_owned),
        is_admin: of(6, 2) == 1,
        is_program: of(8, 3) == 1,
        is_external: [None, Some(true), Some(false)][of(7, 3)],
        seen: NOW,
    }
}

/// An entity, and the person whom it was seen to be of.
type Seen = (Entity, Option<String>);

fn values(entity: &Entity, field: &str) -> Vec<Plain> {
    let int = |number: i64| vec![Plain::Int(number)];
    let folded = |text: Option<&str>| text.map(Plain::folded).into_iter().collect();
    match field {
        "type" => int(entity.kind.value()),
        "isAdmin" => vec![Plain::Bool(entity.is_admin)],
        "isExternal" => vec![Plain::Bool(entity.is_external)],
        "displayName" => folded(Some(&entity.display_name)),
        "score" => entity
            .threat_score
            .map(|score| Plain::Int(score.into()))
            .into_iter()
            .collect(),
        "app" => int(entity.app_data.saas.0.into()),
        "instance" => int(entity.app_data.instance.into()),
        "domain" => folded(entity.domain.as_deref()),
        "organization" => folded(entity.organization.as_deref()),
        "status" => int(entity.status.value()),
        "userGroups" => {
            let groups = entity.user_groups.iter();
            groups
                .map(|group| Plain::folded(&group.id.to_string()))
                .collect()
        }
        other => unreachable!("{other} is not a field of one value"),
    }
}

/// A key means its account; a person's name all accounts of that person, too. None is
/// without a key.
fn is_entity((entity, person): &Seen, test: &Test) -> bool {
    by_equality(test, |values| {
        wanted(values).any(|wanted| {
            let is_own = fold(&entity.id) == wanted.id
                && wanted.is_at(entity.app_data.saas.0, entity.app_data.instance);
            is_own || person.as_deref().map(person_of) == Some(person_of(wanted.id))
        })
    })
}

fn fulfils(seen: &Seen, Condition { field, test }: &Condition) -> bool {
    match field.name {
        "entity" => is_entity(seen, test),
        name => holds(test, &values(&seen.0, name)),
    }
}

fn pool(all: &[Seen]) -> Pool {
    let mut pool = Pool::default();
    for field in ENTITIES.fields {
        if field.name == "entity" {
            pool.add("entity", PEOPLE.iter().flatten().map(|name| json!(name)));
            let keys = all.iter().flat_map(|(entity, _)| {
                let app = entity.app_data.saas;
                [
                    json!(entity.id),
                    json!({"id": entity.id, "saas": app, "inst": 1}),
                ]
            });
            pool.add("entity", keys);
        } else {
            let values = all
                .iter()
                .flat_map(|(entity, _)| values(entity, field.name));
            pool.add(field.name, values.map(Plain::into_json));
        }
    }
    pool
}

crate::on_both!(of_entities, |store: Store| async move {
    for set in 0..SETS {
        let mut runner = runner(set);
        let tenant = TenantId::random();
        let records = random_records(&mut runner);
        let records = records.iter().enumerate();
        let observed: Vec<_> = records
            .map(|(number, parts)| random(number, parts))
            .collect();
        let stored = store.ingest_activities(tenant, 0, Vec::new(), observed.clone());
        stored.await.unwrap();
        let query = read(&ENTITIES, &Value::Null);
        let entities = store.list_entities(tenant, query).await.unwrap().data;
        assert_eq!(entities.len(), RECORDS);
        let person_of = |entity: &Entity| {
            let one = observed.iter().find(|one| one.key.id == entity.id);
            one.unwrap().principal_name.clone()
        };
        let all: Vec<Seen> = entities
            .into_iter()
            .map(|entity| {
                let person = person_of(&entity);
                (entity, person)
            })
            .collect();
        compare(
            &mut runner,
            &ENTITIES,
            &pool(&all),
            async |query| {
                let page = store.list_entities(tenant, query).await.unwrap();
                page.data.into_iter().map(|entity| entity.id).collect()
            },
            |conditions| {
                let found = all
                    .iter()
                    .filter(|seen| conditions.iter().all(|one| fulfils(seen, one)));
                found.map(|(entity, _)| entity.id.clone()).collect()
            },
        );
    }
});
