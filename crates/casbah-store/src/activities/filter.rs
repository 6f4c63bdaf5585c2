//! What the fields of the list of activities mean.

use casbah_model::activity::ActivityId;
use casbah_model::filter::{Condition as FieldCondition, Scalar, Test, words};
use casbah_model::ids::{RecordId, TenantId};
use sea_query::{Alias, Asterisk, Cond, Condition, Expr, ExprTrait, Query};

use crate::database::Param;
use crate::filter::{Target, any, by_place, holds_people, in_place, never, test};

/// Where each field's values are.
pub(super) fn target(tenant: TenantId, condition: &FieldCondition) -> Target {
    let column = match condition.field.name {
        "service" => "app_id",
        "instance" => "instance",
        "user.domain" => "user_domain",
        "actionType" => "action_folded",
        "activity.eventActionType" => "event_category",
        "activity.actionType" => "action_type",
        "activity.impersonated" => "impersonated",
        "activity.type" => "admin_event",
        "device.type" => "device_type",
        "userAgent.userAgent" => "agent_folded",
        "location.country" => "country",
        "location.organizations" => "organization_folded",
        "ip.address" => "ip",
        "ip.category" => "ip_category",
        "date" => "timestamp",
        "created" => "created",
        "source" => "source",
        "user.username" => "user_folded",
        "userAgent.tags" => return Target::Members("agent_tags"),
        "user.tags" => return Target::Members("user_tags"),
        "ip.tags" => return Target::Members("ip_tags"),
        "activityObject" | "office365url" => return Target::Members("objects"),
        "activity.id" => return Target::Expression(by_id(&condition.test)),
        "activity.alertId" => return Target::Expression(by_alert(tenant, &condition.test)),
        "entity" => return Target::Expression(by_entity(&condition.test)),
        _ => return Target::Expression(full_text(&condition.test)),
    };
    Target::Column(column)
}

fn texts(condition: &Test) -> impl Iterator<Item = &str> {
    let values = match condition {
        Test::AnyOf(values) => values.as_slice(),
        _ => &[],
    };
    values.iter().filter_map(|value| match value {
        Scalar::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn key() -> Expr {
    Expr::tuple([Expr::col("timestamp"), Expr::col("uuid")])
}

fn by_id(test: &Test) -> Condition {
    let ids = texts(test).filter_map(|id| id.parse::<ActivityId>().ok());
    let ids: Vec<_> = ids
        .map(|id| (id.timestamp.millis(), id.uuid.as_bytes().to_vec()))
        .collect();
    if ids.is_empty() {
        return Cond::all().add(never());
    }
    // SQLite compares a pair with a query alone, not with a list of pairs.
    let ids = Query::select()
        .column(Asterisk)
        .from_values(ids, Alias::new("wanted"))
        .take();
    Cond::all().add(key().in_subquery(ids))
}

/// The activities that an alert lists as its proof.
fn by_alert(tenant: TenantId, test: &Test) -> Condition {
    let ids = texts(test).filter_map(|id| id.parse::<RecordId>().ok());
    let ids: Vec<_> = ids.map(|id| id.bytes().to_vec()).collect();
    let tenant: sea_query::Value = Param(tenant).into();
    let proof = || {
        Query::select()
            .columns(["timestamp", "uuid"])
            .from("alert_activity")
            .cond_where(Expr::col("tenant_id").eq(tenant.clone()))
            .take()
    };
    let mut conditions = Vec::new();
    if !ids.is_empty() {
        let of_these = proof().cond_where(Expr::col("alert_id").is_in(ids)).take();
        conditions.push(Cond::all().add(key().in_subquery(of_these)));
    }
    if matches!(test, Test::AnyOf(values) if values.contains(&Scalar::Null)) {
        conditions.push(Cond::all().add(key().not_in_subquery(proof())));
    }
    any(conditions)
}

/// An account is meant by its id in its app, or by the name of the person; a person by the
/// name, whatever app the account is of.
fn by_entity(condition: &Test) -> Condition {
    match condition {
        Test::AnyOf(values) => any_entity(values),
        Test::NoneOf(values) => any_entity(values).not(),
        Test::IsSet(true) => Cond::all().add(Expr::col("actor_id").is_not_null()),
        Test::Like(..) => Cond::any()
            .add(test(condition, "actor_id"))
            .add(test(condition, "user_folded")),
        _ => Cond::all().add(Expr::col("actor_id").is_null()),
    }
}

/// Never unknown to SQL, so that it can be negated: nobody equals nobody's name.
fn any_entity(values: &[Scalar]) -> Condition {
    let places = by_place(values).into_iter().map(|(place, ids)| {
        let named = |column: &'static str| {
            Cond::all()
                .add(Expr::col(column).is_not_null())
                .add(Expr::col(column).is_in(ids.clone()))
        };
        let at_place = |named: Condition| {
            let of_account = named.add(Expr::col("actor_saas").is_not_null());
            in_place(of_account, place, ("actor_saas", "instance"))
        };
        let (account, person) = (named("actor_id"), named("user_folded"));
        if holds_people(place) {
            return Cond::any().add(at_place(account)).add(person);
        }
        at_place(Cond::all().add(Cond::any().add(account).add(person)))
    });
    let mut conditions: Vec<_> = places.collect();
    if values.contains(&Scalar::Null) {
        conditions.push(Cond::all().add(Expr::col("actor_id").is_null()));
    }
    any(conditions)
}

fn full_text(condition: &Test) -> Condition {
    match condition {
        Test::Like(_, texts) => test(
            &Test::Words(texts.iter().flat_map(|text| words(text)).collect()),
            "words",
        ),
        equal @ Test::AnyOf(_) => any(texts(equal)
            .map(|text| test(&Test::Words(words(text).collect()), "words"))
            .collect()),
        other => test(other, "words"),
    }
}
