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
    Registered,
    AuthenticatorAdded,
    PasskeyAdded,
    MethodRemoved,
    SignInEnded,
    UserEnabled,
    UserDisabled,
    UserDeleted,
    RoleAssigned,
    RoleRemoved,
    MethodsReset,
    SignInsEnded,
    Renamed,
    PrincipalCreated,
    Saved,
    RedirectAdded,
    RedirectRemoved,
    SecretDeleted,
    CertificateAdded,
    CertificateDeleted,
    FederatedAdded,
    FederatedDeleted,
    PermissionsAdded,
    PermissionRemoved,
    ConsentGranted,
    ConsentRevoked,
    OwnerAdded,
    OwnerRemoved,
    Deleted,
    Restored,
    PrincipalChanged,
    PrincipalDeleted,
    KeyAdded,
    KeysReplaced,
    ApiTokenRevoked,
    ProviderAdded,
    ProviderDeleted,
    AccountForgotten,
    FeedbackGiven,
    AlertClosed,
    AlertReopened,
    AlertRead,
    AlertUnread,
}

impl Done {
    const ALL: &[Self] = &[
        Self::Registered,
        Self::AuthenticatorAdded,
        Self::PasskeyAdded,
        Self::MethodRemoved,
        Self::SignInEnded,
        Self::UserEnabled,
        Self::UserDisabled,
        Self::UserDeleted,
        Self::RoleAssigned,
        Self::RoleRemoved,
        Self::MethodsReset,
        Self::SignInsEnded,
        Self::Renamed,
        Self::PrincipalCreated,
        Self::Saved,
        Self::RedirectAdded,
        Self::RedirectRemoved,
        Self::SecretDeleted,
        Self::CertificateAdded,
        Self::CertificateDeleted,
        Self::FederatedAdded,
        Self::FederatedDeleted,
        Self::PermissionsAdded,
        Self::PermissionRemoved,
        Self::ConsentGranted,
        Self::ConsentRevoked,
        Self::OwnerAdded,
        Self::OwnerRemoved,
        Self::Deleted,
        Self::Restored,
        Self::PrincipalChanged,
        Self::PrincipalDeleted,
        Self::KeyAdded,
        Self::KeysReplaced,
        Self::ApiTokenRevoked,
        Self::ProviderAdded,
        Self::ProviderDeleted,
        Self::AccountForgotten,
        Self::FeedbackGiven,
        Self::AlertClosed,
        Self::AlertReopened,
        Self::AlertRead,
        Self::AlertUnread,
    ];

    /// The code in addresses, and what the page says.
    const fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Registered => (
                "registered",
                "The application was registered, and is present in this directory.",
            ),
            Self::AuthenticatorAdded => (
                "authenticator-added",
                "The authenticator app was added. It is asked for at the next sign-in.",
            ),
            Self::PasskeyAdded => ("passkey-added", "The passkey was added."),
            Self::MethodRemoved => ("method-removed", "The sign-in method was deleted."),
            Self::SignInEnded => ("sign-in-ended", "The sign-in was ended."),
            Self::UserEnabled => ("user-enabled", "The user may sign in again."),
            Self::UserDisabled => (
                "user-disabled",
                "The user was disabled. Tokens and sessions end within seconds.",
            ),
            Self::UserDeleted => ("user-deleted", "The user was deleted."),
            Self::RoleAssigned => ("role-assigned", "The role was assigned."),
            Self::RoleRemoved => ("role-removed", "The role was removed."),
            Self::MethodsReset => (
                "methods-reset",
                "The sign-in methods were reset: the password suffices.",
            ),
            Self::SignInsEnded => ("sign-ins-ended", "All sessions were revoked."),
            Self::Renamed => ("renamed", "The display name was changed."),
            Self::PrincipalCreated => ("principal-created", "The service principal was created."),
            Self::Saved => ("saved", "The changes were saved."),
            Self::RedirectAdded => ("redirect-added", "The redirect URI was added."),
            Self::RedirectRemoved => ("redirect-removed", "The redirect URI was removed."),
            Self::SecretDeleted => ("secret-deleted", "The client secret was deleted."),
            Self::CertificateAdded => ("certificate-added", "The certificate was added."),
            Self::CertificateDeleted => ("certificate-deleted", "The certificate was deleted."),
            Self::FederatedAdded => ("federated-added", "The federated credential was added."),
            Self::FederatedDeleted => {
                ("federated-deleted", "The federated credential was deleted.")
            }
            Self::PermissionsAdded => (
                "permissions-added",
                "The permissions were added. They count only once admin consent is granted.",
            ),
            Self::PermissionRemoved => (
                "permission-removed",
                "The permission was removed from the list.",
            ),
            Self::ConsentGranted => ("consent-granted", "Admin consent was granted."),
            Self::ConsentRevoked => (
                "consent-revoked",
                "Consent was revoked. Tokens that hold it end within seconds.",
            ),
            Self::OwnerAdded => ("owner-added", "The owner was added."),
            Self::OwnerRemoved => ("owner-removed", "The owner was removed."),
            Self::Deleted => (
                "deleted",
                "The application was deleted. It can be restored for 30 days.",
            ),
            Self::Restored => ("restored", "The application was restored."),
            Self::PrincipalChanged => ("principal-changed", "The properties were saved."),
            Self::PrincipalDeleted => (
                "principal-deleted",
                "The application was removed from this directory.",
            ),
            Self::KeyAdded => (
                "key-added",
                "The next key was made and published. It signs in two days.",
            ),
            Self::ApiTokenRevoked => ("api-token-revoked", "The token was revoked."),
            Self::KeysReplaced => (
                "keys-replaced",
                "The new key signs. The earlier keys are gone, and every token that they signed.",
            ),
            Self::ProviderAdded => (
                "provider-added",
                "The identity provider was added. Test it before people sign in through it.",
            ),
            Self::ProviderDeleted => (
                "provider-deleted",
                "The identity provider was deleted. People sign in with their passwords again.",
            ),
            Self::AccountForgotten => (
                "account-forgotten",
                "The account was forgotten. The next sign-in with it is a first one again.",
            ),
            Self::FeedbackGiven => ("feedback-given", "The feedback was kept."),
            Self::AlertClosed => ("alert-closed", "The alert was closed."),
            Self::AlertReopened => ("alert-reopened", "The alert was opened again."),
            Self::AlertRead => ("alert-read", "The alert was marked as read."),
            Self::AlertUnread => ("alert-unread", "The alert was marked as unread."),
        }
    }

    /// What a page says.
    pub(super) const fn text(self) -> &'static str {
        self.said().1
    }

    /// Sends the browser to a page of ours, which then says what was done.
    pub(super) fn at(self, path: &str) -> Response {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (code, _) = self.said();
        Redirect::to(&format!("{path}{joint}{PARAMETER}={code}")).into_response()
    }
}

/// The text of a code; empty for any other text.
pub(super) fn text(code: &str) -> &'static str {
    let mut all = Done::ALL.iter().map(|done| done.said());
    all.find(|(known, _)| *known == code)
        .map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_used_once_and_other_texts_are_none() {
        for done in Done::ALL {
            let (code, said) = done.said();
            assert_eq!(text(code), said);
        }
        for other in ["", "<script>", "Registered", "registered "] {
            assert_eq!(text(other), "");
        }
    }
}
