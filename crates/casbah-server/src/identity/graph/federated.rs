//! `/applications/{id}/federatedIdentityCredentials`: trust in other issuers.

use casbah_identity::federated::{
    FederatedChanges, FederatedRefusal, add_federated, change_federated, find_federated,
    remove_federated,
};
use casbah_model::identity::{Application, FederatedCredential};
use casbah_model::ids::KeyId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::applications::{change_part, find};
use super::body::{self, Member};
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::objects::managed_application;
use super::reply::Reply;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    name: Member<String>,
    issuer: Member<String>,
    subject: Member<String>,
    audiences: Member<Vec<String>>,
    description: Member<String>,
    claims_matching_expression: Member<Value>,
}

impl Body {
    fn read(call: &Call<'_>) -> Result<FederatedChanges, GraphError> {
        let body: Self = body::read(&call.body)?;
        if matches!(body.claims_matching_expression, Member::Value(_)) {
            return Err(GraphError::Invalid(
                "claimsMatchingExpression is not supported: give the subject.".to_owned(),
            ));
        }
        Ok(FederatedChanges {
            name: body.name.set_present("name")?,
            issuer: body.issuer.set_present("issuer")?,
            subject: body.subject.set_present("subject")?,
            audiences: body.audiences.set_present("audiences")?,
            description: match body.description {
                Member::Absent => None,
                Member::Null => Some(None),
                Member::Value(text) => Some(Some(text)),
            },
        })
    }
}

/// `GET …/federatedIdentityCredentials`
pub(super) async fn list(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let application = find(call, key).await?;
    let id = application.id;
    let kept = call
        .options
        .keep(application.federated_credentials, property)?;
    let set = format!("applications('{id}')/federatedIdentityCredentials");
    let authority = &call.app.authority;
    Ok(Reply::Ok(call.options.page(authority, &set, &kept, wire)))
}

/// `GET …/federatedIdentityCredentials/{id or name}`
pub(super) async fn show(call: &Call<'_>, key: &str, which: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let application = find(call, key).await?;
    let one = find_federated(&application.federated_credentials, name_key(which))?;
    Ok(Reply::Ok(call.options.select(wire(one))))
}

/// `POST …/federatedIdentityCredentials`
pub(super) async fn create(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    let changes = Body::read(call)?;
    let application = managed_application(call, key).await?;
    let id = KeyId::random();
    let after = apply(
        call,
        &application,
        "application.add_federated",
        id,
        move |all| add_federated(all, id, changes.clone()),
    )
    .await?;
    let new = find_federated(&after.federated_credentials, &id.to_string())?;
    Ok(Reply::Created(wire(new)))
}

/// `PATCH …/federatedIdentityCredentials/{id or name}`
pub(super) async fn change(call: &Call<'_>, key: &str, which: &str) -> Result<Reply, GraphError> {
    let changes = Body::read(call)?;
    let (application, id) = managed(call, key, which).await?;
    apply(
        call,
        &application,
        "application.change_federated",
        id,
        move |all| change_federated(all, &id.to_string(), changes.clone()),
    )
    .await?;
    Ok(Reply::Done)
}

/// `DELETE …/federatedIdentityCredentials/{id or name}`
pub(super) async fn delete(call: &Call<'_>, key: &str, which: &str) -> Result<Reply, GraphError> {
    let (application, id) = managed(call, key, which).await?;
    apply(
        call,
        &application,
        "application.remove_federated",
        id,
        move |all| remove_federated(all, &id.to_string()),
    )
    .await?;
    Ok(Reply::Done)
}

async fn managed(
    call: &Call<'_>,
    key: &str,
    which: &str,
) -> Result<(Application, KeyId), GraphError> {
    let application = managed_application(call, key).await?;
    let id = find_federated(&application.federated_credentials, name_key(which))?.id;
    Ok((application, id))
}

/// Makes a change to one credential. The audit's record says whose tokens are trusted
/// afterwards, or no longer, so it is refused where another change came between.
async fn apply(
    call: &Call<'_>,
    application: &Application,
    action: &'static str,
    id: KeyId,
    change: impl Fn(&mut Vec<FederatedCredential>) -> Result<(), FederatedRefusal> + Send + 'static,
) -> Result<Application, GraphError> {
    let before = &application.federated_credentials;
    let of_id = move |all: &[FederatedCredential]| all.iter().find(|one| one.id == id).cloned();
    let mut after = before.clone();
    change(&mut after)?;
    let outcome = of_id(&after);
    let told = outcome.clone().or_else(|| of_id(before));
    let told = told.ok_or_else(|| GraphError::NotFound(id.to_string()))?;
    let target = format!("{} {id}", application.id);
    let record = call.record(action, &target).detail(format!(
        "{}: issuer {}, subject {}, audience {}",
        told.name, told.issuer, told.subject, told.audience
    ));
    change_part(call, application, record, move |application| {
        let all = &mut application.federated_credentials;
        change(all)?;
        if of_id(all) == outcome {
            Ok(())
        } else {
            let message = "The federated identity credential was changed meanwhile: try again.";
            Err(GraphError::Exists(message.to_owned()))
        }
    })
    .await
}

/// The name in `name='…'`, or the segment itself, which is an id or a name.
fn name_key(segment: &str) -> &str {
    let named = segment
        .split_once('=')
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("name"));
    let key = named.map_or(segment, |(_, value)| value);
    key.trim().trim_matches('\'')
}

fn property(one: &FederatedCredential, name: &str) -> Option<Vec<String>> {
    match name {
        "id" => Some(vec![one.id.to_string()]),
        "name" => Some(vec![one.name.clone()]),
        "issuer" => Some(vec![one.issuer.clone()]),
        "subject" => Some(vec![one.subject.clone()]),
        _ => None,
    }
}

fn wire(one: &FederatedCredential) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "issuer": one.issuer,
        "subject": one.subject,
        "audiences": [one.audience],
        "description": one.description,
    })
}
