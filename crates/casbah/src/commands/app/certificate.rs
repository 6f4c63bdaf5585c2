//! Certificates of an application.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casbah_client::GraphClient;
use casbah_token::ClientCertificate;
use clap::Subcommand;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{CERTIFICATE, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// Let the application prove itself with a certificate
    ///
    /// For example: casbah app certificate add `APP_ID` connector.pem
    Add {
        /// The application's client id
        app_id: String,
        /// PEM or DER file with the certificate; of a private key in it nothing is sent
        file: PathBuf,
        /// What it is for; the certificate's subject by default
        #[arg(long)]
        name: Option<String>,
    },
    /// The certificates
    List {
        /// The application's client id
        app_id: String,
    },
    /// Take a certificate away
    Remove {
        /// The application's client id
        app_id: String,
        /// The certificate's key id
        key_id: String,
    },
}

pub(super) async fn run(
    context: &Context,
    graph: &GraphClient,
    command: CertificateCommand,
) -> Result<(), CliError> {
    match command {
        CertificateCommand::Add { app_id, file, name } => {
            let certificate = read_certificate(&file)?;
            let app = graph.application(&app_id).await?;
            let mut all = app.key_credentials;
            all.push(json!({
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
                "key": STANDARD.encode(certificate.der()),
                "displayName": name.unwrap_or(certificate.subject),
            }));
            graph.set_key_credentials(&app.id, &all).await?;
            let app = graph.application(&app_id).await?;
            context.out.records(CERTIFICATE, app.key_credentials)?;
        }
        CertificateCommand::List { app_id } => {
            let app = graph.application(&app_id).await?;
            context.out.records(CERTIFICATE, app.key_credentials)?;
        }
        CertificateCommand::Remove { app_id, key_id } => {
            let app = graph.application(&app_id).await?;
            let before = app.key_credentials.len();
            let mut left = app.key_credentials;
            left.retain(|one| one["keyId"] != key_id.as_str());
            if left.len() == before {
                return Err(CliError::usage(
                    format!("the application has no certificate {key_id}"),
                    format!("`casbah app certificate list {app_id}` shows them"),
                ));
            }
            graph.set_key_credentials(&app.id, &left).await?;
            Output::note(&format!("Removed {key_id}."));
        }
    }
    Ok(())
}

fn read_certificate(file: &Path) -> Result<ClientCertificate, CliError> {
    let bytes = std::fs::read(file).map_err(|source| CliError::Read {
        path: file.display().to_string(),
        source,
    })?;
    ClientCertificate::parse(&bytes).map_err(|error| {
        CliError::usage(
            format!("{} cannot be used: {error}", file.display()),
            "give an X.509 certificate with an RSA key, PEM or DER",
        )
    })
}
