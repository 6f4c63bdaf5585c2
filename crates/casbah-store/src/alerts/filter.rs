//! What the fields of the list of alerts mean.

use casbah_model::filter::{Condition as FieldCondition, Scalar, Test};
use casbah_model::ids::{RecordId, TenantId};
use sea_query::{Cond, Condition, Expr, ExprTrait, Query};

use crate::database::Param;
use crate::filter::{Target, any, by_place, holds_people, in_place, never, test};

/// Where each field's values are.
pub(super) fn target(tenant: TenantId, condition: &FieldCondition) -> Target {
    let entity = |kind| Target::Expression(by_entity(tenant, kind, &condition.test));
    match condition.field.name {
        "severity" => Target::Column("severity"),
        "resolutionStatus" => Target::Column("resolution"),
        "date" => Target::Column("timestamp"),
        "resolutionDate" => Target::Column("resolved"),
        "risk" => Target::Column("risk"),
        "alertType" => Target::Column("alert_type"),
        "entity.policy" => Target::Column("policy_id"),
        "entity.user" => entity("user"),
        "entity.ip" => entity("ip"),
        "entity.service" => entity("service"),
        "entity.file" => entity("file"),
        "entity.instance" => Target::Expression(by_instance(tenant, &condition.test)),
        "id" => Target::Expression(by_id(&condition.test)),
        "alertOpen" => Target::Expression(flag(&condition.test, "resolution", true)),
        "read" => Target::Expression(flag(&condition.test, "status", false)),
        "source" => Target::Expression(by_source(&condition.test)),
        _ => entity("account"),
    }
}

fn by_id(condition: &Test) -> Condition {
    let ids = |values: &[Scalar]| {
        let ids = values.iter().filter_map(|value| match value {
            Scalar::Text(text) => text.parse::<RecordId>().ok(),
            _ => None,
        });
        ids.map(|id| id.bytes().to_vec()).collect::<Vec<_>>()
    };
    match condition {
        Test::AnyOf(values) => {
            let ids = ids(values);
            if ids.is_empty() {
                Cond::all().add(never())
            } else {
                Cond::all().add(Expr::col("id").is_in(ids))
            }
        }
        Test::NoneOf(values) => {
            let ids = ids(values);
            if ids.is_empty() {
                Cond::all()
            } else {
                Cond::all().add(Expr::col("id").is_not_in(ids))
            }
        }
        other => test(other, "id"),
    }
}

/// A truth value that a column holds as zero or more: `true` means zero if
/// `true_is_zero`.
fn flag(condition: &Test, column: &'static str, true_is_zero: bool) -> Condition {
    let Test::AnyOf(values) = condition else {
        return Cond::all().add(never());
    };
    let conditions = values.iter().filter_map(|value| match value {
        Scalar::Bool(value) if *value == true_is_zero => Some(Expr::col(column).eq(0_i64)),
        Scalar::Bool(_) => Some(Expr::col(column).gt(0_i64)),
        _ => None,
    });
    any(conditions.map(|one| Cond::all().add(one)).collect())
}

/// All alerts here come from built-in detections.
fn by_source(condition: &Test) -> Condition {
    const BUILT_IN: Scalar = Scalar::Int(0);
    match condition {
        Test::AnyOf(values) if values.contains(&BUILT_IN) => Cond::all(),
        _ => Cond::all().add(never()),
    }
}

fn by_entity(tenant: TenantId, kind: &'static str, condition: &Test) -> Condition {
    match condition {
        Test::AnyOf(values) => speaks_of(tenant, kind, values),
        Test::NoneOf(values) => speaks_of(tenant, kind, values).not(),
        _ => Cond::all().add(never()),
    }
}

/// An alert is of the instances of the accounts and apps that it speaks of.
fn by_instance(tenant: TenantId, condition: &Test) -> Condition {
    let of = |values: &[Scalar]| {
        let numbers = values.iter().filter_map(|value| match value {
            Scalar::Int(number) => Some(*number),
            _ => None,
        });
        let numbers: Vec<_> = numbers.collect();
        let has_instance = || Cond::all().add(Expr::col("kind").is_in(["account", "service"]));
        let mut conditions = Vec::new();
        if !numbers.is_empty() {
            let instance = has_instance().add(Expr::col("inst").is_in(numbers));
            conditions.push(alerts_with(tenant, instance));
        }
        if values.contains(&Scalar::Null) {
            conditions.push(alerts_with(tenant, has_instance()).not());
        }
        any(conditions)
    };
    match condition {
        Test::AnyOf(values) => of(values),
        Test::NoneOf(values) => of(values).not(),
        _ => Cond::all().add(never()),
    }
}

fn speaks_of(tenant: TenantId, kind: &'static str, values: &[Scalar]) -> Condition {
    let of_kind = |kind: &'static str, ids: Vec<sea_query::Value>| {
        Cond::all()
            .add(Expr::col("kind").eq(kind))
            .add(Expr::col("entity_id").is_in(ids))
    };
    let ids = values.iter().filter_map(|value| match value {
        Scalar::Text(id) => Some(Param(id).into()),
        Scalar::Int(id) => Some(Param(id.to_string()).into()),
        _ => None,
    });
    let ids: Vec<sea_query::Value> = ids.collect();
    let places = by_place(values);
    let mut conditions = Vec::new();
    if !ids.is_empty() {
        conditions.push(of_kind(kind, ids));
    }
    // A person's key has the person's name for its id.
    let people = places.iter().filter(|(place, _)| holds_people(**place));
    let people: Vec<_> = people.flat_map(|(_, ids)| ids).cloned().collect();
    if !people.is_empty() {
        conditions.push(of_kind("user", people));
    }
    let places = places.into_iter();
    conditions
        .extend(places.map(|(place, ids)| in_place(of_kind(kind, ids), place, ("saas", "inst"))));
    let mut alerts = Vec::new();
    if !conditions.is_empty() {
        alerts.push(alerts_with(tenant, any(conditions)));
    }
    if values.contains(&Scalar::Null) {
        let kinds: &[_] = if kind == "account" {
            &["account", "user"]
        } else {
            &[kind]
        };
        let speaks = Cond::all().add(Expr::col("kind").is_in(kinds.iter().copied()));
        alerts.push(alerts_with(tenant, speaks).not());
    }
    any(alerts)
}

/// The alerts that speak of an entity which fulfils `condition`.
fn alerts_with(tenant: TenantId, condition: Condition) -> Condition {
    let tenant: sea_query::Value = Param(tenant).into();
    let alerts = Query::select()
        .column("alert_id")
        .from("alert_entity")
        .cond_where(Expr::col("tenant_id").eq(tenant))
        .cond_where(condition)
        .take();
    Cond::all().add(Expr::col("id").in_subquery(alerts))
}
