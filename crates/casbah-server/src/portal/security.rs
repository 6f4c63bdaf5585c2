//! *Security info*: how the visitor signs in, and where she is signed in.
//!
//! These pages are about the visitor alone, so they ask the store themselves: each
//! query has the visitor's tenant and id.

mod agent;
mod authenticator;
mod overview;
mod passkeys;
mod recovery_codes;
mod sessions;

use super::done::Done;
use super::error::PortalError;
use super::local_path::LocalPath;
use super::pages::{Answer, Pages};
use super::visitor::Visitor;

/// The page that all forms here lead back to.
const HERE: &str = "/portal/security";

/// How long after a sign-in its methods may be changed, milliseconds. A browser that
/// was left open must not be enough to plant a passkey.
const FRESH_MS: i64 = 15 * 60 * 1000;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/security", overview::show)
        .page("/portal/security/authenticator", authenticator::show)
        .form("/portal/security/authenticator", authenticator::add)
        .form(
            "/portal/security/authenticator/delete",
            authenticator::delete,
        )
        .page("/portal/security/passkey", passkeys::show)
        .form("/portal/security/passkey", passkeys::add)
        .form("/portal/security/passkey/delete", passkeys::delete)
        .page("/portal/security/recovery_codes", recovery_codes::ask)
        .form("/portal/security/recovery_codes", recovery_codes::make)
        .form("/portal/security/session/end", sessions::end)
        .form(
            "/portal/security/application/end",
            sessions::end_application,
        )
}

/// What follows when a method was added: the first one brings the recovery codes.
async fn added(visitor: &Visitor, is_first: bool, done: Done) -> Answer {
    if is_first {
        recovery_codes::hand(visitor, done.text()).await
    } else {
        Ok(done.at(HERE))
    }
}

/// Sends a visitor to sign in anew who was not asked for a proof lately.
fn check_fresh(visitor: &Visitor) -> Result<(), PortalError> {
    let asked = visitor.asked_at();
    if asked.is_some_and(|at| at.plus_millis(FRESH_MS) >= visitor.context.now) {
        return Ok(());
    }
    Err(PortalError::SignInAgain(LocalPath::fixed(HERE)))
}
