//! People and their accounts.

use casbah_model::entity::EntityKey;
use casbah_model::ids::SaasId;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::write_pages;
use crate::context::Context;
use crate::error::CliError;
use crate::filters::ListArgs;
use crate::output::ENTITY;

#[derive(Debug, Subcommand)]
pub(crate) enum EntitiesCommand {
    /// People and accounts
    List(EntityListArgs),
    /// One of them
    Show {
        /// APP|INSTANCE|ID, as the list's KEY column has it
        #[arg(value_parser = parse_key)]
        key: EntityKey,
    },
    /// One of them with what belongs to it
    Tree {
        /// APP|INSTANCE|ID, as the list's KEY column has it
        #[arg(value_parser = parse_key)]
        key: EntityKey,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EntityListArgs {
    /// Only administrators
    #[arg(long)]
    admin: bool,
    /// Only people outside the tenant's domains
    #[arg(long)]
    external: bool,
    /// Only of this domain
    #[arg(long)]
    domain: Option<String>,
    #[command(flatten)]
    list: ListArgs,
}

fn parse_key(text: &str) -> Result<EntityKey, String> {
    let wrong = || "write APP|INSTANCE|ID, such as '11161|0|admin@contoso.example'".to_owned();
    let mut parts = text.splitn(3, '|');
    let mut next = || parts.next().ok_or_else(wrong);
    let saas = next()?.parse().map(SaasId).map_err(|_| wrong())?;
    let inst = next()?.parse().map_err(|_| wrong())?;
    let id = next()?.to_owned();
    if id.is_empty() {
        return Err(wrong());
    }
    Ok(EntityKey { id, saas, inst })
}

pub(crate) async fn run(context: &Context, command: EntitiesCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        EntitiesCommand::List(arguments) => {
            let mut query = arguments.list.query();
            if arguments.admin {
                query = query.filter("isAdmin", "eq", true);
            }
            if arguments.external {
                query = query.filter("isExternal", "eq", true);
            }
            if let Some(domain) = &arguments.domain {
                query = query.filter("domain", "eq", domain.as_str());
            }
            write_pages(context, ENTITY, client.entities(query)).await
        }
        EntitiesCommand::Show { key } => {
            let entity: Value = client.entity(&key).await?;
            Ok(context.out.record(ENTITY, &entity)?)
        }
        EntitiesCommand::Tree { key } => {
            let tree: Value = client.entity_tree(&key).await?;
            if context.out.is_for_programs() {
                return Ok(context.out.document(&tree)?);
            }
            let accounts = tree["accounts"].as_array().cloned().unwrap_or_default();
            let family = std::iter::once(tree).chain(accounts).collect();
            Ok(context.out.records(ENTITY, family)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_list() {
        let key = parse_key("11161|0|a|b@contoso.example").unwrap();
        assert_eq!(key.ii(), "11161|0|a|b@contoso.example");
        for text in ["", "11161|0", "11161|0|", "x|0|a", "11161|y|a"] {
            assert!(parse_key(text).is_err(), "{text}");
        }
    }
}
