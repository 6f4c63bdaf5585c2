//! Certificates.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::ids::{KeyId, ObjectId};
use serde_json::json;

use super::{Kind, render};
use crate::portal::apps::object::find;
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::Certificate;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// What the form holds; a browser fills no file in.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) description: String,
    pub(super) pem: String,
}

impl Certificate {
    /// The SHA-1 of the certificate as Entra's portal writes it: hex, upper case.
    pub(super) fn thumbprint(&self) -> String {
        let encoded = self.custom_key_identifier.as_deref().unwrap_or_default();
        match STANDARD.decode(encoded) {
            Ok(bytes) => bytes
                .iter()
                .fold(String::new(), |text, byte| format!("{text}{byte:02X}")),
            Err(_) => encoded.to_owned(),
        }
    }
}

/// `POST /portal/apps/{id}/certificates`
pub(super) async fn add(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let entered = Entered {
        description: posted.text("description").to_owned(),
        pem: posted.text("pem").to_owned(),
    };
    match upload(&posted, id, &entered).await {
        Ok(()) => Ok(Done::CertificateAdded.at(&Kind::Certificates.address(id))),
        Err(error) => {
            let complaint = Some(error.complaint()?);
            let app = find(visitor, id).await?;
            let entered = super::Entered {
                complaint,
                certificate: entered,
                ..super::Entered::default()
            };
            render(visitor, &app, Kind::Certificates, entered).await
        }
    }
}

async fn upload(posted: &Posted, id: ObjectId, entered: &Entered) -> Result<(), PortalError> {
    let bytes = posted.file("file").unwrap_or(entered.pem.as_bytes());
    if bytes.is_empty() {
        return Err(PortalError::Entry(
            "Choose a file, or paste the certificate.",
        ));
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if text.contains("PRIVATE KEY") {
        return Err(PortalError::Entry(
            "This holds a private key, which must stay where it is: give the certificate alone. \
             Nothing was kept.",
        ));
    }
    // The directory takes base64, of DER and of a PEM alike.
    let key = if text.is_empty() || text.contains("-----BEGIN") {
        STANDARD.encode(bytes)
    } else {
        text.to_owned()
    };
    let mut credential = json!({ "key": key });
    if !entered.description.is_empty() {
        credential["displayName"] = entered.description.as_str().into();
    }
    let body = json!({ "keyCredential": credential });
    let path = format!("/applications/{id}/addKey");
    posted
        .visitor
        .directory()
        .post(&path, &body)
        .await
        .map(drop)
}

/// `GET /portal/apps/{id}/certificates/{key}/delete`
pub(super) async fn ask(visitor: Visitor, (id, key): (ObjectId, KeyId)) -> Answer {
    let app = find(&visitor, id).await?;
    let certificate = app.key_credentials.iter().find(|one| one.key_id == key);
    let certificate = certificate.ok_or(PortalError::NotFound)?;
    let page = Confirm {
        frame: Frame::new(
            &visitor,
            Section::AppRegistrations,
            "Delete the certificate?",
        ),
        text: "Programs that sign with its key can get no more tokens.".to_owned(),
        lines: vec![
            format!("Application: {}", app.display_name),
            format!("Thumbprint: {}", certificate.thumbprint()),
        ],
        action: format!("/portal/apps/{id}/certificates/{key}/delete"),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: Kind::Certificates.address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/certificates/{key}/delete`
pub(super) async fn delete(posted: Posted, (id, key): (ObjectId, KeyId)) -> Answer {
    let path = format!("/applications/{id}/removeKey");
    let body = json!({ "keyId": key });
    posted.visitor.directory().post(&path, &body).await?;
    Ok(Done::CertificateDeleted.at(&Kind::Certificates.address(id)))
}
