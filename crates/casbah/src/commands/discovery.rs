//! Cloud discovery.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use casbah_client::{BlockScriptFormat, Client, ReportQuery, Upload};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::progress::{byte_bar, spinner};
use crate::context::Context;
use crate::error::CliError;
use crate::filters::ListArgs;
use crate::output::{APP_USER, CATEGORY, DISCOVERED_APP, Output, STREAM, UPLOAD};

/// Records asked for at a time.
const PAGE: u64 = 100;
/// Between two looks at an upload that is being read.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(crate) enum DiscoveryCommand {
    /// Upload a proxy or firewall log
    ///
    /// For example: casbah discovery upload access.log --source SQUID --name 'Berlin' --wait
    Upload(UploadArgs),
    /// Uploaded logs and what became of them
    Uploads {
        /// Only this one
        id: Option<String>,
    },
    /// The reports
    Streams,
    /// The apps of a report
    Apps {
        #[command(flatten)]
        report: ReportArgs,
        #[command(flatten)]
        list: ListArgs,
    },
    /// How many apps each category has
    Categories {
        #[command(flatten)]
        report: ReportArgs,
    },
    /// Who used an app
    Users {
        /// The app's number
        app_id: i64,
        #[command(flatten)]
        report: ReportArgs,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Tag an app: sanctioned, unsanctioned, or a name of your own
    Tag {
        /// The app's number
        app_id: i64,
        /// The tag
        tag: String,
        /// Take the tag away
        #[arg(long)]
        remove: bool,
    },
    /// The script that makes an appliance block the unsanctioned apps
    BlockScript {
        /// The appliance
        #[arg(long, value_enum)]
        format: Appliance,
        /// Let the sanctioned apps pass instead
        #[arg(long)]
        allowed: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// The log; gz, zst, zip, bz2 and xz are unpacked by the server
    file: PathBuf,
    /// What wrote it, such as SQUID or FORTIGATE
    #[arg(long)]
    source: String,
    /// The report's name; with --continuous that of the data source
    #[arg(long)]
    name: String,
    /// Let it flow into the continuous reports instead of making one of its own
    #[arg(long)]
    continuous: bool,
    /// Wait until it was read
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The report's name or id
    #[arg(long, default_value = "Global View")]
    report: String,
    /// So many days back: 7, 30 or 90
    #[arg(long, default_value_t = 90, value_parser = parse_days)]
    days: u32,
}

fn parse_days(text: &str) -> Result<u32, String> {
    match text {
        "7" => Ok(7),
        "30" => Ok(30),
        "90" => Ok(90),
        _ => Err("give 7, 30 or 90".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Appliance {
    BlueCoat,
    CiscoAsa,
    Fortigate,
    PaloAlto,
    Zscaler,
    JuniperSrx,
    Websense,
}

impl From<Appliance> for BlockScriptFormat {
    fn from(appliance: Appliance) -> Self {
        match appliance {
            Appliance::BlueCoat => Self::BlueCoat,
            Appliance::CiscoAsa => Self::CiscoAsa,
            Appliance::Fortigate => Self::FortiGate,
            Appliance::PaloAlto => Self::PaloAlto,
            Appliance::Zscaler => Self::Zscaler,
            Appliance::JuniperSrx => Self::JuniperSrx,
            Appliance::Websense => Self::Websense,
        }
    }
}

pub(crate) async fn run(context: &Context, command: DiscoveryCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        DiscoveryCommand::Upload(arguments) => upload(context, &client, arguments).await?,
        DiscoveryCommand::Uploads { id: Some(id) } => {
            let upload: Value = client.uploaded(&id).await?;
            context.out.record(UPLOAD, &upload)?;
        }
        DiscoveryCommand::Uploads { id: None } => {
            context.out.records(UPLOAD, client.uploads().await?)?;
        }
        DiscoveryCommand::Streams => {
            context
                .out
                .records(STREAM, client.discovery_streams().await?)?;
        }
        DiscoveryCommand::Apps { report, list } => apps(context, &client, &report, &list).await?,
        DiscoveryCommand::Categories { report } => {
            let query = report.query(&client, None).await?;
            let categories = client.discovery_categories(&query).await?;
            context.out.records(CATEGORY, categories)?;
        }
        DiscoveryCommand::Users {
            app_id,
            report,
            list,
        } => users(context, &client, app_id, &report, &list).await?,
        DiscoveryCommand::Tag {
            app_id,
            tag,
            remove,
        } => tag_app(&client, app_id, &tag, remove).await?,
        DiscoveryCommand::BlockScript { format, allowed } => {
            let script = client.block_script(format.into(), allowed).await?;
            if script.trim().is_empty() {
                return Err(CliError::Incomplete {
                    what: "no app has the tag, so there is nothing to write".to_owned(),
                    next: "tag one with `casbah discovery tag APP_ID unsanctioned`".to_owned(),
                });
            }
            Output::text(&script)?;
        }
    }
    Ok(())
}

async fn upload(context: &Context, client: &Client, arguments: UploadArgs) -> Result<(), CliError> {
    let size = std::fs::metadata(&arguments.file)
        .map_err(|source| CliError::Read {
            path: arguments.file.display().to_string(),
            source,
        })?
        .len();
    let bar = byte_bar(size);
    let counted = bar.clone();
    let upload = Upload::new(
        arguments.file,
        arguments.source,
        arguments.name,
        !arguments.continuous,
    );
    let progress = Arc::new(move |count| counted.inc(count));
    let done = client.upload(&upload, progress).await?;
    bar.finish_and_clear();
    match done.upload_id.filter(|_| arguments.wait) {
        Some(id) => {
            let upload = wait_for_upload(client, &id).await?;
            context.out.record(UPLOAD, &upload)?;
            if upload["state"] == "failed" {
                return Err(CliError::Incomplete {
                    what: format!("the log could not be read: {}", upload["error"]),
                    next: "check --source; `casbah discovery uploads ID --output json` shows lines"
                        .to_owned(),
                });
            }
        }
        None => context.out.document(&serde_json::json!({
            "success": done.success,
            "inputStreamId": done.input_stream_id,
        }))?,
    }
    Ok(())
}

/// Waits until an upload was read, and gives its record.
pub(crate) async fn wait_for_upload(client: &Client, id: &str) -> Result<Value, CliError> {
    let sign = spinner("reading the log");
    loop {
        let upload: Value = client.uploaded(id).await?;
        if matches!(upload["state"].as_str(), Some("done" | "failed")) {
            sign.finish_and_clear();
            return Ok(upload);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

impl ReportArgs {
    async fn query(
        &self,
        client: &Client,
        list: Option<&ListArgs>,
    ) -> Result<ReportQuery, CliError> {
        let streams: Vec<Value> = client.discovery_streams().await?;
        let wanted = |stream: &&Value| {
            stream["_id"] == self.report.as_str() || stream["displayName"] == self.report.as_str()
        };
        // Snapshot reports may share a name: the newest is the last.
        let found = streams.iter().rfind(wanted).and_then(|s| s["_id"].as_str());
        let stream_id = found.ok_or_else(|| {
            CliError::usage(
                format!("there is no report {:?}", self.report),
                "`casbah discovery streams` shows the reports",
            )
        })?;
        Ok(ReportQuery {
            stream_id: stream_id.to_owned(),
            days: self.days,
            list: list.map(ListArgs::query).unwrap_or_default(),
        })
    }
}

async fn apps(
    context: &Context,
    client: &Client,
    report: &ReportArgs,
    list: &ListArgs,
) -> Result<(), CliError> {
    let list = list.clone().or_sort("trafficTotalBytes");
    let query = report.query(client, Some(&list)).await?;
    let mut written = context.out.list(DISCOVERED_APP)?;
    let (mut skip, most) = (0, list.limit());
    while skip < most {
        let limit = PAGE.min(most - skip);
        let page = client.discovered_apps(&query, skip, limit).await?;
        let count = u64::try_from(page.data.len()).unwrap_or(u64::MAX);
        written.add(page.data)?;
        if count == 0 || !page.has_next {
            break;
        }
        skip = skip.saturating_add(count);
    }
    Ok(written.finish()?)
}

async fn users(
    context: &Context,
    client: &Client,
    app_id: i64,
    report: &ReportArgs,
    list: &ListArgs,
) -> Result<(), CliError> {
    let query = report.query(client, Some(list)).await?;
    let mut written = context.out.list(APP_USER)?;
    let (mut skip, most) = (0, list.limit());
    while skip < most {
        let limit = PAGE.min(most - skip);
        let page = client.app_users(&query, app_id, skip, limit).await?;
        let count = u64::try_from(page.data.len()).unwrap_or(u64::MAX);
        written.add(page.data)?;
        if count == 0 || !page.has_next {
            break;
        }
        skip = skip.saturating_add(count);
    }
    Ok(written.finish()?)
}

async fn tag_app(client: &Client, app_id: i64, tag: &str, remove: bool) -> Result<(), CliError> {
    let tag = match tag {
        "sanctioned" => "Sanctioned",
        "unsanctioned" => "Unsanctioned",
        own => own,
    };
    if remove {
        client.untag_app(app_id, tag).await?;
        Output::note(&format!("App {app_id} is no longer {tag}."));
    } else {
        client.tag_app(app_id, tag).await?;
        Output::note(&format!("App {app_id} is now {tag}."));
    }
    Ok(())
}
