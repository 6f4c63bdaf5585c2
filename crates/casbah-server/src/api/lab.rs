//! `/casbah/v1/lab/…`: faults, clock and reset of a laboratory; not found anywhere else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_model::ids::TenantId;
use casbah_model::lab::Clock;
use casbah_model::permission::CasbahRole;
use casbah_model::time::{DAY_MS, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::casbah::require_home;
use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::lab::Lab;
use crate::lab::faults::{Fault, MOST_RULES, NewRule, Rule};
use crate::state::App;

/// How far from the system's clock the laboratory's may be.
const FARTHEST_DAYS: i64 = 3_660;

/// The longest that a slow answer waits, in milliseconds.
const SLOWEST_MS: u64 = 600_000;

/// The longest `Retry-After`, in seconds.
const LONGEST_WAIT: u64 = 86_400;

const NEW_RULE: [Parameter; 9] = [
    Parameter::new(
        "path",
        Kind::Text,
        "Which paths; `*` stands for any characters",
    )
    .required(),
    Parameter::new("method", Kind::Text, "Which method; any, if none"),
    Parameter::new("kind", Kind::Word(&FAULTS), "How requests fail").required(),
    Parameter::new(
        "seconds",
        Kind::UpTo(LONGEST_WAIT),
        "Of `throttled`: how long to wait",
    ),
    Parameter::new("status", Kind::Whole(500, 599), "Of `status`: which"),
    Parameter::new(
        "milliseconds",
        Kind::UpTo(SLOWEST_MS),
        "Of `slow`: how much later",
    ),
    Parameter::new(
        "times",
        Kind::UpTo(u64::MAX),
        "How many requests fail at most",
    ),
    Parameter::new(
        "probability",
        Kind::Number(0.0, 1.0),
        "How many of those that it is about fail",
    ),
    Parameter::new("seed", Kind::UpTo(u64::MAX), "What decides which"),
];

const FAULTS: [&str; 7] = [
    Fault::Throttled { seconds: 0 }.name(),
    Fault::Status { status: 0 }.name(),
    Fault::Slow { milliseconds: 0 }.name(),
    Fault::Cut.name(),
    Fault::LostAnswer.name(),
    Fault::ExpiredToken.name(),
    Fault::DuplicatedPage.name(),
];

const NEW_CLOCK: [Parameter; 4] = [
    Parameter::new("set", Kind::Text, "The time: RFC 3339, or milliseconds"),
    Parameter::new(
        "advance",
        Kind::Whole(-FARTHEST_SECONDS, FARTHEST_SECONDS),
        "Seconds to go on by",
    ),
    Parameter::new("freeze", Kind::Flag, "Whether it stands still"),
    Parameter::new("system", Kind::Flag, "Back to the system's clock"),
];

const FARTHEST_SECONDS: i64 = FARTHEST_DAYS * DAY_MS / 1_000;

/// What was deleted is gone.
#[derive(Debug, Serialize, JsonSchema)]
struct Reset {
    /// Always true.
    reset: bool,
}

/// How the time is read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ClockRecord {
    now: Iso,
    /// `system`, `moved` or `frozen`.
    state: &'static str,
    /// None while it stands still.
    ahead_milliseconds: Option<i64>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::TenantManage);
    routes
        .of("Laboratory")
        .get("/casbah/v1/lab/faults", need, "List rules of faults", list)
        .answers::<Listed<Rule>>()
        .post("/casbah/v1/lab/faults", need, "Add a rule of faults", add)
        .takes(&NEW_RULE)
        .answers_as::<Rule>(StatusCode::CREATED)
        .delete(
            "/casbah/v1/lab/faults",
            need,
            "Take all rules of faults away",
            clear,
        )
        .answers_nothing(StatusCode::OK)
        .delete(
            "/casbah/v1/lab/faults/{id}",
            need,
            "Take a rule of faults away",
            remove,
        )
        .answers_nothing(StatusCode::OK)
        .get("/casbah/v1/lab/clock", need, "Read the clock", clock)
        .answers::<ClockRecord>()
        .post("/casbah/v1/lab/clock", need, "Set the clock", set_clock)
        .takes(&NEW_CLOCK)
        .answers::<ClockRecord>()
        .post(
            "/casbah/v1/lab/reset",
            need,
            "Delete the tenant's data",
            reset,
        )
        .takes(
            const {
                &[Parameter::new(
                    "seed",
                    Kind::UpTo(u64::MAX),
                    "What the ids of records follow from",
                )]
            },
        )
        .answers::<Reset>()
}

fn lab(app: &App) -> Result<&Lab, ApiError> {
    app.lab.as_ref().ok_or(ApiError::NotFound)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<Rule>>, ApiError> {
    let faults = lab(&app)?.faults();
    Ok(Json(faults.of(caller.tenant).iter().cloned().collect()))
}

async fn add(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<Rule>), ApiError> {
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
    Ok((StatusCode::CREATED, Json(rule)))
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
) -> Result<Json<ClockRecord>, ApiError> {
    lab(&app)?;
    Ok(Json(ClockRecord::of_process()))
}

async fn set_clock(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<ClockRecord>, ApiError> {
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
    Ok(Json(ClockRecord::of_process()))
}

async fn reset(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Reset>, ApiError> {
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
    Ok(Json(Reset { reset: true }))
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

impl ClockRecord {
    fn of_process() -> Self {
        let (state, ahead_milliseconds) = match Clock::of_process() {
            Clock::SYSTEM => ("system", Some(0)),
            Clock::Ahead(millis) => ("moved", Some(millis)),
            Clock::Frozen(_) => ("frozen", None),
        };
        Self {
            now: Timestamp::now().into(),
            state,
            ahead_milliseconds,
        }
    }
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
