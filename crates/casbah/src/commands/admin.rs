//! What whoever has the server's own machine may do.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;

use super::user::tell_password;
use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Output;
use crate::serve::{DataArgs, serve_error};

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Give an administrator who cannot sign in any more a one-time password
    ///
    /// The server must not run. The account is switched on, and all its tokens and sessions
    /// end. --tenant names another tenant than the server's own by its id or domain. If a
    /// tenant has no Global Administrator, admin@DOMAIN is made. The audit keeps it.
    ///
    /// For example: casbah admin recover --data-dir casbah-data
    Recover(RecoverArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Who, by the sign-in name [default: the first Global Administrator]
    #[arg(long, value_name = "USER@DOMAIN")]
    user: Option<String>,
    /// Write the password to this file, for its owner alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    password_out: Option<PathBuf>,
}

pub(crate) async fn run(global: &Global, command: AdminCommand) -> Result<(), CliError> {
    let AdminCommand::Recover(args) = command;
    let context = Context::new(global)?;
    let database = args.data.database()?;
    let tenant = global.tenant.as_deref();
    let done = casbah_server::recover(&args.data.data_dir, database, tenant, args.user.as_deref())
        .await
        .map_err(serve_error)?;
    let name = &done.user_principal_name;
    let text = done.one_time_password.expose_secret();
    tell_password(&context.out, name, text, args.password_out.as_deref())?;
    if done.is_new {
        Output::note(&format!(
            "{name} was made: the tenant had no Global Administrator."
        ));
    }
    if !done.is_administrator {
        Output::note(&format!("{name} is no Global Administrator."));
    }
    Ok(())
}
