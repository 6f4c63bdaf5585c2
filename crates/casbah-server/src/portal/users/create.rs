//! A new person: with a one-time password, or invited by a link.

use askama::Template;
use casbah_identity::random::one_time_password;
use casbah_model::ids::ObjectId;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/users/new.html")]
struct New<'a> {
    frame: Frame<'a>,
    upn: &'a str,
    name: &'a str,
    is_invited: bool,
    complaint: Option<String>,
}

/// What is handed to a person, and shown this once.
#[derive(Template)]
#[template(path = "portal/users/handed.html")]
pub(super) struct Handed<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) upn: &'a str,
    pub(super) address: String,
    pub(super) label: &'static str,
    pub(super) secret: &'a str,
    pub(super) hint: &'static str,
}

/// What is said of a one-time password.
pub(super) const PASSWORD_HINT: &str =
    "It is shown only now. The person chooses another at the first sign-in.";
/// What is said of an invitation.
pub(super) const LINK_HINT: &str = "It is shown only now, good once and for 7 days. Give it to \
    nobody else: whoever opens it chooses the password.";

/// `GET /portal/users/new`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    render(&visitor, "", "", true, None)
}

fn render(
    visitor: &Visitor,
    upn: &str,
    name: &str,
    is_invited: bool,
    complaint: Option<String>,
) -> Answer {
    let page = New {
        frame: Frame::new(visitor, Section::Users, "New user"),
        upn,
        name,
        is_invited,
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/users/new`
pub(super) async fn create(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let (upn, name) = (posted.text("upn"), posted.text("name"));
    let is_invited = posted.text("how") != "password";
    let made = if is_invited {
        invite(visitor, upn, Some(name)).await
    } else {
        with_password(visitor, upn, name).await
    };
    let (id, secret) = match made {
        Ok(made) => made,
        Err(error) => {
            let complaint = error.complaint()?;
            return render(visitor, upn, name, is_invited, Some(complaint));
        }
    };
    let (label, hint) = if is_invited {
        ("Invitation link", LINK_HINT)
    } else {
        ("One-time password", PASSWORD_HINT)
    };
    let page = Handed {
        frame: Frame::new(visitor, Section::Users, "The user was created"),
        upn,
        address: super::address(id),
        label,
        secret: &secret,
        hint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

async fn with_password(
    visitor: &Visitor,
    upn: &str,
    name: &str,
) -> Result<(ObjectId, String), PortalError> {
    let password = one_time_password()?;
    let password = password.expose_secret();
    let body = json!({
        "accountEnabled": true,
        "displayName": if name.is_empty() { upn } else { name },
        "mailNickname": upn.split('@').next(),
        "userPrincipalName": upn,
        "passwordProfile": { "password": password, "forceChangePasswordNextSignIn": true },
    });
    let made = visitor.directory().post("/users", &body).await?;
    let id = serde_json::from_value(made["id"].clone())?;
    Ok((id, password.to_owned()))
}

/// Invites a person; answers the link.
pub(super) async fn invite(
    visitor: &Visitor,
    upn: &str,
    name: Option<&str>,
) -> Result<(ObjectId, String), PortalError> {
    let body = json!({
        "invitedUserEmailAddress": upn,
        "invitedUserDisplayName": name.filter(|name| !name.is_empty()),
    });
    let made = visitor.directory().post("/invitations", &body).await?;
    let id = serde_json::from_value(made["invitedUser"]["id"].clone())?;
    let link = serde_json::from_value(made["inviteRedeemUrl"].clone())?;
    Ok((id, link))
}
