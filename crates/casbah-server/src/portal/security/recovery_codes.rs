//! Recovery codes, for whoever has lost the second factor.

use askama::Template;
use casbah_identity::signin::new_recovery_codes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;

use super::authenticator::record;
use super::{HERE, check_fresh};
use crate::portal::confirm::Confirm;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

const TITLE: &str = "Recovery codes";

#[derive(Template)]
#[template(path = "portal/security/recovery_codes.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// What was done before they were made; empty where nothing was.
    added: &'a str,
    codes: Vec<&'a str>,
    /// All of them, a line each.
    text: String,
    /// A file of them, in an address (RFC 2397).
    file: String,
}

/// Makes the visitor's codes, in place of earlier ones, and shows them in this answer and
/// nowhere else.
pub(super) async fn hand(visitor: &Visitor, added: &str) -> Answer {
    let (app, user) = (&visitor.app, &visitor.user);
    let new = new_recovery_codes(&app.peppers, user.tenant, user.id)?;
    let record = record(visitor, "user.make_recovery_codes");
    let now = visitor.context.now;
    app.store
        .set_recovery_codes(user.tenant, user.id, new.hashes, now, record)
        .await?;
    let codes: Vec<&str> = new.texts.iter().map(ExposeSecret::expose_secret).collect();
    let text = codes.join("\n");
    let file = format!("Recovery codes of {}, each good once\n{text}\n", user.upn);
    let file = utf8_percent_encode(&file, NON_ALPHANUMERIC);
    let page = Page {
        frame: Frame::new(visitor, Section::Security, TITLE),
        added,
        codes,
        text,
        file: format!("data:text/plain;charset=utf-8,{file}"),
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `GET /portal/security/recovery_codes`
pub(super) async fn ask(visitor: Visitor, (): ()) -> Answer {
    check_fresh(&visitor)?;
    check_factor(&visitor).await?;
    let page = Confirm {
        frame: Frame::new(&visitor, Section::Security, "Make new recovery codes"),
        text: "You get ten codes, each good once in place of your authenticator app or passkey. \
               Earlier ones are good no more."
            .to_owned(),
        lines: Vec::new(),
        action: "/portal/security/recovery_codes".to_owned(),
        fields: Vec::new(),
        button: "Make codes",
        is_dangerous: false,
        back: HERE.to_owned(),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/security/recovery_codes`
pub(super) async fn make(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    check_fresh(visitor)?;
    check_factor(visitor).await?;
    hand(visitor, "").await
}

/// Codes stand for a second factor, so somebody without one has no use for them.
async fn check_factor(visitor: &Visitor) -> Result<(), PortalError> {
    let (store, user) = (&visitor.app.store, &visitor.user);
    let factors = store.second_factors(user.tenant, user.id).await?;
    if factors.is_empty() {
        return Err(PortalError::Entry(
            "Add a passkey or an authenticator app first: recovery codes stand in for it.",
        ));
    }
    Ok(())
}
