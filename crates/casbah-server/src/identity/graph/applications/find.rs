//! An application by the key in a path.

use casbah_model::identity::Application;
use casbah_store::ApplicationQuery;

use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;

/// Finds by object id, or by `appId='…'`.
pub(in crate::identity::graph) async fn find(
    call: &Call<'_>,
    key: &str,
) -> Result<Application, GraphError> {
    let missing = || GraphError::NotFound(key.to_owned());
    let tenant = call.caller.tenant.id;
    let found = if let Some(app_id) = app_id_key(key) {
        let query = ApplicationQuery {
            app_id: Some(app_id.parse().map_err(|_| missing())?),
            ..ApplicationQuery::default()
        };
        call.app.store.applications(tenant, query).await?.pop()
    } else {
        let id = key.parse().map_err(|_| missing())?;
        call.app.store.application(tenant, id).await?
    };
    found
        .filter(|application| application.deleted.is_none())
        .ok_or_else(missing)
}

/// The value of `appId='…'`.
pub(in crate::identity::graph) fn app_id_key(key: &str) -> Option<&str> {
    let (name, value) = key.split_once('=')?;
    name.trim()
        .eq_ignore_ascii_case("appId")
        .then(|| value.trim().trim_matches('\''))
}
