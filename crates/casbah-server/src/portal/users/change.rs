//! What is done to a person.

use casbah_model::identity::{DirectoryRole, PASSWORD_METHOD};
use casbah_model::ids::ObjectId;
use serde_json::{Value, json};

use super::create::{Handed, LINK_HINT, PASSWORD_HINT, invite as invite_person};
use super::overview::{methods, render};
use super::{address, find};
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// What a change of the directory leads to: the person's page again, which says that it
/// was done or why it was not.
async fn outcome(
    visitor: &Visitor,
    id: ObjectId,
    changed: Result<(), PortalError>,
    done: Done,
) -> Answer {
    match changed {
        Ok(()) => Ok(done.at(&address(id))),
        Err(error) => render(visitor, id, Some(error.complaint()?)).await,
    }
}

async fn patch(posted: &Posted, id: ObjectId, body: &Value, done: Done) -> Answer {
    let visitor = &posted.visitor;
    let path = format!("/users/{id}");
    let changed = visitor.directory().patch(&path, body).await;
    outcome(visitor, id, changed, done).await
}

/// `POST /portal/users/{id}`
pub(super) async fn rename(posted: Posted, id: ObjectId) -> Answer {
    let body = json!({ "displayName": posted.text("name") });
    patch(&posted, id, &body, Done::Renamed).await
}

/// `POST /portal/users/{id}/enable`
pub(super) async fn enable(posted: Posted, id: ObjectId) -> Answer {
    patch(
        &posted,
        id,
        &json!({ "accountEnabled": true }),
        Done::UserEnabled,
    )
    .await
}

/// `POST /portal/users/{id}/disable`
pub(super) async fn disable(posted: Posted, id: ObjectId) -> Answer {
    patch(
        &posted,
        id,
        &json!({ "accountEnabled": false }),
        Done::UserDisabled,
    )
    .await
}

/// `POST /portal/users/{id}/roles`
pub(super) async fn assign_role(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let role: DirectoryRole = posted.text("role").parse().map_err(|_| PortalError::Form)?;
    let body = json!({
        "principalId": id,
        "roleDefinitionId": role.template_id(),
        "directoryScopeId": "/",
    });
    let path = "/roleManagement/directory/roleAssignments";
    let changed = visitor.directory().post(path, &body).await.map(drop);
    outcome(visitor, id, changed, Done::RoleAssigned).await
}

/// `POST /portal/users/{id}/roles/{role}/remove`
pub(super) async fn remove_role(posted: Posted, (id, role): (ObjectId, String)) -> Answer {
    let visitor = &posted.visitor;
    let role = crate::portal::objects::segment(&role);
    let path = format!("/roleManagement/directory/roleAssignments/{role}");
    let changed = visitor.directory().delete(&path).await;
    outcome(visitor, id, changed, Done::RoleRemoved).await
}

/// `POST /portal/users/{id}/password`
pub(super) async fn reset_password(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let person = find(visitor, id).await?;
    let path = format!("/users/{id}/authentication/methods/{PASSWORD_METHOD}/resetPassword");
    let reset = visitor.directory().post(&path, &json!({})).await;
    let reset = match reset {
        Ok(reset) => reset,
        Err(error) => return render(visitor, id, Some(error.complaint()?)).await,
    };
    let secret: String = serde_json::from_value(reset["newPassword"].clone())?;
    hand(
        visitor,
        &person.user_principal_name,
        id,
        "One-time password",
        &secret,
        PASSWORD_HINT,
    )
}

/// `POST /portal/users/{id}/invite`
pub(super) async fn invite(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let person = find(visitor, id).await?;
    let upn = &person.user_principal_name;
    match invite_person(visitor, upn, None).await {
        Ok((_, link)) => hand(visitor, upn, id, "Invitation link", &link, LINK_HINT),
        Err(error) => render(visitor, id, Some(error.complaint()?)).await,
    }
}

/// Shows what is handed to a person, in this answer and nowhere else.
fn hand(
    visitor: &Visitor,
    upn: &str,
    id: ObjectId,
    label: &'static str,
    secret: &str,
    hint: &'static str,
) -> Answer {
    let page = Handed {
        frame: Frame::new(visitor, Section::Users, label),
        upn,
        address: address(id),
        label,
        secret,
        hint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/users/{id}/methods/reset`
pub(super) async fn reset_methods(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    for method in methods(visitor, id).await? {
        if let Some(set) = method.set() {
            let path = format!("/users/{id}/authentication/{set}/{}", method.id);
            visitor.directory().delete(&path).await?;
        }
    }
    Ok(Done::MethodsReset.at(&address(id)))
}

/// `POST /portal/users/{id}/sign_out`
pub(super) async fn sign_out(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let path = format!("/users/{id}/revokeSignInSessions");
    let changed = visitor.directory().post(&path, &json!({})).await.map(drop);
    outcome(visitor, id, changed, Done::SignInsEnded).await
}

/// `GET /portal/users/{id}/delete`
pub(super) async fn ask_to_delete(visitor: Visitor, id: ObjectId) -> Answer {
    let person = find(&visitor, id).await?;
    let title = format!("Delete {}", person.display_name);
    let page = Confirm {
        frame: Frame::new(&visitor, Section::Users, &title),
        text: "The person can sign in no more and all tokens end. Nobody can undo it; to keep \
               the account, disable it instead."
            .to_owned(),
        lines: vec![person.user_principal_name],
        action: format!("{}/delete", address(id)),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/users/{id}/delete`
pub(super) async fn delete(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let deleted = visitor.directory().delete(&format!("/users/{id}")).await;
    match deleted {
        Ok(()) => Ok(Done::UserDeleted.at("/portal/users")),
        Err(error) => render(visitor, id, Some(error.complaint()?)).await,
    }
}
