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
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::AuthenticatorAdded => "authenticator-added",
            Self::PasskeyAdded => "passkey-added",
            Self::MethodRemoved => "method-removed",
            Self::SignInEnded => "sign-in-ended",
            Self::UserEnabled => "user-enabled",
            Self::UserDisabled => "user-disabled",
            Self::UserDeleted => "user-deleted",
            Self::RoleAssigned => "role-assigned",
            Self::RoleRemoved => "role-removed",
            Self::MethodsReset => "methods-reset",
            Self::SignInsEnded => "sign-ins-ended",
            Self::Renamed => "renamed",
            Self::PrincipalCreated => "principal-created",
            Self::Saved => "saved",
            Self::RedirectAdded => "redirect-added",
            Self::RedirectRemoved => "redirect-removed",
            Self::SecretDeleted => "secret-deleted",
            Self::CertificateAdded => "certificate-added",
            Self::CertificateDeleted => "certificate-deleted",
            Self::FederatedAdded => "federated-added",
            Self::FederatedDeleted => "federated-deleted",
            Self::PermissionsAdded => "permissions-added",
            Self::PermissionRemoved => "permission-removed",
            Self::ConsentGranted => "consent-granted",
            Self::ConsentRevoked => "consent-revoked",
            Self::OwnerAdded => "owner-added",
            Self::OwnerRemoved => "owner-removed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::PrincipalChanged => "principal-changed",
            Self::PrincipalDeleted => "principal-deleted",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::AuthenticatorAdded => {
                "The authenticator app was added. It is asked for at the next sign-in."
            }
            Self::PasskeyAdded => "The passkey was added.",
            Self::MethodRemoved => "The sign-in method was deleted.",
            Self::SignInEnded => "The sign-in was ended.",
            Self::UserEnabled => "The user may sign in again.",
            Self::UserDisabled => "The user was disabled. Tokens and sessions end within seconds.",
            Self::UserDeleted => "The user was deleted.",
            Self::RoleAssigned => "The role was assigned.",
            Self::RoleRemoved => "The role was removed.",
            Self::MethodsReset => "The sign-in methods were reset: the password suffices.",
            Self::SignInsEnded => "All sessions were revoked.",
            Self::Registered => "The application was registered, and is present in this directory.",
            Self::Renamed => "The display name was changed.",
            Self::PrincipalCreated => "The service principal was created.",
            Self::Saved => "The changes were saved.",
            Self::RedirectAdded => "The redirect URI was added.",
            Self::RedirectRemoved => "The redirect URI was removed.",
            Self::SecretDeleted => "The client secret was deleted.",
            Self::CertificateAdded => "The certificate was added.",
            Self::CertificateDeleted => "The certificate was deleted.",
            Self::FederatedAdded => "The federated credential was added.",
            Self::FederatedDeleted => "The federated credential was deleted.",
            Self::PermissionsAdded => {
                "The permissions were added. They count only once admin consent is granted."
            }
            Self::PermissionRemoved => "The permission was removed from the list.",
            Self::ConsentGranted => "Admin consent was granted.",
            Self::ConsentRevoked => "Consent was revoked. Tokens that hold it end within seconds.",
            Self::OwnerAdded => "The owner was added.",
            Self::OwnerRemoved => "The owner was removed.",
            Self::Deleted => "The application was deleted. It can be restored for 30 days.",
            Self::Restored => "The application was restored.",
            Self::PrincipalChanged => "The properties were saved.",
            Self::PrincipalDeleted => "The application was removed from this directory.",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_used_once_and_other_texts_are_none() {
        for done in Done::ALL {
            assert_eq!(text(done.code()), done.text());
        }
        for other in ["", "<script>", "Registered", "registered "] {
            assert_eq!(text(other), "");
        }
    }
}
