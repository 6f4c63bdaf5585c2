//! Making, changing and deleting people.

use casbah_identity::people::{
    self, GivenPassword, PersonChanges, check_deletion, manages, new_person,
};
use casbah_model::identity::User;
use casbah_model::ids::ObjectId;
use casbah_store::AuditRecord;
use secrecy::SecretString;
use serde::Deserialize;

use super::find;
use crate::identity::graph::body::{self, Member};
use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;
use crate::identity::graph::wire;
use crate::identity::hashing;

/// What a body may set; other properties of people are ignored.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Changes {
    account_enabled: Member<bool>,
    display_name: Member<String>,
    user_principal_name: Member<String>,
    password_profile: Member<PasswordProfile>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PasswordProfile {
    password: Option<SecretString>,
    force_change_password_next_sign_in: Option<bool>,
}

impl PasswordProfile {
    /// The password, hashed, if there is one.
    async fn given(&self) -> Result<Option<GivenPassword>, GraphError> {
        let Some(password) = &self.password else {
            return Ok(None);
        };
        Ok(Some(GivenPassword {
            hash: hashing::hash(password.clone()).await?,
            must_change: self.force_change_password_next_sign_in.unwrap_or(true),
        }))
    }
}

/// `POST /users`
pub(in crate::identity::graph) async fn create(call: &Call<'_>) -> Result<Reply, GraphError> {
    let actor = call.caller.person_with(Right::ManagePeople)?;
    let changes: Changes = body::read(&call.body)?;
    let required = |name: &str| {
        GraphError::Invalid(format!("Property {name} is required but is not present."))
    };
    let upn = changes
        .user_principal_name
        .set_present("userPrincipalName")?;
    let upn = upn.ok_or_else(|| required("userPrincipalName"))?;
    let name = changes.display_name.set_present("displayName")?;
    let name = name.ok_or_else(|| required("displayName"))?;
    let enabled = changes.account_enabled.set_present("accountEnabled")?;
    let mut user = new_person(&call.caller.tenant, &upn, &name, call.context.now)?;
    if !manages(actor, &user) {
        return Err(GraphError::Forbidden);
    }
    user.enabled = enabled.ok_or_else(|| required("accountEnabled"))?;
    let profile = changes.password_profile.set().unwrap_or_default();
    let given = profile.given().await?;
    let given = given.ok_or_else(|| required("passwordProfile"))?;
    user.password = Some(given.hash);
    user.must_change_password = given.must_change;
    let record = call.record("user.create", &user.id).detail(&user.upn);
    call.app.store.create_user(user.clone(), record).await?;
    Ok(Reply::Created(wire::user(&user)))
}

/// `PATCH /users/{id}`
pub(in crate::identity::graph) async fn change(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    let actor = call.caller.person_with(Right::ManagePeople)?;
    let user = find(call, key).await?;
    // A password costs a slow hash, so who may not at all is refused before it.
    if !manages(actor, &user) {
        return Err(GraphError::Forbidden);
    }
    let changes: Changes = body::read(&call.body)?;
    let profile = changes.password_profile.set().unwrap_or_default();
    let changes = PersonChanges {
        upn: changes
            .user_principal_name
            .set_present("userPrincipalName")?,
        display_name: changes.display_name.set_present("displayName")?,
        enabled: changes.account_enabled.set_present("accountEnabled")?,
        password: profile.given().await?,
        must_change_password: profile.force_change_password_next_sign_in,
        ..PersonChanges::default()
    };
    let record = call.record("user.change", &user.id).detail(told(&changes));
    change_person(call, user.id, Right::ManagePeople, changes, record).await?;
    Ok(Reply::Done)
}

/// `DELETE /users/{id}`. The person is gone at once and cannot be restored.
pub(in crate::identity::graph) async fn delete(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    let actor = call.caller.person_with(Right::ManagePeople)?.clone();
    let user = find(call, key).await?;
    let (tenant, id) = (user.tenant, user.id);
    let record = call.record("user.delete", &id).detail(&user.upn);
    let store = &call.app.store;
    store
        .delete_user(tenant, id, record, move |present| {
            let present = present.ok_or_else(|| GraphError::NotFound(id.to_string()))?;
            Ok::<_, GraphError>(check_deletion(&actor, present)?)
        })
        .await??;
    Ok(Reply::Done)
}

/// Changes a person as the person is in the moment of the write.
pub(in crate::identity::graph) async fn change_person(
    call: &Call<'_>,
    id: ObjectId,
    right: Right,
    changes: PersonChanges,
    record: AuditRecord,
) -> Result<User, GraphError> {
    let actor = call.caller.person_with(right)?.clone();
    let (tenant, now) = (call.caller.tenant.clone(), call.context.now);
    let store = &call.app.store;
    store
        .change_user(tenant.id, id, record, move |present| {
            let present = present.ok_or_else(|| GraphError::NotFound(id.to_string()))?;
            let after = people::change_person(&actor, &tenant, &present, &changes, now)?;
            Ok::<_, GraphError>(after)
        })
        .await?
}

/// What the audit keeps of a change, without the password.
fn told(changes: &PersonChanges) -> String {
    let enabled = changes.enabled.map(|enabled| {
        let word = if enabled { "on" } else { "off" };
        format!("switched {word}")
    });
    let named =
        |what: &str, value: &Option<String>| value.as_ref().map(|value| format!("{what} {value}"));
    let password = changes
        .password
        .as_ref()
        .map(|_| "a new password".to_owned());
    [
        named("userPrincipalName", &changes.upn),
        named("displayName", &changes.display_name),
        enabled,
        password,
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}
