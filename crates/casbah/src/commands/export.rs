//! Exports: where the server sends what happens.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help that people read"
)]

use std::path::PathBuf;

use casbah_client::{ExportTarget, NewExport};
use clap::{Args, Subcommand, ValueEnum};

use super::confirm::confirm;
use super::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{EXPORT, Output};
use crate::private_file::write_private;

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// The exports and how they stand
    List,
    /// Make an export, which runs at once
    ///
    /// It sends each activity that arrives and each alert that is made or changes, in order
    /// and at least once, goes on where it stopped after failures and restarts, and reaches
    /// only public addresses unless `casbah serve --egress-allow HOST` allows others.
    #[command(subcommand)]
    Create(CreateCommand),
    /// One export: its place, what failed last, when it is tried again
    Show {
        /// Its id
        id: String,
    },
    /// Let an export run; after failures, at once
    Enable {
        /// Its id
        id: String,
    },
    /// Let an export rest; it keeps its place, and the feeds reach back 7 days
    Disable {
        /// Its id
        id: String,
    },
    /// Delete an export with its place
    Delete {
        /// Its id
        id: String,
        /// Without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Send one made-up alert, marked as a test, and say how that went
    Test {
        /// Its id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CreateCommand {
    /// Signed JSON, posted to an https URL (Standard Webhooks)
    ///
    /// The secret to check signatures with is printed now and never again.
    ///
    /// For example: casbah export create webhook SOAR https://soar.contoso.example/casbah
    #[command(verbatim_doc_comment)]
    Webhook {
        /// What it is for
        name: String,
        /// The URL, by https
        #[arg(value_name = "URL")]
        address: String,
        #[command(flatten)]
        what: WhatArgs,
        /// Write the secret to this file, for its owner alone, instead of printing it
        #[arg(long, value_name = "FILE")]
        secret_out: Option<PathBuf>,
    },
    /// CEF in syslog messages, to a log receiver
    ///
    /// For example: casbah export create syslog SIEM siem.contoso.example --transport tls
    Syslog {
        /// What it is for
        name: String,
        /// The receiver's name or address
        host: String,
        /// How messages get there
        #[arg(long, value_enum, default_value = "tls")]
        transport: Transport,
        /// The receiver's port [default: 514, for tls 6514]
        #[arg(long)]
        port: Option<u16>,
        #[command(flatten)]
        what: WhatArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WhatArgs {
    /// Only this feed; repeatable [default: both]
    #[arg(long = "feed", value_enum, value_name = "FEED")]
    feeds: Vec<FeedName>,
    /// Begin with the oldest change that is kept (7 days), not with what comes from now on
    #[arg(long)]
    from_start: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FeedName {
    /// Activities as they arrive
    Activities,
    /// Alerts as they are made and change
    Alerts,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Transport {
    /// A datagram each; what is lost on the way, nobody knows
    Udp,
    /// One connection a batch, without encryption
    Tcp,
    /// The same, encrypted; the receiver's certificate is checked
    Tls,
}

pub(crate) async fn run(context: &Context, command: ExportCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        ExportCommand::List => {
            let exports = client.exports().await?;
            context.out.records(EXPORT, records(&exports)?)?;
        }
        ExportCommand::Create(command) => create(context, command).await?,
        ExportCommand::Show { id } => {
            let export = client.export(&id).await?;
            context.out.document(&record(&export)?)?;
        }
        ExportCommand::Enable { id } => {
            let export = client.switch_export(&id, true).await?;
            context.out.document(&record(&export)?)?;
        }
        ExportCommand::Disable { id } => {
            let export = client.switch_export(&id, false).await?;
            context.out.document(&record(&export)?)?;
        }
        ExportCommand::Delete { id, yes } => {
            confirm(yes, &format!("Delete export {id}?"))?;
            client.delete_export(&id).await?;
            Output::note(&format!("Deleted {id}."));
        }
        ExportCommand::Test { id } => {
            let test = client.test_export(&id).await?;
            context.out.document(&record(&test)?)?;
            if !test.sent {
                return Err(CliError::Incomplete {
                    what: "the receiver did not take the record".to_owned(),
                    next: "error says why; hosts of private networks need `casbah serve \
                           --egress-allow HOST`"
                        .to_owned(),
                });
            }
        }
    }
    Ok(())
}

async fn create(context: &Context, command: CreateCommand) -> Result<(), CliError> {
    let (new, secret_out) = match command {
        CreateCommand::Webhook {
            name,
            address,
            what,
            secret_out,
        } => {
            let target = ExportTarget::Webhook { url: address };
            (new(name, target, &what), secret_out)
        }
        CreateCommand::Syslog {
            name,
            host,
            transport,
            port,
            what,
        } => {
            let transport = match transport {
                Transport::Udp => "udp",
                Transport::Tcp => "tcp",
                Transport::Tls => "tls",
            };
            let target = ExportTarget::Syslog {
                transport: transport.to_owned(),
                host,
                port,
            };
            (new(name, target, &what), None)
        }
    };
    if let Some(path) = &secret_out {
        // A secret that cannot be written must not be made.
        write_private(path, "")?;
    }
    let mut made = context.client()?.create_export(&new).await?;
    let Some(path) = secret_out else {
        let has_secret = made.secret.is_some();
        context.out.document(&record(&made)?)?;
        if has_secret {
            Output::note("secret is what signatures are checked with. It is shown only now.");
        }
        return Ok(());
    };
    write_private(&path, &made.secret.take().unwrap_or_default())?;
    context.out.document(&record(&made)?)?;
    Output::note(&format!("The secret is in {}.", path.display()));
    Ok(())
}

fn new(name: String, target: ExportTarget, what: &WhatArgs) -> NewExport {
    let feeds = what.feeds.iter().map(|feed| match feed {
        FeedName::Activities => "activities".to_owned(),
        FeedName::Alerts => "alerts".to_owned(),
    });
    let from = if what.from_start { "start" } else { "now" };
    NewExport {
        name,
        target,
        feeds: feeds.collect(),
        from: from.to_owned(),
    }
}
