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

use crate::commands::ingest::size_of;
use crate::demo::server::Server;
use crate::demo::story::{Story, Teller};
use crate::error::CliError;
use crate::output::Output;
use crate::signals::interrupted;

/// What to play the story on.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Your own Squid access log instead of the recorded one
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Who wrote --log, as `casbah discovery upload --source` names it; without it Squid's
    /// formats are tried
    #[arg(long, requires = "log")]
    source: Option<String>,
    /// Your own Microsoft 365 audit records, JSON lines or arrays, instead of the recorded ones
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
    for file in arguments.log.iter().chain(&arguments.events) {
        size_of(file)?;
    }
    let (_server, story, played) = tokio::select! {
        told = tell(&arguments) => told?,
        () = interrupted() => return Err(CliError::Interrupted),
    };
    if arguments.keep {
        // A story that broke off is what people want to look into.
        if let Err(error) = &played {
            error.tell();
        }
        Output::text(&story.how_to_reach()?)?;
        interrupted().await;
    }
    played
}

/// The story with its server, and how it ended.
async fn tell(arguments: &DemoArgs) -> Result<(Server, Story, Result<(), CliError>), CliError> {
    let mut teller = Teller::new();
    let server = if let Some(file) = &arguments.start_file {
        Server::running(file)?
    } else {
        let title = "A server of its own, in an empty directory";
        teller.step(title, Server::start()).await?
    };
    let mut story = Story::new(server.start.clone(), arguments)?;
    let played = play(&mut teller, &mut story).await;
    Ok((server, story, played))
}

/// The steps on a running server.
async fn play(teller: &mut Teller, story: &mut Story) -> Result<(), CliError> {
    let title = "An administrator signs in (code + PKCE)";
    teller.step(title, sign_in::play(story)).await?;
    let title = "An application is registered";
    teller.step(title, application::register(story)).await?;
    let title = "Before consent its token allows nothing";
    teller.step(title, tokens::before_consent(story)).await?;
    let title = "The administrator consents";
    teller.step(title, application::consent(story)).await?;
    let title = "Tokens from both endpoints, checked";
    teller.step(title, tokens::after_consent(story)).await?;
    let title = "What the token does not allow is refused";
    teller.step(title, tokens::refusal(story)).await?;
    let title = "A proxy log becomes a report";
    teller.step(title, discovery::upload(story)).await?;
    let title = "The report";
    teller.step(title, discovery::report(story)).await?;
    let title = "An app is blocked";
    teller.step(title, discovery::block(story)).await?;
    let title = "Audit events become activities";
    teller.step(title, events::ingest(story)).await?;
    let title = "Activities become alerts";
    teller.step(title, events::alerts(story)).await?;
    teller.end(story)
}
