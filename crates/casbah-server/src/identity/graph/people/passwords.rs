//! A new password for a person who has lost the old one.

use casbah_identity::people::{GivenPassword, PersonChanges, manages};
use casbah_identity::random;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{change_person, find};
use crate::identity::graph::body;
use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;
use crate::identity::hashing;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    new_password: Option<SecretString>,
}

/// `POST /users/{id}/authentication/methods/{PASSWORD_METHOD}/resetPassword`. The person
/// must choose another at the next sign-in. A password that the server made is answered.
pub(in crate::identity::graph) async fn reset(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    let actor = call.caller.person_with(Right::ManagePeople)?;
    let user = find(call, key).await?;
    // A password costs a slow hash, so who may not at all is refused before it.
    if !manages(actor, &user) {
        return Err(GraphError::Forbidden);
    }
    let Wanted { new_password } = body::read(&call.body)?;
    let is_given = new_password.is_some();
    let password = match new_password {
        Some(password) => password,
        None => random::one_time_password()?,
    };
    let changes = PersonChanges {
        password: Some(GivenPassword {
            hash: hashing::hash(password.clone()).await?,
            must_change: true,
        }),
        ..PersonChanges::default()
    };
    let record = call.record("user.reset_password", &user.id);
    change_person(call, user.id, Right::ManagePeople, changes, record).await?;
    let context = format!(
        "{}/v1.0/$metadata#microsoft.graph.passwordResetResponse",
        call.app.authority.origin()
    );
    let mut answer = json!({ "@odata.context": context });
    if !is_given {
        answer["newPassword"] = password.expose_secret().into();
    }
    Ok(Reply::Accepted(answer))
}
