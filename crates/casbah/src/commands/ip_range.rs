//! IP ranges.

mod built_in;

use casbah_client::SubnetRule;
use casbah_model::ip_range::IpCategory;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::write_pages;
use crate::context::Context;
use crate::error::CliError;
use crate::filters::ListArgs;
use crate::output::{Output, SUBNET};

#[derive(Debug, Subcommand)]
pub(crate) enum IpRangeCommand {
    /// The tenant's IP ranges
    List {
        /// The built-in ranges instead
        #[arg(long)]
        built_in: bool,
        #[command(flatten)]
        list: ListArgs,
    },
    /// One IP range
    Show {
        /// The range's id
        id: String,
    },
    /// Make an IP range
    ///
    /// For example: casbah ip-range create 'Berlin' --category corporate 192.0.2.0/24
    Create(RuleArgs),
    /// Put another range in its place; what is left out becomes empty
    Update {
        /// The range's id
        id: String,
        #[command(flatten)]
        rule: RuleArgs,
    },
    /// Delete an IP range
    Delete {
        /// The range's id
        id: String,
    },
    /// Import a list of addresses as its owner publishes it; its ranges become built-in
    ///
    /// Known by their content: AWS ip-ranges.json, Azure service tags (JSON), Google
    /// cloud.json, Tor's exit-addresses, and text with a network or an address a line.
    /// A list takes the place of what was imported under its name before. The tenant's own
    /// ranges go before built-in ones.
    ///
    /// For example:
    ///   casbah ip-range import ip-ranges.json --wait
    ///   casbah ip-range import --category tor --name Tor torbulkexitlist
    #[command(verbatim_doc_comment)]
    Import(built_in::ImportArgs),
    /// The lists that were imported
    Lists,
    /// Delete the built-in ranges of a list
    Forget {
        /// The list's name
        name: String,
    },
    /// How far the last change of ranges has come to the activities
    Status {
        /// Wait until it has come to all
        #[arg(long)]
        wait: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// A name, unique in the tenant
    name: String,
    /// Networks in CIDR notation
    #[arg(required = true, value_name = "NETWORK")]
    networks: Vec<String>,
    /// What it is
    #[arg(long, value_enum)]
    category: Category,
    /// To whom it is registered
    #[arg(long)]
    organization: Option<String>,
    /// A tag; repeatable
    #[arg(long = "tag")]
    tags: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Category {
    Corporate,
    Administrative,
    Risky,
    Vpn,
    CloudProvider,
    Other,
}

impl Category {
    const fn value(self) -> i64 {
        match self {
            Self::Corporate => IpCategory::Corporate.value(),
            Self::Administrative => IpCategory::Administrative.value(),
            Self::Risky => IpCategory::Risky.value(),
            Self::Vpn => IpCategory::Vpn.value(),
            Self::CloudProvider => IpCategory::CloudProvider.value(),
            Self::Other => IpCategory::Other.value(),
        }
    }
}

impl From<RuleArgs> for SubnetRule {
    fn from(arguments: RuleArgs) -> Self {
        Self {
            name: arguments.name,
            category: arguments.category.value(),
            subnets: arguments.networks,
            organization: arguments.organization,
            tags: arguments.tags,
        }
    }
}

pub(crate) async fn run(context: &Context, command: IpRangeCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        IpRangeCommand::List { built_in, list } => {
            let mut query = list.query();
            if built_in {
                query = query.filter("builtIn", "eq", true);
            }
            write_pages(context, SUBNET, client.subnets(query)).await?;
        }
        IpRangeCommand::Show { id } => {
            let range: Value = client.subnet(&id).await?;
            context.out.record(SUBNET, &range)?;
        }
        IpRangeCommand::Create(rule) => {
            let id = client.create_subnet(&rule.into()).await?;
            context.out.document(&json!({ "_id": id }))?;
        }
        IpRangeCommand::Update { id, rule } => {
            let range: Value = client.update_subnet(&id, &rule.into()).await?;
            context.out.record(SUBNET, &range)?;
        }
        IpRangeCommand::Delete { id } => {
            client.delete_subnet(&id).await?;
            Output::note(&format!("Deleted {id}."));
        }
        IpRangeCommand::Import(arguments) => built_in::import(context, &client, arguments).await?,
        IpRangeCommand::Lists => built_in::lists(context, &client).await?,
        IpRangeCommand::Forget { name } => {
            client.delete_built_in_ranges(&name).await?;
            Output::note(&format!("Deleted the ranges of {name}."));
        }
        IpRangeCommand::Status { wait } => built_in::status(context, &client, wait).await?,
    }
    Ok(())
}
