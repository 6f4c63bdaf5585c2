//! The cookies of sign-in (RFC 6265bis).
//!
//! All are `HttpOnly` and `SameSite=Lax`: `Strict` would hide a session from the
//! very redirect of a client that wants to use it.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use casbah_identity::Authority;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Binds a form to the browser it was shown in.
    Form,
    /// A sign-in under way.
    Step,
    /// The signed-in person.
    Session,
}

impl Cookie {
    /// The name; the prefix keeps other hosts of the domain from setting it, and
    /// only works with `Secure`.
    fn name(self, authority: &Authority) -> String {
        let bare = match self {
            Self::Form => "casbah-form",
            Self::Step => "casbah-step",
            Self::Session => "casbah-session",
        };
        if is_secure(authority) {
            format!("__Host-{bare}")
        } else {
            bare.to_owned()
        }
    }

    /// The value that the browser sent.
    pub(super) fn read(self, headers: &HeaderMap, authority: &Authority) -> Option<String> {
        let name = self.name(authority);
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(found, value)| *found == name && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    }

    /// Sets the cookie until the browser is closed.
    pub(super) fn set(self, headers: &mut HeaderMap, authority: &Authority, value: &str) {
        self.write(headers, authority, value, "");
    }

    /// Takes the cookie away.
    pub(super) fn clear(self, headers: &mut HeaderMap, authority: &Authority) {
        self.write(headers, authority, "", "; Max-Age=0");
    }

    fn write(self, headers: &mut HeaderMap, authority: &Authority, value: &str, more: &str) {
        let secure = if is_secure(authority) { "; Secure" } else { "" };
        let name = self.name(authority);
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
        if let Ok(mut line) = HeaderValue::from_str(&line) {
            line.set_sensitive(true);
            headers.append(SET_COOKIE, line);
        }
    }
}

fn is_secure(authority: &Authority) -> bool {
    authority.origin().starts_with("https://")
}
