//! Legacy API tokens.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help that people read"
)]

use std::path::PathBuf;

use clap::Subcommand;

use super::confirm::confirm;
use super::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{API_TOKEN, Output};
use crate::private_file::write_private;

#[derive(Debug, Subcommand)]
pub(crate) enum ApiTokenCommand {
    /// The tokens: your own, or for an administrator everybody's
    ///
    /// Generated was never used, Active within seven days, Inactive before that. A token
    /// whose issuer is gone stays here and is refused.
    List,
    /// Make a token with your own rights. It is printed now and never again
    ///
    /// For programs that know `Authorization: Token …` alone; all others are better off as
    /// an application (`casbah app`). Sign in with `casbah login` first. Such a program, and
    /// this one, too, takes it as CASBAH_API_TOKEN.
    ///
    /// For example: casbah api-token create 'Old SOAR' --token-out token.txt
    #[command(verbatim_doc_comment)]
    Create {
        /// What it is for
        name: String,
        /// Write the token to this file, for its owner alone, instead of printing it
        #[arg(long, value_name = "FILE")]
        token_out: Option<PathBuf>,
    },
    /// Revoke a token: it ends at once
    Revoke {
        /// Its id
        id: String,
        /// Without asking
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &Context, command: ApiTokenCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        ApiTokenCommand::List => {
            let tokens = client.api_tokens().await?;
            context.out.records(API_TOKEN, records(&tokens)?)?;
        }
        ApiTokenCommand::Create { name, token_out } => {
            if let Some(path) = &token_out {
                // A token that cannot be written must not be made.
                write_private(path, "")?;
            }
            let mut new = client.create_api_token(&name).await?;
            let Some(path) = token_out else {
                context.out.document(&record(&new)?)?;
                Output::note("token is the token. It is shown only now.");
                return Ok(());
            };
            write_private(&path, &new.text.take().unwrap_or_default())?;
            context.out.document(&record(&new)?)?;
            Output::note(&format!("The token is in {}.", path.display()));
        }
        ApiTokenCommand::Revoke { id, yes } => {
            confirm(yes, &format!("Revoke token {id}?"))?;
            client.revoke_api_token(&id).await?;
            Output::note(&format!("Revoked {id}."));
        }
    }
    Ok(())
}
