//! What a page says after a form has done its work.
//!
//! The form answers with a redirect to the page that shows what became of it, with a
//! code from this list in the address. An address that someone else made can only bring
//! up one of these texts.

use axum::response::{IntoResponse, Redirect, Response};

/// The parameter that holds the code.
pub(super) const PARAMETER: &str = "done";

/// What a form did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// An application was registered.
    Registered,
    /// The visitor has an authenticator app.
    AuthenticatorAdded,
    /// The visitor has a passkey more.
    PasskeyAdded,
    /// The visitor has a sign-in method less.
    MethodRemoved,
    /// A sign-in elsewhere was ended.
    SignInEnded,
}

impl Done {
    const ALL: &[Self] = &[
        Self::Registered,
        Self::AuthenticatorAdded,
        Self::PasskeyAdded,
        Self::MethodRemoved,
        Self::SignInEnded,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::AuthenticatorAdded => "authenticator-added",
            Self::PasskeyAdded => "passkey-added",
            Self::MethodRemoved => "method-removed",
            Self::SignInEnded => "sign-in-ended",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Registered => "The application was registered.",
            Self::AuthenticatorAdded => {
                "The authenticator app was added. It is asked for at the next sign-in."
            }
            Self::PasskeyAdded => "The passkey was added.",
            Self::MethodRemoved => "The sign-in method was deleted.",
            Self::SignInEnded => "The sign-in was ended.",
        }
    }

    /// Sends the browser to a page of ours, which then says what was done.
    pub(super) fn at(self, path: &str) -> Response {
        let joint = if path.contains('?') { '&' } else { '?' };
        let code = self.code();
        Redirect::to(&format!("{path}{joint}{PARAMETER}={code}")).into_response()
    }
}

/// The text of a code; empty for any other text.
pub(super) fn text(code: &str) -> &'static str {
    let mut all = Done::ALL.iter();
    all.find(|done| done.code() == code)
        .map_or("", |done| done.text())
}
