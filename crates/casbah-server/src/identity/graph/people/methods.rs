//! `/users/{id}/authentication/methods`: what a person proves herself with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::people::manages;
use casbah_model::identity::{PASSWORD_METHOD, Passkey, User};
use serde_json::{Value, json};

use super::find;
use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;

/// `GET /users/{id}/authentication/methods`
pub(in crate::identity::graph) async fn list(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    let user = managed(call, key).await?;
    let factors = call.app.store.second_factors(user.tenant, user.id).await?;
    let password = user.password.is_some().then(|| {
        json!({
            "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
            "id": PASSWORD_METHOD,
            "password": null,
            "createdDateTime": null,
        })
    });
    let app = factors.app.as_ref().map(|app| {
        json!({
            "@odata.type": "#microsoft.graph.softwareOathAuthenticationMethod",
            "id": user.id,
            "secretKey": null,
            "createdDateTime": app.created.to_iso_seconds(),
        })
    });
    let passkeys = factors.passkeys.iter().map(passkey);
    let all: Vec<Value> = password.into_iter().chain(app).chain(passkeys).collect();
    let authority = &call.app.authority;
    let set = format!("users('{}')/authentication/methods", user.id);
    Ok(Reply::Ok(call.options.page(
        authority,
        &set,
        &all,
        Value::clone,
    )))
}

fn passkey(passkey: &Passkey) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
        "id": URL_SAFE_NO_PAD.encode(&passkey.id),
        "displayName": passkey.name,
        "createdDateTime": passkey.created.to_iso_seconds(),
    })
}

/// `DELETE /users/{id}/authentication/softwareOathMethods/{method}` and
/// `…/fido2Methods/{method}`
pub(in crate::identity::graph) async fn delete(
    call: &Call<'_>,
    key: &str,
    kind: &str,
    method: &str,
) -> Result<Reply, GraphError> {
    let user = managed(call, key).await?;
    let missing = || GraphError::NotFound(method.to_owned());
    let store = &call.app.store;
    let deleted = if kind == "fido2methods" {
        let id = URL_SAFE_NO_PAD.decode(method).map_err(|_| missing())?;
        let record = call.record("user.remove_passkey", &user.id);
        store
            .delete_passkey(user.tenant, user.id, id, record)
            .await?
    } else {
        let record = call.record("user.remove_authenticator_app", &user.id);
        method == user.id.to_string()
            && store
                .delete_authenticator_app(user.tenant, user.id, record)
                .await?
    };
    if deleted {
        Ok(Reply::Done)
    } else {
        Err(missing())
    }
}

/// A person whose methods the caller may look after.
async fn managed(call: &Call<'_>, key: &str) -> Result<User, GraphError> {
    let actor = call.caller.person_with(Right::ManagePeople)?;
    let user = find(call, key).await?;
    if manages(actor, &user) {
        Ok(user)
    } else {
        Err(GraphError::Forbidden)
    }
}
