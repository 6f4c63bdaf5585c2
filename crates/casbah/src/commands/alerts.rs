//! Alerts.

use casbah_client::{Closing, Feed, ListQuery};
use casbah_model::alert::{CloseKind, Severity};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::watch::{self, WatchArgs, Watched};
use super::write_pages;
use crate::context::Context;
use crate::error::CliError;
use crate::filters::{FeedbackArgs, ListArgs, TimeArgs};
use crate::output::{ALERT, ALERT_DETAIL, ALERT_HANDLING, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// Alerts, the newest first
    ///
    /// For example: casbah alerts list --open --severity high --since 7d
    List(Box<AlertListArgs>),
    /// One alert
    Show {
        /// The alert's id
        id: String,
    },
    /// Mark as read
    Read {
        /// The alert's id
        id: String,
    },
    /// Mark as unread
    Unread {
        /// The alert's id
        id: String,
    },
    /// Alerts as they are made and change, a line each, until it is ended
    ///
    /// For example: casbah alerts watch --output ndjson
    Watch(WatchArgs),
    /// Close with a verdict
    ///
    /// For example: casbah alerts close ID --as benign --reason confirmed --comment 'on a trip'
    Close(CloseArgs),
    /// Who closed and reopened it, when, why and with which words
    ///
    /// For example: casbah alerts history ID --output csv
    History {
        /// The alert's id
        id: String,
        #[command(flatten)]
        list: ListArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AlertListArgs {
    /// Only open alerts
    #[arg(long)]
    open: bool,
    /// Only unread alerts
    #[arg(long)]
    unread: bool,
    /// Only this severity; repeatable
    #[arg(long, value_enum)]
    severity: Vec<SeverityName>,
    /// Only alerts about this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only alerts about this address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SeverityName {
    Low,
    Medium,
    High,
}

impl SeverityName {
    const fn value(self) -> i64 {
        match self {
            Self::Low => Severity::Low.value(),
            Self::Medium => Severity::Medium.value(),
            Self::High => Severity::High.value(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CloseArgs {
    /// The alerts' ids
    #[arg(required = true)]
    ids: Vec<String>,
    /// The verdict
    #[arg(long = "as", value_enum)]
    verdict: Verdict,
    /// Why. benign: severity-lower, other, confirmed, test; false-positive: not-interesting,
    /// too-many, not-accurate, other
    #[arg(long, value_enum)]
    reason: Option<Reason>,
    /// Kept with the alerts
    #[arg(long)]
    comment: Option<String>,
    #[command(flatten)]
    feedback: FeedbackArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Verdict {
    Benign,
    FalsePositive,
    TruePositive,
}

impl Verdict {
    const fn kind(self) -> CloseKind {
        match self {
            Self::Benign => CloseKind::Benign,
            Self::FalsePositive => CloseKind::FalsePositive,
            Self::TruePositive => CloseKind::TruePositive,
        }
    }
}

/// Reasons by the numbers of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reason {
    NotInteresting = 0,
    TooMany = 1,
    SeverityLower = 2,
    NotAccurate = 3,
    Other = 4,
    Confirmed = 5,
    Test = 6,
}

pub(crate) async fn run(context: &Context, command: AlertsCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        AlertsCommand::List(arguments) => {
            let pages = client.alerts(query(&arguments));
            write_pages(context, ALERT, pages).await
        }
        AlertsCommand::Show { id } => {
            let alert: Value = client.alert(&id).await?;
            show(context, &alert)
        }
        AlertsCommand::Read { id } => {
            let alert: Value = client.mark_alert(&id, true).await?;
            show(context, &alert)
        }
        AlertsCommand::Unread { id } => {
            let alert: Value = client.mark_alert(&id, false).await?;
            show(context, &alert)
        }
        AlertsCommand::Watch(arguments) => {
            let watched = Watched {
                feed: Feed::Alerts,
                columns: ALERT,
            };
            watch::run(context, watched, arguments).await
        }
        AlertsCommand::Close(arguments) => close(context, arguments).await,
        AlertsCommand::History { id, list } => {
            write_pages(
                context,
                ALERT_HANDLING,
                client.alert_history(&id, list.query()),
            )
            .await
        }
    }
}

fn show(context: &Context, alert: &Value) -> Result<(), CliError> {
    context.out.record(ALERT_DETAIL, alert)?;
    context.attribute_countries();
    Ok(())
}

fn query(arguments: &AlertListArgs) -> ListQuery {
    let mut query = arguments.time.narrow(arguments.list.query());
    if arguments.open {
        query = query.filter("alertOpen", "eq", true);
    }
    if arguments.unread {
        query = query.filter("read", "eq", false);
    }
    if !arguments.severity.is_empty() {
        let values: Vec<i64> = arguments.severity.iter().map(|name| name.value()).collect();
        query = query.filter("severity", "eq", values);
    }
    if let Some(user) = &arguments.user {
        query = query.filter("entity.user", "eq", user.as_str());
    }
    if let Some(ip) = &arguments.ip {
        query = query.filter("entity.ip", "eq", ip.as_str());
    }
    query
}

async fn close(context: &Context, arguments: CloseArgs) -> Result<(), CliError> {
    let closing = closing(&arguments)?;
    let client = context.client()?;
    let answer = client.close_alerts(&arguments.ids, &closing).await?;
    context.out.document(&json!({
        "closed": answer.closed,
        "notFound": answer.not_found,
    }))?;
    Output::note(&format!("Closed {} alerts.", answer.closed));
    if answer.not_found.is_empty() {
        return Ok(());
    }
    Err(CliError::Incomplete {
        what: format!("no open alert: {}", answer.not_found.join(", ")),
        next: "`casbah alerts list --open` shows those that can be closed".to_owned(),
    })
}

fn closing(arguments: &CloseArgs) -> Result<Closing, CliError> {
    let kind = arguments.verdict.kind();
    let reason = arguments.reason.map(|reason| reason as i64);
    if let Some(number) = reason
        && !kind.reasons().contains(&number)
    {
        let fitting: Vec<String> = Reason::value_variants()
            .iter()
            .filter(|reason| kind.reasons().contains(&(**reason as i64)))
            .filter_map(|reason| Some(reason.to_possible_value()?.get_name().to_owned()))
            .collect();
        return Err(CliError::usage(
            "the reason does not fit the verdict",
            if fitting.is_empty() {
                "leave --reason out for true-positive".to_owned()
            } else {
                format!("give one of {}", fitting.join(", "))
            },
        ));
    }
    Ok(Closing {
        kind,
        reason,
        comment: arguments.comment.clone(),
        feedback: arguments.feedback.given(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(line: &str) -> AlertsCommand {
        match Cli::parse_from(line.split(' ')).command {
            Command::Alerts(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn comfortable_flags_are_filters_of_the_api() {
        let line = "casbah alerts list --open --severity high --severity low --user a@b.example \
                    --since 2026-01-31T00:00:00Z --filter risk=x";
        assert!(Cli::try_parse_from(line.split_whitespace()).is_err());
        let line = line.replace(" --filter risk=x", "");
        let words: Vec<&str> = line.split_whitespace().collect();
        let AlertsCommand::List(arguments) = parse(&words.join(" ")) else {
            panic!("not a list");
        };
        insta::assert_json_snapshot!(query(&arguments).filters(), @r#"
        {
          "alertOpen": {
            "eq": true
          },
          "date": {
            "gte": 1769817600000
          },
          "entity.user": {
            "eq": "a@b.example"
          },
          "severity": {
            "eq": [
              2,
              0
            ]
          }
        }
        "#);
    }

    #[test]
    fn reasons_must_fit_the_verdict() {
        for (line, number) in [
            ("--as benign --reason confirmed", Ok(Some(5))),
            ("--as false-positive --reason too-many", Ok(Some(1))),
            ("--as true-positive", Ok(None)),
            (
                "--as true-positive --reason other",
                Err("leave --reason out"),
            ),
            (
                "--as benign --reason too-many",
                Err("severity-lower, other, confirmed, test"),
            ),
        ] {
            let AlertsCommand::Close(arguments) = parse(&format!("casbah alerts close x {line}"))
            else {
                panic!("not a close");
            };
            match (closing(&arguments), number) {
                (Ok(closing), Ok(number)) => assert_eq!(closing.reason, number, "{line}"),
                (Err(CliError::Usage { next, .. }), Err(expected)) => {
                    assert!(next.contains(expected), "{line}: {next}");
                }
                (outcome, _) => panic!("{line}: {outcome:?}"),
            }
        }
    }
}
