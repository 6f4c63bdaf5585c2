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
}

impl Done {
    const ALL: &[Self] = &[Self::Registered];

    const fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Registered => "The application was registered.",
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
