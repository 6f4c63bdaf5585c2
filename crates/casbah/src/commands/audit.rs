//! The audit.

use std::path::{Path, PathBuf};

use casbah_model::time::Timestamp;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::record;
use crate::context::Context;
use crate::error::CliError;
use crate::filters::parse_time;
use crate::output::{AUDIT, AUDIT_CHAIN, AUDIT_FINDING, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Who did what, the newest first
    ///
    /// For example: casbah audit list --action token. --outcome refused --since 1d
    List(Box<AuditListArgs>),
    /// Verify that nobody changed the audit
    ///
    /// For example: casbah audit verify --head head.json
    Verify {
        /// Ends of the chains that were exported before: shows a tail that was removed
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// The ends of the audit's chains
    #[command(subcommand)]
    Head(HeadCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum HeadCommand {
    /// Print them
    Show,
    /// Write them to a file, to be kept where the server's administrators cannot write
    Export {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditListArgs {
    /// Only what this person or application did
    #[arg(long, value_name = "NAME|APP_ID")]
    actor: Option<String>,
    /// Only this action; with a dot at the end, all that begin with it
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to this: an object's id, say
    #[arg(long, value_name = "ID|NAME")]
    target: Option<String>,
    /// Only what was done by or through this application
    #[arg(long, value_name = "APP_ID")]
    app: Option<String>,
    /// Only what ended so
    #[arg(long, value_enum)]
    outcome: Option<OutcomeName>,
    /// Only the request with this id
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Not older than this: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Older than this
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// The oldest first
    #[arg(long)]
    oldest_first: bool,
    /// At most so many records
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: usize,
    /// All records, page after page
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutcomeName {
    Success,
    Refused,
}

impl AuditListArgs {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let outcome = self.outcome.map(|outcome| match outcome {
            OutcomeName::Success => "success".to_owned(),
            OutcomeName::Refused => "refused".to_owned(),
        });
        let time = |time: Timestamp| time.millis().to_string();
        let all = [
            ("actor", self.actor.clone()),
            ("action", self.action.clone()),
            ("target", self.target.clone()),
            ("appId", self.app.clone()),
            ("outcome", outcome),
            ("correlationId", self.correlation_id.clone()),
            ("since", self.since.map(time)),
            ("until", self.until.map(time)),
            ("sortDirection", self.oldest_first.then(|| "asc".to_owned())),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

pub(crate) async fn run(context: &Context, command: AuditCommand) -> Result<(), CliError> {
    match command {
        AuditCommand::List(arguments) => list(context, &arguments).await,
        AuditCommand::Verify { head } => verify(context, head.as_deref()).await,
        AuditCommand::Head(HeadCommand::Show) => {
            let head = context.client()?.audit_head().await?;
            Ok(context.out.document(&head)?)
        }
        AuditCommand::Head(HeadCommand::Export { file }) => {
            let head = context.client()?.audit_head().await?;
            std::fs::write(&file, format!("{head:#}\n"))?;
            Output::note(&format!("The ends are in {}.", file.display()));
            Ok(())
        }
    }
}

async fn list(context: &Context, arguments: &AuditListArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let mut list = context.out.list(AUDIT)?;
    let mut left = if arguments.all {
        usize::MAX
    } else {
        arguments.limit
    };
    let mut after = None;
    while left > 0 {
        let mut parameters = arguments.parameters();
        parameters.push(("limit", left.min(1_000).to_string()));
        parameters.extend(after.map(|after| ("after", after)));
        let page = client.audit(&parameters).await?;
        left = left.saturating_sub(page.data.len());
        list.add(page.data)?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(list.finish()?)
}

async fn verify(context: &Context, head: Option<&Path>) -> Result<(), CliError> {
    let head = head.map(read_head).transpose()?;
    let found = context.client()?.verify_audit(head.as_ref()).await?;
    if context.out.is_for_programs() {
        context.out.document(&record(&found)?)?;
    } else {
        context.out.records(AUDIT_CHAIN, found.chains)?;
    }
    if found.intact {
        Output::note("The audit is intact.");
        if head.is_none() {
            Output::note(
                "A tail that was removed shows only against an end that was kept: \
                 casbah audit head export FILE",
            );
        }
        return Ok(());
    }
    let count = found.findings.len();
    if !context.out.is_for_programs() {
        context.out.records(AUDIT_FINDING, found.findings)?;
    }
    Err(CliError::Incomplete {
        what: format!("the audit was changed: {count} findings"),
        next: "look at the records beside those that are named, and who can write to the database"
            .to_owned(),
    })
}

fn read_head(path: &Path) -> Result<Value, CliError> {
    let shown = path.display().to_string();
    let text = std::fs::read(path).map_err(|source| CliError::Read {
        path: shown.clone(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|error| CliError::Config {
        path: shown,
        reason: error.to_string(),
    })
}
