//! Tenants of the server.

use clap::Subcommand;

use super::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Output, TENANT};

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// All tenants
    List,
    /// One tenant
    Show {
        /// The tenant's id
        id: String,
    },
    /// Make a tenant and its first administrator
    Create {
        /// The name that people read
        name: String,
        /// Its first domain, such as contoso.example
        #[arg(long)]
        domain: String,
    },
}

pub(crate) async fn run(context: &Context, command: TenantCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        TenantCommand::List => {
            let tenants = client.tenants().await?;
            context.out.records(TENANT, records(&tenants)?)?;
        }
        TenantCommand::Show { id } => {
            let tenant = client.tenant(&id).await?;
            context.out.record(TENANT, &record(&tenant)?)?;
        }
        TenantCommand::Create { name, domain } => {
            let tenant = client.create_tenant(&name, &domain).await?;
            context.out.document(&record(&tenant)?)?;
            Output::note("The one-time password is shown only now.");
        }
    }
    Ok(())
}
