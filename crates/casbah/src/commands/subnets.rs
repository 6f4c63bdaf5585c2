//! IP ranges.

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
pub(crate) enum SubnetsCommand {
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
    /// For example: casbah subnets create 'Berlin' --category corporate 192.0.2.0/24
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

pub(crate) async fn run(context: &Context, command: SubnetsCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        SubnetsCommand::List { built_in, list } => {
            let mut query = list.query();
            if built_in {
                query = query.filter("builtIn", "eq", true);
            }
            write_pages(context, SUBNET, client.subnets(query)).await?;
        }
        SubnetsCommand::Show { id } => {
            let range: Value = client.subnet(&id).await?;
            context.out.record(SUBNET, &range)?;
        }
        SubnetsCommand::Create(rule) => {
            let id = client.create_subnet(&rule.into()).await?;
            context.out.document(&json!({ "_id": id }))?;
        }
        SubnetsCommand::Update { id, rule } => {
            let range: Value = client.update_subnet(&id, &rule.into()).await?;
            context.out.record(SUBNET, &range)?;
        }
        SubnetsCommand::Delete { id } => {
            client.delete_subnet(&id).await?;
            Output::note(&format!("Deleted {id}."));
        }
    }
    Ok(())
}
