//! `addPassword` and `removePassword`: client secrets.

use casbah_identity::secret::{SecretOptions, new_client_secret};
use casbah_model::ids::KeyId;
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use super::applications::find;
use super::body;
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use super::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Add {
    password_credential: Option<Wanted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    display_name: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remove {
    key_id: KeyId,
}

/// `POST /applications/{id}/addPassword`: the only answer with the secret's text.
pub(super) async fn add(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Manage)?;
    let application = find(call, key).await?;
    let wanted: Add = body::read(&call.body)?;
    let options = match wanted.password_credential {
        Some(wanted) => SecretOptions {
            start: time(wanted.start_date_time.as_deref())?,
            end: time(wanted.end_date_time.as_deref())?,
            display_name: wanted.display_name,
        },
        None => SecretOptions::default(),
    };
    let tenant = call.caller.tenant.id;
    let now = call.context.now;
    let new = new_client_secret(&call.app.peppers, tenant, application.id, options, now)?;
    if new.stored.end <= new.stored.start {
        return Err(GraphError::Invalid(
            "endDateTime must be after startDateTime.".to_owned(),
        ));
    }
    let mut object = wire::secret(&new.stored);
    object["secretText"] = Value::from(new.text.expose_secret());
    let target = format!("{} {}", application.id, new.stored.key_id);
    let record = call.record("application.add_secret", &target);
    call.app.store.add_client_secret(new.stored, record).await?;
    Ok(Reply::Ok(object))
}

/// `POST /applications/{id}/removePassword`
pub(super) async fn remove(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Manage)?;
    let application = find(call, key).await?;
    let Remove { key_id } = body::read(&call.body)?;
    let tenant = call.caller.tenant.id;
    let target = format!("{} {key_id}", application.id);
    let record = call.record("application.remove_secret", &target);
    let store = &call.app.store;
    if !store
        .remove_client_secret(tenant, application.id, key_id, record)
        .await?
    {
        return Err(GraphError::Invalid(format!(
            "No password credential found with keyId '{key_id}'."
        )));
    }
    Ok(Reply::Done)
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, GraphError> {
    text.map(|text| {
        Timestamp::parse(text)
            .ok_or_else(|| GraphError::Invalid(format!("'{text}' is no date and time.")))
    })
    .transpose()
}
