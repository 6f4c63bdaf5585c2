//! The story of the product, played by a client through public interfaces alone.

mod application;
mod browser;
mod discovery;
mod events;
mod fixtures;
mod form;
mod server;
mod sign_in;
mod story;
mod tokens;

use std::path::PathBuf;

use clap::Args;

use crate::demo::server::Server;
use crate::demo::story::{Story, Teller};
use crate::error::CliError;
use crate::output::Output;

/// What to play the story on.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Your own Squid access log instead of the recorded one
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Who wrote --log, as `casbah discovery upload --source` names it
    #[arg(long, default_value = "SQUID_NATIVE", requires = "log")]
    source: String,
    /// Your own Microsoft 365 audit records, as JSON lines, instead of the recorded ones
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Leave the server running until Ctrl-C, and print how to reach it
    #[arg(long)]
    keep: bool,
    /// Play against a server that runs already: its start file
    #[arg(long, value_name = "FILE", hide = true)]
    start_file: Option<PathBuf>,
}

/// Starts a server and plays the story on it.
pub(crate) async fn run(arguments: DemoArgs) -> Result<(), CliError> {
    let mut teller = Teller::new();
    let server = if let Some(file) = &arguments.start_file {
        Server::running(file)?
    } else {
        let start = Server::start();
        teller
            .step("A server of its own, in an empty directory", start)
            .await?
    };
    let mut story = Story::new(server.start.clone(), &arguments)?;
    teller
        .step(
            "An administrator signs in (code + PKCE)",
            sign_in::play(&mut story),
        )
        .await?;
    teller
        .step(
            "An application is registered",
            application::register(&mut story),
        )
        .await?;
    teller
        .step(
            "Before consent its token allows nothing",
            tokens::before_consent(&story),
        )
        .await?;
    teller
        .step("The administrator consents", application::consent(&story))
        .await?;
    teller
        .step(
            "Tokens from both endpoints, checked",
            tokens::after_consent(&mut story),
        )
        .await?;
    teller
        .step(
            "What the token does not allow is refused",
            tokens::refusal(&story),
        )
        .await?;
    teller
        .step(
            "A proxy log becomes a report",
            discovery::upload(&mut story),
        )
        .await?;
    teller
        .step("The report", discovery::report(&mut story))
        .await?;
    teller
        .step("An app is blocked", discovery::block(&story))
        .await?;
    teller
        .step("Audit events become activities", events::ingest(&story))
        .await?;
    teller
        .step("Activities become alerts", events::alerts(&story))
        .await?;
    teller.end(&story)?;
    if arguments.keep {
        Output::text(&story.how_to_reach())?;
        tokio::signal::ctrl_c().await?;
    }
    Ok(())
}
