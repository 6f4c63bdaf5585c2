//! `addPassword` and `removePassword`: client secrets.

use casbah_identity::secret::{SecretOptions, new_client_secret};
use casbah_model::ids::{KeyId, ObjectId};
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use super::body;
use super::dispatch::Call;
use super::error::GraphError;
use super::objects::{foreign_principal, managed_application};
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

/// What holds secrets.
struct Holder {
    id: ObjectId,
    added: &'static str,
    removed: &'static str,
}

async fn application(call: &Call<'_>, key: &str) -> Result<Holder, GraphError> {
    let application = managed_application(call, key).await?;
    Ok(Holder {
        id: application.id,
        added: "application.add_secret",
        removed: "application.remove_secret",
    })
}

/// A service principal may hold secrets of its own, good in its tenant alone.
async fn principal(call: &Call<'_>, key: &str) -> Result<Holder, GraphError> {
    let principal = foreign_principal(call, key).await?;
    Ok(Holder {
        id: principal.id,
        added: "service_principal.add_secret",
        removed: "service_principal.remove_secret",
    })
}

/// `POST /applications/{id}/addPassword`
pub(super) async fn add(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    add_secret(call, application(call, key).await?).await
}

/// `POST /servicePrincipals/{id}/addPassword`
pub(super) async fn add_to_principal(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    add_secret(call, principal(call, key).await?).await
}

/// `POST /applications/{id}/removePassword`
pub(super) async fn remove(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    remove_secret(call, application(call, key).await?).await
}

/// `POST /servicePrincipals/{id}/removePassword`
pub(super) async fn remove_from_principal(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    remove_secret(call, principal(call, key).await?).await
}

/// The only answer with the secret's text.
async fn add_secret(call: &Call<'_>, holder: Holder) -> Result<Reply, GraphError> {
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
    let new = new_client_secret(&call.app.peppers, tenant, holder.id, options, now)?;
    if new.stored.end <= new.stored.start {
        return Err(GraphError::Invalid(
            "endDateTime must be after startDateTime.".to_owned(),
        ));
    }
    let mut object = wire::secret(&new.stored);
    object["secretText"] = Value::from(new.text.expose_secret());
    let target = format!("{} {}", holder.id, new.stored.key_id);
    let record = call.record(holder.added, &target);
    call.app.store.add_client_secret(new.stored, record).await?;
    Ok(Reply::Ok(object))
}

async fn remove_secret(call: &Call<'_>, holder: Holder) -> Result<Reply, GraphError> {
    let Remove { key_id } = body::read(&call.body)?;
    let tenant = call.caller.tenant.id;
    let target = format!("{} {key_id}", holder.id);
    let record = call.record(holder.removed, &target);
    let store = &call.app.store;
    if !store
        .remove_client_secret(tenant, holder.id, key_id, record)
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
