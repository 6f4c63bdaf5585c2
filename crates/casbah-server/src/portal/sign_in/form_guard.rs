//! What binds a form to the browser that it was shown in.

use axum::http::HeaderMap;
use casbah_identity::Authority;
use casbah_identity::random::{NoRandomness, bearer_token, csrf_token, csrf_token_matches};
use secrecy::{ExposeSecret, SecretString};

use super::cookies::Cookie;
use super::error::SignInError;

/// The secret in the browser's cookie, from which the tokens of its forms are made.
pub(super) struct FormGuard {
    secret: SecretString,
    is_fresh: bool,
}

impl FormGuard {
    /// The browser's, or a fresh one. A form in another tab stays good.
    pub(super) fn of(headers: &HeaderMap, authority: &Authority) -> Result<Self, NoRandomness> {
        Ok(match Cookie::Form.read(headers, authority) {
            Some(secret) => Self {
                secret: secret.into(),
                is_fresh: false,
            },
            None => Self {
                secret: bearer_token()?,
                is_fresh: true,
            },
        })
    }

    /// The browser's, if the token that came with a form was made from it.
    pub(super) fn check(
        headers: &HeaderMap,
        authority: &Authority,
        sent: &str,
    ) -> Result<Self, SignInError> {
        Cookie::Form
            .read(headers, authority)
            .filter(|secret| csrf_token_matches(secret, sent))
            .map(|secret| Self {
                secret: secret.into(),
                is_fresh: false,
            })
            .ok_or(SignInError::ForeignForm)
    }

    /// What the browser's cookie holds.
    pub(super) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// The token for a form.
    pub(super) fn token(&self) -> String {
        csrf_token(self.secret.expose_secret())
    }

    /// Sets the cookie if the browser has none.
    pub(super) fn keep(&self, answer: &mut HeaderMap, authority: &Authority) {
        if self.is_fresh {
            Cookie::Form.set(answer, authority, self.secret.expose_secret());
        }
    }
}
