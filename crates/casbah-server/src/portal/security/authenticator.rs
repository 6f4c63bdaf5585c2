//! Adding and removing the authenticator app.

use askama::Template;
use casbah_identity::signin::AuthenticatorSecret;
use casbah_model::audit::AuditRecord;
use casbah_model::identity::AuthenticatorApp;
use qrcode::QrCode;
use qrcode::render::svg;
use secrecy::{ExposeSecret, SecretString};

use super::{HERE, added, check_fresh};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/security/authenticator.html")]
struct Page<'a> {
    frame: Frame<'a>,
    complaint: Option<&'a str>,
    secret: &'a str,
    /// The secret in groups of four, as people type it.
    spelled: String,
    /// An SVG of our own making.
    picture: Option<String>,
}

/// `GET /portal/security/authenticator`: a fresh secret, which is kept only when a code
/// of it comes back.
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    check_fresh(&visitor)?;
    ask(&visitor, &AuthenticatorSecret::generate()?, None)
}

fn ask(visitor: &Visitor, secret: &AuthenticatorSecret, complaint: Option<&str>) -> Answer {
    let base32 = secret.to_base32();
    let base32 = base32.expose_secret();
    let page = Page {
        frame: Frame::new(visitor, Section::Security, "Add an authenticator app"),
        complaint,
        secret: base32,
        spelled: spelled(base32),
        picture: secret
            .to_url(&visitor.user.upn)
            .and_then(|url| picture(&url)),
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn spelled(base32: &str) -> String {
    let characters: Vec<_> = base32.chars().collect();
    let groups = characters.chunks(4).map(String::from_iter);
    groups.collect::<Vec<_>>().join(" ")
}

/// A QR code (ISO/IEC 18004) of the address that apps read.
fn picture(url: &SecretString) -> Option<String> {
    let code = QrCode::new(url.expose_secret()).ok()?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .build();
    // The declaration of a file has no place within a page.
    drawn.find("<svg").map(|start| drawn[start..].to_owned())
}

/// `POST /portal/security/authenticator`
pub(super) async fn add(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    check_fresh(visitor)?;
    let secret = AuthenticatorSecret::from_base32(posted.text("secret"));
    let secret = secret.ok_or(PortalError::Form)?;
    let code = SecretString::from(posted.text("code"));
    let now = visitor.context.now;
    let Some(step) = secret.step_of(&code, 0, now) else {
        let text = "That is not the code that the app shows now. Is the clock of the device right?";
        return ask(visitor, &secret, Some(text));
    };
    let (app, user) = (&visitor.app, &visitor.user);
    let place = AuthenticatorSecret::place(user.tenant, user.id);
    let stored = AuthenticatorApp {
        tenant: user.tenant,
        user: user.id,
        secret: app.vault.seal(&place, secret.as_bytes())?,
        last_step: step,
        created: now,
    };
    let present = app.store.second_factors(user.tenant, user.id).await?;
    let record = record(visitor, "user.add_authenticator_app");
    app.store.set_authenticator_app(stored, record).await?;
    added(visitor, present.is_empty(), Done::AuthenticatorAdded).await
}

/// `POST /portal/security/authenticator/delete`
pub(super) async fn delete(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    check_fresh(visitor)?;
    let (store, user) = (&visitor.app.store, &visitor.user);
    let record = record(visitor, "user.remove_authenticator_app");
    store
        .delete_authenticator_app(user.tenant, user.id, record)
        .await?;
    Ok(Done::MethodRemoved.at(HERE))
}

/// What the audit keeps of a change of one's own methods.
pub(super) fn record(visitor: &Visitor, action: &'static str) -> AuditRecord {
    let (user, context) = (&visitor.user, &visitor.context);
    AuditRecord::new(&user.upn, action, &user.id)
        .at(context.now)
        .from(context.origin())
}
