//! Credentials of every kind, for those who look after them.

use super::{Application, ClientSecret, FederatedCredential, KeyCredential, ServicePrincipal};
use crate::ids::{AppId, KeyId};
use crate::time::Timestamp;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A client secret.
    Secret,
    /// A certificate.
    Certificate,
    /// Trust in another issuer's tokens.
    Federated,
}

impl CredentialKind {
    /// Its name in answers and in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Certificate => "certificate",
            Self::Federated => "federated",
        }
    }
}

/// A credential and who holds it; nothing by which one could prove oneself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCredential {
    /// Which kind it is.
    pub kind: CredentialKind,
    /// The application's client id.
    pub app_id: AppId,
    /// The name of the application or service principal that holds it.
    pub holder: String,
    /// Whether it is the service principal's own, and not the application's.
    pub is_of_principal: bool,
    /// Its id.
    pub key_id: KeyId,
    /// What people called it.
    pub name: Option<String>,
    /// By what people recognise it: a secret's first characters, a certificate's
    /// thumbprint, the issuer whose tokens are trusted.
    pub hint: String,
    /// From when it is good.
    pub start: Option<Timestamp>,
    /// Until when it is good; trust in an issuer has no end.
    pub end: Option<Timestamp>,
}

impl HeldCredential {
    /// An application's certificates, and the issuers that it trusts.
    pub fn of_application(application: &Application) -> impl Iterator<Item = Self> {
        let certificates = application.key_credentials.iter();
        let federated = application.federated_credentials.iter();
        certificates
            .map(|one| Self::certificate(application, one))
            .chain(federated.map(|one| Self::federated(application, one)))
    }

    /// An application's secret.
    pub fn secret(application: &Application, secret: &ClientSecret) -> Self {
        let (app_id, holder) = (application.app_id, &application.display_name);
        Self::of_secret(app_id, holder, false, secret)
    }

    /// A service principal's own secret.
    pub fn principal_secret(principal: &ServicePrincipal, secret: &ClientSecret) -> Self {
        Self::of_secret(principal.app_id, &principal.display_name, true, secret)
    }

    fn of_secret(
        app_id: AppId,
        holder: &str,
        is_of_principal: bool,
        secret: &ClientSecret,
    ) -> Self {
        Self {
            kind: CredentialKind::Secret,
            app_id,
            holder: holder.to_owned(),
            is_of_principal,
            key_id: secret.key_id,
            name: secret.display_name.clone(),
            hint: secret.hint.clone(),
            start: Some(secret.start),
            end: Some(secret.end),
        }
    }

    fn certificate(application: &Application, certificate: &KeyCredential) -> Self {
        Self {
            kind: CredentialKind::Certificate,
            app_id: application.app_id,
            holder: application.display_name.clone(),
            is_of_principal: false,
            key_id: certificate.key_id,
            name: Some(certificate.display_name.clone()),
            hint: certificate.custom_key_identifier.clone(),
            start: Some(certificate.start),
            end: Some(certificate.end),
        }
    }

    fn federated(application: &Application, trusted: &FederatedCredential) -> Self {
        Self {
            kind: CredentialKind::Federated,
            app_id: application.app_id,
            holder: application.display_name.clone(),
            is_of_principal: false,
            key_id: trusted.id,
            name: Some(trusted.name.clone()),
            hint: trusted.issuer.clone(),
            start: None,
            end: None,
        }
    }
}
