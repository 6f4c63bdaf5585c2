//! `/api/discovery_block_scripts/`: rules for appliances.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use casbah_discovery::{Appliance, BlockDomain, BlockListPage, Catalog, Verdict, block_script};
use casbah_model::filter::fold;
use casbah_model::permission::Action;

use super::tags::{SANCTIONED, UNSANCTIONED};
use crate::api::error::ApiError;
use crate::api::operation::{Kind, LARGEST, Parameter};
use crate::api::parameters::Parameters;
use crate::api::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// The apps of one page of the JSON form.
const LIMIT: usize = 100;

const SCRIPT: [Parameter; 4] = [
    Parameter::new(
        "format",
        Kind::Code(&[102, 104, 108, 112, 120, 129, 135]),
        "102 Blue Coat ProxySG, 104 Cisco ASA, 108 FortiGate, 112 Palo Alto, 120 Zscaler, \
         129 Juniper SRX, 135 Websense; without it the domains as JSON",
    ),
    Parameter::new("type", Kind::Word(&["banned", "allowed"]), "Which apps"),
    Parameter::new(
        "skip",
        Kind::UpTo(LARGEST),
        "Of JSON: how many apps to pass over",
    ),
    Parameter::new("limit", Kind::UpTo(LARGEST), "Of JSON: how many apps"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    let manage = Need::Action(Action::DiscoveryManage);
    routes
        .get(
            "/api/discovery_block_scripts",
            manage,
            "Get a block script",
            script,
        )
        .takes(&SCRIPT)
        .answers::<BlockListPage>()
        .answers_text(
            "text/plain",
            "The script, where `format` names an appliance",
        )
        .get(
            "/api/discovery/discovery_block_scripts",
            manage,
            "Get a block script by its older path",
            script,
        )
        .takes(&SCRIPT)
        .answers::<BlockListPage>()
        .answers_text(
            "text/plain",
            "The script, where `format` names an appliance",
        )
}

async fn script(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let kind = parameters.text("type")?;
    let verdict = Verdict::from_parameter(kind.as_deref())
        .ok_or_else(|| ApiError::bad_value("type", kind.unwrap_or_default()))?;
    let domains = tagged_domains(&app, &caller, verdict).await?;
    let Some(format) = parameters.number("format")? else {
        let whole = |name| {
            let number = parameters.number(name)?;
            number
                .map(|number| {
                    usize::try_from(number)
                        .map_err(|_| ApiError::bad_value(name, number.to_string()))
                })
                .transpose()
        };
        let limit = whole("limit")?.filter(|limit| *limit > 0).unwrap_or(LIMIT);
        let page = BlockListPage::of(&domains, whole("skip")?.unwrap_or(0), limit);
        return Ok(Json(page).into_response());
    };
    let appliance = u16::try_from(format).ok().and_then(Appliance::from_number);
    let appliance = appliance.ok_or_else(|| ApiError::bad_value("format", format.to_string()))?;
    let text = block_script(appliance, verdict, domains.iter().flatten());
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The domains of the apps with the tag that the script is made of, app by app.
async fn tagged_domains(
    app: &App,
    caller: &Caller,
    verdict: Verdict,
) -> Result<Vec<Vec<BlockDomain>>, ApiError> {
    let tag = fold(match verdict {
        Verdict::Banned => UNSANCTIONED,
        Verdict::Allowed => SANCTIONED,
    });
    let catalog = Catalog::built_in();
    let tagged = app.store.app_tags(caller.tenant).await?;
    let apps = tagged
        .into_iter()
        .filter(|(_, tags)| tags.iter().any(|one| fold(one) == tag));
    let domains = apps.filter_map(|(id, _)| catalog.app(id)).map(|app| {
        // A domain that no appliance could take is none of the catalog's.
        app.domains
            .iter()
            .filter_map(|domain| BlockDomain::new(&domain.value).ok())
            .collect()
    });
    Ok(domains.collect())
}
