//! `POST /invitations`: a link with which a person chooses the first password.
//!
//! Graph invites guests by mail. Here a person of one of the tenant's own domains is
//! invited, and whoever invites hands the link over.

use casbah_identity::invitation::new_invitation;
use casbah_identity::people::{check_invitation, new_person};
use casbah_model::identity::User;
use casbah_store::NewInvitation;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use crate::identity::graph::body;
use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;

/// `inviteRedirectUrl`, which Graph's clients must send, is not used: the page says that
/// the person can sign in now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    invited_user_email_address: String,
    invited_user_display_name: Option<String>,
    #[serde(default)]
    send_invitation_message: bool,
}

/// `POST /invitations`. A person who has no password yet is invited anew, and the link
/// before ends.
pub(in crate::identity::graph) async fn invite(call: &Call<'_>) -> Result<Reply, GraphError> {
    let actor = call.caller.person_with(Right::ManagePeople)?.clone();
    let wanted: Wanted = body::read(&call.body)?;
    if wanted.send_invitation_message {
        return Err(GraphError::Invalid(
            "This server sends no mail: leave sendInvitationMessage out and hand the link over."
                .to_owned(),
        ));
    }
    let (tenant, store) = (&call.caller.tenant, &call.app.store);
    let upn = wanted.invited_user_email_address.trim();
    let link = new_invitation(tenant.id, call.context.now)?;
    let invitation = NewInvitation {
        hash: link.hash,
        expires: link.expires,
    };
    let user = if let Some(User { id, .. }) = store.user_by_upn(tenant.id, upn).await? {
        let record = call.record("user.invite", &id).detail(upn);
        store
            .invite_user(tenant.id, id, invitation, record, move |present| {
                let present = present.ok_or_else(|| GraphError::NotFound(id.to_string()))?;
                check_invitation(&actor, &present.user)?;
                Ok::<_, GraphError>(present.user)
            })
            .await??
    } else {
        let name = wanted.invited_user_display_name.as_deref();
        let user = new_person(tenant, upn, name.unwrap_or(upn), call.context.now)?;
        check_invitation(&actor, &user)?;
        let record = call.record("user.invite", &user.id).detail(&user.upn);
        store
            .create_invited_user(user.clone(), invitation, record)
            .await?;
        user
    };
    let origin = call.app.authority.origin();
    Ok(Reply::Created(json!({
        "@odata.context": format!("{origin}/v1.0/$metadata#invitations/$entity"),
        "id": user.id,
        "invitedUserDisplayName": user.display_name,
        "invitedUserEmailAddress": user.upn,
        "inviteRedeemUrl": format!("{origin}/casbah/invitation/{}", link.text.expose_secret()),
        "inviteRedirectUrl": null,
        "sendInvitationMessage": false,
        "status": "PendingAcceptance",
        "invitedUserType": "Member",
        "invitedUser": { "id": user.id },
    })))
}
