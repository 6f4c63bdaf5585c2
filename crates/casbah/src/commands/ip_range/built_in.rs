//! Imported lists, and what a change of ranges changes.

use std::path::PathBuf;
use std::time::Duration;

use casbah_client::{BuiltInImport, Client};
use clap::{Args, ValueEnum};

use crate::commands::progress::count_bar;
use crate::commands::record;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{BUILT_IN_LIST, ENRICHMENT};

/// How often the server is asked.
const INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The list, as it was published
    file: PathBuf,
    /// What the addresses are of: cloud provider, anonymous proxy, tor or botnet; the
    /// formats of AWS, Azure, Google and Tor say it themselves
    #[arg(long)]
    category: Option<String>,
    /// The list's name; the formats of AWS, Azure, Google and Tor have one
    #[arg(long)]
    name: Option<String>,
    /// How it is written; by default its content tells
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
    /// Wait until the ranges have come to all activities that are there
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListFormat {
    Aws,
    Azure,
    Google,
    Tor,
    Plain,
}

impl ListFormat {
    const fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Google => "google",
            Self::Tor => "tor",
            Self::Plain => "plain",
        }
    }
}

pub(super) async fn import(
    context: &Context,
    client: &Client,
    arguments: ImportArgs,
) -> Result<(), CliError> {
    let import = BuiltInImport {
        category: arguments.category,
        name: arguments.name,
        format: arguments.format.map(|format| format.name().to_owned()),
    };
    let imported = client.import_built_in_ranges(&arguments.file, &import);
    context.out.record(BUILT_IN_LIST, &imported.await?)?;
    if arguments.wait {
        wait(client).await?;
    }
    Ok(())
}

pub(super) async fn lists(context: &Context, client: &Client) -> Result<(), CliError> {
    let lists = client.built_in_lists().await?;
    Ok(context.out.records(BUILT_IN_LIST, lists)?)
}

pub(super) async fn status(
    context: &Context,
    client: &Client,
    waits: bool,
) -> Result<(), CliError> {
    if waits {
        wait(client).await?;
    }
    let state = client.enrichment().await?;
    Ok(context.out.record(ENRICHMENT, &record(&state)?)?)
}

/// Until the change has come to all activities.
async fn wait(client: &Client) -> Result<(), CliError> {
    let bar = count_bar("activities");
    loop {
        let state = client.enrichment().await?;
        bar.set_length(state.total);
        bar.set_position(state.done);
        if !state.pending {
            bar.finish_and_clear();
            return Ok(());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
