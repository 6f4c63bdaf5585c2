//! The commands, one file a group.

pub(crate) mod activities;
pub(crate) mod admin;
pub(crate) mod alerts;
pub(crate) mod api_token;
pub(crate) mod app;
pub(crate) mod audit;
mod confirm;
pub(crate) mod discovery;
pub(crate) mod entities;
pub(crate) mod export;
pub(crate) mod identity_provider;
pub(crate) mod ingest;
pub(crate) mod ip_range;
pub(crate) mod keys;
pub(crate) mod lab;
pub(crate) mod login;
pub(crate) mod migrate;
mod oversight;
pub(crate) mod progress;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user;
mod watch;

use casbah_client::{Error, Pages};
use clap::CommandFactory as _;
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::demo;
use crate::error::CliError;
use crate::output::Column;
use crate::serve;

/// Runs one command.
pub(crate) async fn run(cli: Cli) -> Result<(), CliError> {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "casbah", &mut script);
        return Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?);
    }
    if let Command::Demo(arguments) = cli.command {
        return demo::run(arguments).await;
    }
    if let Command::Serve(arguments) = cli.command {
        return serve::run(arguments).await;
    }
    if let Command::Keys(command) = cli.command {
        return keys::run(&cli.global, command).await;
    }
    if let Command::Admin(command) = cli.command {
        return admin::run(&cli.global, command).await;
    }
    if let Command::Migrate(arguments) = cli.command {
        return migrate::run(&cli.global, arguments).await;
    }
    let context = Context::new(&cli.global)?;
    match cli.command {
        Command::Login(arguments) => login::login(&context, arguments).await,
        Command::Logout(arguments) => login::logout(&context, &arguments),
        Command::Tenant(command) => tenant::run(&context, command).await,
        Command::App(command) => app::run(&context, command).await,
        Command::User(command) => user::run(&context, command).await,
        Command::ApiToken(command) => api_token::run(&context, command).await,
        Command::IdentityProvider(command) => identity_provider::run(&context, command).await,
        Command::Export(command) => export::run(&context, command).await,
        Command::Audit(command) => audit::run(&context, command).await,
        Command::Token(command) => token::run(&context, command).await,
        Command::Alerts(command) => alerts::run(&context, command).await,
        Command::Activities(command) => activities::run(&context, command).await,
        Command::Entities(command) => entities::run(&context, command).await,
        Command::IpRange(command) => ip_range::run(&context, command).await,
        Command::Discovery(command) => discovery::run(&context, command).await,
        Command::Lab(command) => lab::run(&context, command).await,
        Command::Ingest(arguments) => ingest::run(&context, arguments).await,
        Command::Admin(_)
        | Command::Completions { .. }
        | Command::Demo(_)
        | Command::Keys(_)
        | Command::Migrate(_)
        | Command::Serve(_) => Ok(()),
    }
}

/// Writes a list page by page, as the pages come.
async fn write_pages(
    context: &Context,
    columns: &'static [Column],
    mut pages: Pages<Value>,
) -> Result<(), CliError> {
    let mut list = context.out.list(columns)?;
    while let Some(page) = pages.next_page().await? {
        list.add(page.data)?;
    }
    Ok(list.finish()?)
}

/// A typed answer as a record to write.
fn record(value: &impl Serialize) -> Result<Value, CliError> {
    serde_json::to_value(value).map_err(|error| CliError::Client(Error::Answer(error.into())))
}

fn records(values: &[impl Serialize]) -> Result<Vec<Value>, CliError> {
    values.iter().map(record).collect()
}
