//! Other issuers that an application trusts.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help that people read"
)]

use casbah_client::{GraphClient, NewFederatedCredential};
use clap::Subcommand;

use crate::commands::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{FEDERATED, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum FederatedCommand {
    /// Let the application prove itself with tokens of another issuer
    ///
    /// A pipeline or a cluster then needs no secret: it sends the token that its own issuer
    /// gives it, see --federated-token-file. Issuer, subject and audience must be those of
    /// the token, letter by letter; `casbah token inspect FILE` shows them. The server must
    /// reach the issuer, at ISSUER/.well-known/openid-configuration, by https; one in a
    /// private network only if `casbah serve --egress-allow HOST` allows it.
    ///
    /// For example, for the main branch of a repository:
    ///   casbah app federated add APP_ID --name main \
    ///     --issuer https://token.actions.githubusercontent.com \
    ///     --subject repo:contoso/siem:ref:refs/heads/main
    #[command(verbatim_doc_comment)]
    Add {
        /// The application's client id
        app_id: String,
        /// What to call it: letters, digits, - and _; it never changes
        #[arg(long)]
        name: String,
        /// `iss` of the tokens: an https address
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// `sub` of the tokens
        #[arg(long)]
        subject: String,
        /// `aud` of the tokens
        #[arg(long, default_value = "api://AzureADTokenExchange")]
        audience: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// The issuers that it trusts
    List {
        /// The application's client id
        app_id: String,
    },
    /// Trust an issuer no longer
    Remove {
        /// The application's client id
        app_id: String,
        /// The credential's name or id
        #[arg(value_name = "NAME|ID")]
        key: String,
    },
}

pub(super) async fn run(
    context: &Context,
    graph: &GraphClient,
    command: FederatedCommand,
) -> Result<(), CliError> {
    match command {
        FederatedCommand::Add {
            app_id,
            name,
            issuer,
            subject,
            audience,
            description,
        } => {
            let app = graph.application(&app_id).await?;
            let new = NewFederatedCredential {
                name,
                issuer,
                subject,
                audiences: [audience],
                description,
            };
            let added = graph.add_federated_credential(&app.id, &new).await?;
            context.out.record(FEDERATED, &record(&added)?)?;
            Output::note(&format!(
                "Next, where such a token is in FILE: casbah token get --tenant TENANT \
                 --client-id {app_id} --federated-token-file FILE"
            ));
        }
        FederatedCommand::List { app_id } => {
            let app = graph.application(&app_id).await?;
            let all = graph.federated_credentials(&app.id).await?;
            context.out.records(FEDERATED, records(&all)?)?;
        }
        FederatedCommand::Remove { app_id, key } => {
            let app = graph.application(&app_id).await?;
            graph.remove_federated_credential(&app.id, &key).await?;
            Output::note(&format!("Removed {key}."));
        }
    }
    Ok(())
}
