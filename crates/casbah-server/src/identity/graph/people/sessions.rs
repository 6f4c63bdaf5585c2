//! Ending all that came of a person's sign-ins.

use casbah_identity::people::PersonChanges;
use casbah_model::ids::ObjectId;
use serde_json::json;

use super::{change_person, find};
use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;

/// `POST /users/{id}/revokeSignInSessions`
pub(in crate::identity::graph) async fn sign_out(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    // Others' names are not tried out by who may not read them.
    call.caller.require(Right::ReadPeople)?;
    let user = find(call, key).await?;
    end(call, user.id).await
}

/// `POST /me/revokeSignInSessions`
pub(in crate::identity::graph) async fn sign_out_oneself(
    call: &Call<'_>,
) -> Result<Reply, GraphError> {
    let id = call.caller.oneself()?.id;
    end(call, id).await
}

async fn end(call: &Call<'_>, id: ObjectId) -> Result<Reply, GraphError> {
    let changes = PersonChanges {
        ends_sign_ins: true,
        ..PersonChanges::default()
    };
    let record = call.record("user.end_sign_ins", &id);
    change_person(call, id, Right::SignOutOneself, changes, record).await?;
    let origin = call.app.authority.origin();
    Ok(Reply::Ok(json!({
        "@odata.context": format!("{origin}/v1.0/$metadata#Edm.Boolean"),
        "value": true,
    })))
}
