//! `/casbah/v1/lab/…`: faults, clock and reset of a laboratory; not found anywhere else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_model::ids::TenantId;
use casbah_model::lab::Clock;
use casbah_model::permission::CasbahRole;
use casbah_model::time::{DAY_MS, Timestamp};
use serde_json::{Value, json};

use super::casbah::require_home;
use super::error::ApiError;
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::lab::Lab;
use crate::lab::faults::{Fault, MOST_RULES, NewRule};
use crate::state::App;

/// How far from the system's clock the laboratory's may be.
const FARTHEST_DAYS: i64 = 3_660;

/// The longest that a slow answer waits, in milliseconds.
const SLOWEST_MS: u64 = 600_000;

/// The longest `Retry-After`, in seconds.
const LONGEST_WAIT: u64 = 86_400;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::TenantManage);
    routes
        .of("Laboratory")
        .get("/casbah/v1/lab/faults", need, "List rules of faults", list)
        .post("/casbah/v1/lab/faults", need, "Add a rule of faults", add)
        .delete(
            "/casbah/v1/lab/faults",
            need,
            "Take all rules of faults away",
            clear,
        )
        .delete(
            "/casbah/v1/lab/faults/{id}",
            need,
            "Take a rule of faults away",
            remove,
        )
        .get("/casbah/v1/lab/clock", need, "Read the clock", clock)
        .post("/casbah/v1/lab/clock", need, "Set the clock", set_clock)
        .post(
            "/casbah/v1/lab/reset",
            need,
            "Delete the tenant's data",
            reset,
        )
}

fn lab(app: &App) -> Result<&Lab, ApiError> {
    app.lab.as_ref().ok_or(ApiError::NotFound)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let faults = lab(&app)?.faults();
    Ok(Json(json!({"data": faults.of(caller.tenant)})))
}

async fn add(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let lab = lab(&app)?;
    let new = read_rule(&parameters)?;
    let rule = lab.faults().add(caller.tenant, new);
    let rule = rule.ok_or_else(|| {
        ApiError::Conflict(format!(
            "there are {MOST_RULES} rules already; take one away"
        ))
    })?;
    let target = format!("{}: {} for {}", rule.id, rule.fault.name(), rule.path);
    caller.audit(&app, "lab.fault.add", target).await?;
    Ok((StatusCode::CREATED, Json(json!(rule))))
}

async fn clear(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    lab(&app)?.faults().clear(caller.tenant);
    caller.audit(&app, "lab.fault.clear", "all").await?;
    Ok(StatusCode::OK)
}

async fn remove(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let removed = lab(&app)?.faults().remove(caller.tenant, &id);
    if !removed {
        return Err(ApiError::NotFound);
    }
    caller.audit(&app, "lab.fault.remove", id).await?;
    Ok(StatusCode::OK)
}

async fn clock(
    State(app): State<Arc<App>>,
    Extension(_): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    lab(&app)?;
    Ok(Json(clock_record()))
}

async fn set_clock(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    lab(&app)?;
    // All tenants share the clock.
    require_home(&app, &caller).await?;
    let before = Clock::of_process();
    let clock = read_clock(&parameters, before)?;
    clock.set();
    let now = Timestamp::now();
    // Keys end and begin by the clock; the next must be there when it is asked for.
    if let Err(error) = app.keys.refresh(&app, now).await {
        before.set();
        tracing::error!(%error, "signing keys cannot be refreshed");
        return Err(ApiError::Internal("signing keys cannot be refreshed"));
    }
    if app.keys.signer(now).is_none() {
        before.set();
        return Err(ApiError::Conflict(
            "no key signs tokens at that time: it is before the server's first start".to_owned(),
        ));
    }
    caller.audit(&app, "lab.clock.set", now).await?;
    Ok(Json(clock_record()))
}

async fn reset(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let lab = lab(&app)?;
    let seed = read_whole(&parameters, "seed", u64::MAX)?;
    lab.faults().clear(caller.tenant);
    let tenant = app.store.tenant(caller.tenant).await?;
    if tenant.is_some_and(|tenant| tenant.is_home) {
        Clock::SYSTEM.set();
        lab.restart_ids(seed);
    }
    let audit = caller.record("lab.reset", &caller.tenant);
    app.store.reset_data(caller.tenant, audit).await?;
    delete_files(&app, caller.tenant).await?;
    Ok(Json(json!({"reset": true})))
}

/// Deletes the files of uploads that are no more. The next may get their ids.
async fn delete_files(app: &App, tenant: TenantId) -> Result<(), ApiError> {
    let failed = |error| {
        tracing::error!(%error, "uploaded files cannot be deleted");
        ApiError::Internal("uploaded files cannot be deleted")
    };
    let files = app.blobs.uploads().map_err(failed)?;
    for (_, upload) in files.into_iter().filter(|(owner, _)| *owner == tenant) {
        app.blobs.delete(tenant, upload).await.map_err(failed)?;
    }
    Ok(())
}

fn clock_record() -> Value {
    let (state, ahead) = match Clock::of_process() {
        Clock::SYSTEM => ("system", Some(0)),
        Clock::Ahead(millis) => ("moved", Some(millis)),
        Clock::Frozen(_) => ("frozen", None),
    };
    json!({"now": Timestamp::now().to_iso(), "state": state, "aheadMilliseconds": ahead})
}

/// `set` (milliseconds, or RFC 3339), `advance` (seconds), `freeze`, `system`.
fn read_clock(parameters: &Parameters, before: Clock) -> Result<Clock, ApiError> {
    if parameters.flag("system")? {
        return Ok(Clock::SYSTEM);
    }
    let system = Timestamp::of_system();
    let set = parameters.text("set")?.map(|text| {
        let millis = text.parse().ok().map(Timestamp);
        let time = millis.or_else(|| Timestamp::parse(&text));
        time.ok_or_else(|| ApiError::bad_value("set", text))
    });
    let advance = parameters.number("advance")?;
    let freeze = parameters.any_of(&["freeze"]).is_some();
    if set.is_none() && advance.is_none() && !freeze {
        return Err(ApiError::Required("set"));
    }
    let from = set.transpose()?.unwrap_or_else(Timestamp::now);
    let at = from.plus_millis(advance.unwrap_or(0).saturating_mul(1_000));
    let ahead = at.millis().saturating_sub(system.millis());
    if ahead.abs() > FARTHEST_DAYS * DAY_MS {
        return Err(ApiError::bad_value("set", at.to_iso()));
    }
    let stands = if freeze {
        parameters.flag("freeze")?
    } else {
        matches!(before, Clock::Frozen(_))
    };
    Ok(if stands {
        Clock::Frozen(at)
    } else {
        Clock::Ahead(ahead)
    })
}

fn read_rule(parameters: &Parameters) -> Result<NewRule, ApiError> {
    let path = parameters.required_text("path")?;
    let known = ["/api", "/cas", "/casbah", "*"];
    if !known.iter().any(|start| path.starts_with(start)) {
        return Err(ApiError::bad_value("path", path));
    }
    let kind = parameters.required_text("kind")?;
    let whole = |name, most| read_whole(parameters, name, most);
    let fault = match kind.as_str() {
        "throttled" => Fault::Throttled {
            seconds: whole("seconds", LONGEST_WAIT)?.unwrap_or(1),
        },
        "status" => {
            let status = whole("status", 599)?.unwrap_or(503);
            let status = u16::try_from(status).ok().filter(|status| *status >= 500);
            Fault::Status {
                status: status.ok_or_else(|| ApiError::bad_value("status", "below 500"))?,
            }
        }
        "slow" => Fault::Slow {
            milliseconds: whole("milliseconds", SLOWEST_MS)?.unwrap_or(1_000),
        },
        "cut" => Fault::Cut,
        "lost-answer" => Fault::LostAnswer,
        "expired-token" => Fault::ExpiredToken,
        "duplicated-page" => Fault::DuplicatedPage,
        _ => return Err(ApiError::bad_value("kind", kind)),
    };
    let probability = match parameters.text("probability")? {
        None => 1.0,
        Some(text) => {
            let number = text.parse().ok();
            let number = number.filter(|number| (0.0..=1.0).contains(number));
            number.ok_or_else(|| ApiError::bad_value("probability", text))?
        }
    };
    Ok(NewRule {
        path,
        method: parameters.text("method")?,
        fault,
        times: whole("times", u64::MAX)?,
        probability,
        seed: whole("seed", u64::MAX)?.unwrap_or(1),
    })
}

/// A whole number from 0 to `most`.
fn read_whole(
    parameters: &Parameters,
    name: &'static str,
    most: u64,
) -> Result<Option<u64>, ApiError> {
    let number = parameters.text(name)?.map(|text| {
        let number = text.parse().ok().filter(|number| *number <= most);
        number.ok_or_else(|| ApiError::bad_value(name, text))
    });
    number.transpose()
}
