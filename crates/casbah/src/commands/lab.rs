//! Laboratories: faults, clock and reset.

use casbah_client::{ClockChange, FaultRule};
use clap::{Args, Subcommand, ValueEnum};

use super::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use crate::filters::parse_seconds;
use crate::output::{FAULT, LAB_CLOCK, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Rules by which requests of the tenant to the API fail
    #[command(subcommand)]
    Faults(FaultsCommand),
    /// The clock that the whole server reads the time by
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Delete the tenant's data, take its rules away, and begin clock and ids anew
    ///
    /// Activities, alerts, entities, IP ranges and reports go; people, applications, their
    /// credentials and the audit stay.
    Reset {
        /// What record ids follow from [default: that of serve --lab-seed]
        #[arg(long)]
        seed: Option<u64>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FaultsCommand {
    /// The rules, and how many requests each has failed
    List,
    /// Add a rule; the first that fails a request decides
    ///
    /// For example:
    ///   casbah lab faults add throttled '/api/v1/alerts/' --seconds 2 --times 1
    ///   casbah lab faults add status '/api/*' --status 503 --probability 0.2 --seed 7
    #[command(verbatim_doc_comment)]
    Add(AddArgs),
    /// Take a rule away
    Remove {
        /// The rule's id
        id: String,
    },
    /// Take all rules away
    Clear,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// How requests fail
    #[arg(value_enum)]
    kind: FaultKind,
    /// Which paths, with any prefix of the API; * stands for any characters
    path: String,
    /// Which method [default: any]
    #[arg(long)]
    method: Option<String>,
    /// How many requests fail at most [default: all]
    #[arg(long)]
    times: Option<u64>,
    /// How many of the requests fail, from 0 to 1 [default: 1]
    #[arg(long)]
    probability: Option<f64>,
    /// What decides which of them fail; the same for the same seed
    #[arg(long)]
    seed: Option<u64>,
    /// throttled: how long to wait
    #[arg(long)]
    seconds: Option<u64>,
    /// status: which, 500 to 599
    #[arg(long)]
    status: Option<u16>,
    /// slow: how much later
    #[arg(long)]
    milliseconds: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FaultKind {
    /// 429 with Retry-After
    Throttled,
    /// A status from 500 to 599
    Status,
    /// Answered, but late
    Slow,
    /// The connection is cut, and nothing is done
    Cut,
    /// What was asked is done, and the connection cut in place of the answer
    LostAnswer,
    /// The token is refused as one that has expired
    ExpiredToken,
    /// A page of a list comes again in place of the next
    DuplicatedPage,
}

impl FaultKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Status => "status",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::LostAnswer => "lost-answer",
            Self::ExpiredToken => "expired-token",
            Self::DuplicatedPage => "duplicated-page",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// The time on the server
    Show,
    /// Let it stand still, at this time or now
    Freeze {
        /// The time, as 2026-01-31T12:00:00Z
        at: Option<String>,
    },
    /// Set it; it goes on from there unless it stands still
    Set {
        /// The time, as 2026-01-31T12:00:00Z
        to: String,
    },
    /// Move it on, whether it stands still or not
    Advance {
        /// How far: 90s, 15m, 2h, 3d
        #[arg(value_parser = parse_seconds)]
        by: i64,
    },
    /// Let it run, from the time that it shows
    Run,
    /// Back to the system's clock
    System,
}

pub(crate) async fn run(context: &Context, command: LabCommand) -> Result<(), CliError> {
    match command {
        LabCommand::Faults(command) => faults(context, command).await,
        LabCommand::Clock(command) => clock(context, command).await,
        LabCommand::Reset { seed, yes } => {
            confirm(yes, "Delete all data of the tenant?")?;
            context.client()?.reset_lab(seed).await?;
            Output::note("The tenant has no data any more.");
            Ok(())
        }
    }
}

async fn faults(context: &Context, command: FaultsCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        FaultsCommand::List => {
            let rules = client.fault_rules().await?;
            context.out.records(FAULT, rules)?;
        }
        FaultsCommand::Add(arguments) => {
            let rule = FaultRule {
                path: arguments.path,
                kind: arguments.kind.name().to_owned(),
                method: arguments.method,
                times: arguments.times,
                probability: arguments.probability,
                seed: arguments.seed,
                seconds: arguments.seconds,
                status: arguments.status,
                milliseconds: arguments.milliseconds,
            };
            context
                .out
                .record(FAULT, &client.add_fault_rule(&rule).await?)?;
        }
        FaultsCommand::Remove { id } => {
            client.remove_fault_rule(&id).await?;
            Output::note(&format!("Took rule {id} away."));
        }
        FaultsCommand::Clear => {
            client.clear_fault_rules().await?;
            Output::note("There are no rules any more.");
        }
    }
    Ok(())
}

async fn clock(context: &Context, command: ClockCommand) -> Result<(), CliError> {
    let client = context.client()?;
    let change = match command {
        ClockCommand::Show => {
            context.out.record(LAB_CLOCK, &client.lab_clock().await?)?;
            return Ok(());
        }
        ClockCommand::Freeze { at } => ClockChange {
            set: at,
            freeze: Some(true),
            ..ClockChange::default()
        },
        ClockCommand::Set { to } => ClockChange {
            set: Some(to),
            ..ClockChange::default()
        },
        ClockCommand::Advance { by } => ClockChange {
            advance: Some(by),
            ..ClockChange::default()
        },
        ClockCommand::Run => ClockChange {
            freeze: Some(false),
            ..ClockChange::default()
        },
        ClockCommand::System => ClockChange {
            system: true,
            ..ClockChange::default()
        },
    };
    let clock = client.set_lab_clock(&change).await?;
    Ok(context.out.record(LAB_CLOCK, &clock)?)
}
