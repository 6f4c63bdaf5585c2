//! Adding and removing passkeys.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::random::digest_of;
use casbah_model::identity::{Passkey, SignInStep, StepKind};
use secrecy::SecretString;

use super::authenticator::record;
use super::{HERE, added, check_fresh};
use crate::identity::passkeys::RelyingParty;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// How long a browser may take, milliseconds.
const LIFE_MS: i64 = 10 * 60 * 1000;
/// The longest name, characters.
const MAX_NAME: usize = 64;

#[derive(Template)]
#[template(path = "portal/security/passkey.html")]
struct Page<'a> {
    frame: Frame<'a>,
    complaint: Option<&'a str>,
    options: &'a str,
}

/// `GET /portal/security/passkey`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    check_fresh(&visitor)?;
    ask(&visitor, None).await
}

/// Asks the browser for a passkey. The question is kept under the session, of which
/// the form's token tells nothing else.
async fn ask(visitor: &Visitor, complaint: Option<&str>) -> Answer {
    let (app, user) = (&visitor.app, &visitor.user);
    let party = RelyingParty::of(&app.authority).ok_or(PortalError::NotFound)?;
    let present = app.store.second_factors(user.tenant, user.id).await?;
    let question = party.ask_for_new(user, &present.passkeys)?;
    let hash = digest_of(&visitor.csrf());
    let now = visitor.context.now;
    let kind = StepKind::AddPasskey;
    app.store
        .take_sign_in_step(user.tenant, hash, kind, now)
        .await?;
    let step = SignInStep {
        hash,
        tenant: user.tenant,
        user: Some(user.id),
        kind,
        state: question.state,
        expires: now.plus_millis(LIFE_MS),
    };
    app.store.add_sign_in_step(step).await?;
    let page = Page {
        frame: Frame::new(visitor, Section::Security, "Add a passkey"),
        complaint,
        options: &question.options,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/security/passkey`
pub(super) async fn add(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    check_fresh(visitor)?;
    let (app, user) = (&visitor.app, &visitor.user);
    let now = visitor.context.now;
    let hash = digest_of(&visitor.csrf());
    let kind = StepKind::AddPasskey;
    let step = app
        .store
        .take_sign_in_step(user.tenant, hash, kind, now)
        .await?;
    let party = RelyingParty::of(&app.authority).ok_or(PortalError::NotFound)?;
    let answer = SecretString::from(posted.raw("passkey"));
    let made = step.and_then(|step| match party.receive_new(&step.state, &answer) {
        Ok(made) => Some(made),
        Err(error) => {
            tracing::debug!(%error, "a new passkey was refused");
            None
        }
    });
    let Some(made) = made else {
        return ask(
            visitor,
            Some("The passkey could not be made. Please try again."),
        )
        .await;
    };
    let name: String = posted.text("name").chars().take(MAX_NAME).collect();
    let passkey = Passkey {
        tenant: user.tenant,
        id: made.id,
        user: user.id,
        name: if name.is_empty() {
            "Passkey".to_owned()
        } else {
            name
        },
        record: made.record,
        created: now,
        last_used: None,
    };
    let present = app.store.second_factors(user.tenant, user.id).await?;
    let record = record(visitor, "user.add_passkey");
    if app.store.add_passkey(passkey, record).await? {
        added(visitor, present.is_empty(), Done::PasskeyAdded).await
    } else {
        ask(visitor, Some("This passkey is known already.")).await
    }
}

/// `POST /portal/security/passkey/delete`
pub(super) async fn delete(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    check_fresh(visitor)?;
    let id = URL_SAFE_NO_PAD.decode(posted.text("id"));
    let id = id.map_err(|_| PortalError::Form)?;
    let (store, user) = (&visitor.app.store, &visitor.user);
    let record = record(visitor, "user.remove_passkey");
    let deleted = store
        .delete_passkey(user.tenant, user.id, id, record)
        .await?;
    if deleted {
        Ok(Done::MethodRemoved.at(HERE))
    } else {
        Err(PortalError::NotFound)
    }
}
