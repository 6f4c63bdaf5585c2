//! Ending sign-ins in other browsers and to applications.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::Digest;
use casbah_model::ids::ObjectId;

use super::HERE;
use super::authenticator::record;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::pages::Answer;

/// `POST /portal/security/session/end`
pub(super) async fn end(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let hash = URL_SAFE_NO_PAD.decode(posted.text("id"));
    let hash: [u8; 32] = hash
        .ok()
        .and_then(|hash| hash.try_into().ok())
        .ok_or(PortalError::Form)?;
    let record = record(visitor, "user.end_session");
    let (store, user) = (&visitor.app.store, &visitor.user);
    let ended = store
        .end_session_of(user.tenant, user.id, Digest::new(hash), record)
        .await?;
    done(ended)
}

/// `POST /portal/security/application/end`
pub(super) async fn end_application(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let family: ObjectId = posted
        .text("family")
        .parse()
        .map_err(|_| PortalError::Form)?;
    let record = record(visitor, "user.end_application_sign_in");
    let (store, user) = (&visitor.app.store, &visitor.user);
    let now = visitor.context.now;
    let ended = store
        .end_family_of(user.tenant, user.id, family, now, record)
        .await?;
    done(ended)
}

fn done(ended: bool) -> Answer {
    if ended {
        Ok(Done::SignInEnded.at(HERE))
    } else {
        Err(PortalError::NotFound)
    }
}
