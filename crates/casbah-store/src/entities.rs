//! Entities: accounts and the people behind them.

mod groups;

use casbah_model::entity::{
    AppData, Entity, EntityKey, EntityObservation, EntityStatus, EntityType, Standing, address_of,
    person_of,
};
use casbah_model::filter::{Condition as FieldCondition, ListQuery, Scalar, Test, fold};
use casbah_model::ids::{RecordId, SaasId, TenantId};
use casbah_model::time::Timestamp;
use sea_query::{Cond, Condition, Expr, ExprTrait};

use crate::database::{Row, Session, params};
use crate::filter::{Target, any, by_place, compile, in_place, never};
use crate::page::{Listing, Page, SortKey, Step, Walk, direction};
use crate::{Store, StoreError};

const COLUMNS: &[&str] = &[
    "record",
    "display_name",
    "email",
    "is_admin",
    "is_external",
    "last_seen",
    "score",
    "is_program",
];

impl Store {
    /// One page of entities.
    pub async fn list_entities(
        &self,
        tenant: TenantId,
        query: ListQuery,
    ) -> Result<Page<Entity>, StoreError> {
        self.read(move |session| {
            let mut page = list(&query).page(session, tenant, &query, read_entity)?;
            groups::count(session, tenant, &mut page.data)?;
            Ok(page)
        })
        .await
    }

    /// One step of a walk through a list.
    pub async fn walk_entities(
        &self,
        tenant: TenantId,
        query: ListQuery,
        walk: Walk,
        limit: u32,
    ) -> Result<Step<Entity>, StoreError> {
        self.read(move |session| {
            let mut step = list(&query).step(session, tenant, &walk, limit, read_entity)?;
            groups::count(session, tenant, &mut step.records)?;
            Ok(step)
        })
        .await
    }

    /// The entities with this key: an account, the user of the same key, or both.
    pub async fn entity(
        &self,
        tenant: TenantId,
        key: EntityKey,
    ) -> Result<Vec<Entity>, StoreError> {
        self.read(move |session| fetch(session, tenant, &key)).await
    }

    /// The family of an entity: the person, or the account itself where nobody is known
    /// behind it, and all accounts of the person; none if there is no such entity.
    pub async fn entity_tree(
        &self,
        tenant: TenantId,
        key: EntityKey,
    ) -> Result<Option<(Entity, Vec<Entity>)>, StoreError> {
        self.read(move |session| {
            let Some(entity) = fetch(session, tenant, &key)?.into_iter().next() else {
                return Ok(None);
            };
            let person = session.row(
                "SELECT user_folded FROM entity WHERE tenant_id = ?1 AND saas = ?2 AND inst = ?3
                    AND entity_id = ?4 AND kind = ?5",
                params![
                    tenant,
                    key.saas,
                    key.inst,
                    fold(&key.id),
                    entity.kind.value()
                ],
            )?;
            let person = person.map(|mut row| row.get::<Option<String>>(0));
            let Some(person) = person.transpose()?.flatten() else {
                let alone = match entity.kind {
                    EntityType::Account => vec![entity.clone()],
                    EntityType::User => Vec::new(),
                };
                return Ok(Some((entity, alone)));
            };
            let accounts = of_person(session, tenant, &person, EntityType::Account)?;
            let root = match entity.kind {
                EntityType::User => entity,
                EntityType::Account => of_person(session, tenant, &person, EntityType::User)?
                    .into_iter()
                    .next()
                    .unwrap_or(entity),
            };
            Ok(Some((root, accounts)))
        })
        .await
    }
}

fn fetch(
    session: &mut Session<'_>,
    tenant: TenantId,
    key: &EntityKey,
) -> Result<Vec<Entity>, StoreError> {
    let columns = COLUMNS.join(", ");
    let rows = session.rows(
        &format!(
            "SELECT {columns} FROM entity
             WHERE tenant_id = ?1 AND saas = ?2 AND inst = ?3 AND entity_id = ?4
             ORDER BY kind DESC"
        ),
        params![tenant, key.saas, key.inst, fold(&key.id)],
    )?;
    read_all(session, tenant, rows)
}

/// The entities of one kind of a person, whoever was seen last first.
fn of_person(
    session: &mut Session<'_>,
    tenant: TenantId,
    person: &str,
    kind: EntityType,
) -> Result<Vec<Entity>, StoreError> {
    let columns = COLUMNS.join(", ");
    let rows = session.rows(
        &format!(
            "SELECT {columns} FROM entity WHERE tenant_id = ?1 AND user_folded = ?2 AND kind = ?3
             ORDER BY last_seen DESC, saas, inst, entity_id"
        ),
        params![tenant, person, kind.value()],
    )?;
    read_all(session, tenant, rows)
}

/// The entities of these rows, with how many their groups have.
fn read_all(
    session: &mut Session<'_>,
    tenant: TenantId,
    rows: Vec<Row>,
) -> Result<Vec<Entity>, StoreError> {
    let entities = rows.into_iter().map(read_entity);
    let mut entities = entities.collect::<Result<Vec<_>, _>>()?;
    groups::count(session, tenant, &mut entities)?;
    Ok(entities)
}

/// Makes or brings up to date what events show of entities: the latest event wins, but
/// what it does not tell stays as it was.
pub(crate) fn observe(
    session: &mut Session<'_>,
    tenant: TenantId,
    observations: &[EntityObservation],
) -> Result<(), StoreError> {
    for observation in observations {
        let key = &observation.key;
        let record = new_record(observation);
        session.execute(
            "INSERT INTO entity (tenant_id, saas, inst, entity_id, record_id, kind, status,
                display_name, name_folded, user_folded, domain, organization_folded, is_admin,
                is_external, last_seen, score, email, record, is_program)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL, ?12, ?13, ?14, NULL, ?15,
                ?16, ?18)
             ON CONFLICT (tenant_id, saas, inst, entity_id, kind) DO UPDATE SET
                display_name = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN excluded.display_name ELSE entity.display_name END,
                name_folded = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN excluded.name_folded ELSE entity.name_folded END,
                user_folded = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN COALESCE(excluded.user_folded, entity.user_folded)
                    ELSE COALESCE(entity.user_folded, excluded.user_folded) END,
                domain = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN COALESCE(excluded.domain, entity.domain)
                    ELSE COALESCE(entity.domain, excluded.domain) END,
                email = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN COALESCE(excluded.email, entity.email)
                    ELSE COALESCE(entity.email, excluded.email) END,
                is_admin = CASE WHEN excluded.is_admin > entity.is_admin
                    THEN excluded.is_admin ELSE entity.is_admin END,
                is_program = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN excluded.is_program ELSE entity.is_program END,
                is_external = CASE WHEN excluded.last_seen >= entity.last_seen
                    THEN COALESCE(?17, entity.is_external) ELSE entity.is_external END,
                last_seen = CASE WHEN excluded.last_seen > entity.last_seen
                    THEN excluded.last_seen ELSE entity.last_seen END",
            params![
                tenant,
                key.saas,
                key.inst,
                fold(&key.id),
                record.record_id,
                observation.kind.value(),
                record.status.value(),
                &observation.display_name,
                fold(&observation.display_name),
                observation.principal_name.as_deref().map(person_of),
                record.domain.as_deref().map(fold),
                observation.is_admin,
                observation.is_external.unwrap_or(false),
                observation.seen,
                record.email.as_deref(),
                serde_json::to_string(&record)?,
                observation.is_external,
                observation.is_program,
            ],
        )?;
    }
    Ok(())
}

fn new_record(observation: &EntityObservation) -> Entity {
    let key = &observation.key;
    let email = observation
        .principal_name
        .as_deref()
        .filter(|name| name.contains('@'))
        .map(address_of);
    let domain = domain_of(email.as_deref());
    Entity {
        record_id: RecordId::generate(observation.seen.seconds()),
        id: key.id.clone(),
        kind: observation.kind,
        id_type: if uuid::Uuid::try_parse(&key.id).is_ok() {
            17
        } else {
            1
        },
        status: EntityStatus::Active,
        display_name: observation.display_name.clone(),
        username: serde_json::json!({"id": key.id, "saas": key.saas, "inst": key.inst}).to_string(),
        email,
        domain,
        organization: None,
        role: None,
        is_admin: observation.is_admin,
        is_external: observation.is_external.unwrap_or(false),
        is_fake: false,
        last_seen: Some(observation.seen.to_iso_seconds()),
        user_groups: Vec::new(),
        identifiers: Vec::new(),
        sid: None,
        app_data: AppData {
            app_id: key.saas,
            name: app_name(key.saas),
            saas: key.saas,
            instance: key.inst,
        },
        sub_apps: Vec::new(),
        threat_score: None,
        threat_score_history: Vec::new(),
        score_trends: None,
        sctime: None,
        ii: key.ii(),
        actions: Vec::new(),
    }
}

fn domain_of(email: Option<&str>) -> Option<String> {
    let (_, domain) = email?.rsplit_once('@')?;
    Some(domain.to_owned())
}

fn app_name(app: SaasId) -> String {
    casbah_model::saas::name(app).map_or_else(|| format!("App {app}"), str::to_owned)
}

/// The columns that later events change win over the record as it was made.
fn read_entity(mut row: Row) -> Result<Entity, StoreError> {
    let mut entity: Entity = serde_json::from_str(&row.get::<String>(0)?)?;
    entity.display_name = row.get(1)?;
    entity.email = row.get(2)?;
    entity.domain = domain_of(entity.email.as_deref());
    entity.is_admin = row.get(3)?;
    entity.is_external = row.get(4)?;
    entity.last_seen = row
        .get::<Option<Timestamp>>(5)?
        .map(Timestamp::to_iso_seconds);
    entity.threat_score = row.get(6)?;
    let standing = Standing {
        is_external: entity.is_external,
        is_program: row.get(7)?,
        is_admin: entity.is_admin,
    };
    // How many others are in them is counted once for all that are read.
    entity.user_groups = standing.groups().map(|group| group.with_count(0)).collect();
    Ok(entity)
}

/// The list that a query asks for.
fn list(query: &ListQuery) -> Listing {
    let first = match query.sort.field {
        "username" => SortKey::Column("name_folded"),
        "score" | "severity" => SortKey::OrLeast("score"),
        // What makes an entity is that it was seen.
        _ => SortKey::Column("last_seen"),
    };
    let rest = ["saas", "inst", "entity_id", "kind"].map(SortKey::Column);
    Listing {
        table: "entity",
        columns: COLUMNS,
        condition: compile(&query.filter, target),
        order: [first].into_iter().chain(rest).collect(),
        direction: direction(query),
        is_kept_in_order: first == SortKey::Column("last_seen"),
    }
}

fn target(condition: &FieldCondition) -> Target {
    Target::Column(match condition.field.name {
        "type" => "kind",
        "isAdmin" => "is_admin",
        "displayName" => "name_folded",
        "score" => "score",
        "app" => "saas",
        "instance" => "inst",
        "isExternal" => "is_external",
        "domain" => "domain",
        "organization" => "organization_folded",
        "status" => "status",
        "userGroups" => return Target::Expression(groups::by_group(&condition.test)),
        _ => return Target::Expression(by_entity(&condition.test)),
    })
}

/// A key means its account; a user's key means all accounts of that user too.
fn by_entity(test: &Test) -> Condition {
    match test {
        Test::AnyOf(values) => any_entity(values),
        Test::NoneOf(values) => any_entity(values).not(),
        _ => Cond::all().add(never()),
    }
}

fn any_entity(values: &[Scalar]) -> Condition {
    let people: Vec<_> = values.iter().map(as_person).collect();
    let mut people = by_place(&people);
    let places = by_place(values).into_iter().map(|(place, ids)| {
        let exact = Cond::all().add(Expr::col("entity_id").is_in(ids));
        let people = people.remove(&place).unwrap_or_default();
        let person = Cond::all()
            .add(Expr::col("user_folded").is_not_null())
            .add(Expr::col("user_folded").is_in(people));
        Cond::any()
            .add(in_place(exact, place, ("saas", "inst")))
            .add(person)
    });
    any(places.collect())
}

/// The person whom the id of an entity means.
fn as_person(value: &Scalar) -> Scalar {
    match value {
        Scalar::Entity { id, saas, instance } => Scalar::Entity {
            id: person_of(id),
            saas: *saas,
            instance: *instance,
        },
        other => other.clone(),
    }
}
