//! Access tokens.

mod explain;

use std::io::Read as _;
use std::path::PathBuf;

use casbah_client::{Endpoint, Error, TokenValidator, well_known};
use casbah_model::time::Timestamp;
use casbah_token::{Unverified, decode_unverified};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Output, TOKEN};

use explain::explain;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Print an access token. Whoever has it may do what it allows
    ///
    /// For example, in a pipeline, with its issuer's token in place of a secret:
    /// casbah token get --tenant `TENANT` --client-id `APP_ID` --federated-token-file `FILE`
    Get(GetArgs),
    /// Explain a token's members in words, and which actions its roles allow. Nothing is checked
    Inspect(TokenArgs),
    /// Check a token as a resource does: signature, issuer, tenant, audience, times
    Verify {
        #[command(flatten)]
        token: TokenArgs,
        /// For whom the token must be
        #[arg(long, value_name = "APP_ID|URI")]
        audience: Option<String>,
    },
}

/// Which token.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// For whom: mcas, casbah, graph, or an appId or identifier URI
    #[arg(long, default_value = "mcas")]
    resource: String,
    /// Version of the token endpoint
    #[arg(long, value_enum, default_value_t = Version::V2)]
    endpoint: Version,
}

/// A token that is at hand.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// File with the token, - for standard input
    #[arg(required_unless_present = "fresh")]
    file: Option<PathBuf>,
    /// Get a fresh one, as `token get` does
    #[arg(long, conflicts_with = "file")]
    fresh: bool,
    /// For whom the fresh token is; of another, for whom it must be
    #[arg(long, default_value = "mcas")]
    resource: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Version {
    V1,
    V2,
}

pub(crate) async fn run(context: &Context, command: TokenCommand) -> Result<(), CliError> {
    match command {
        TokenCommand::Get(arguments) => {
            let tokens = context.tokens()?;
            let resource = resource(context, &arguments.resource)?;
            let endpoint = match arguments.endpoint {
                Version::V1 => Endpoint::V1,
                Version::V2 => Endpoint::V2,
            };
            let token = tokens.token_from(endpoint, &resource).await?;
            Output::text(token.secret())?;
        }
        TokenCommand::Inspect(arguments) => {
            let token = at_hand(context, &arguments).await?;
            inspect(context, &token)?;
        }
        TokenCommand::Verify { token, audience } => {
            verify(context, &token, audience).await?;
        }
    }
    Ok(())
}

async fn verify(
    context: &Context,
    arguments: &TokenArgs,
    audience: Option<String>,
) -> Result<(), CliError> {
    let token = at_hand(context, arguments).await?;
    let audience = match audience {
        Some(audience) => audience,
        None => resource(context, &arguments.resource)?,
    };
    let tenant = match context.settings.layer.tenant.clone() {
        Some(tenant) => tenant,
        // Only to find the keys: the issuer is then checked against its documents.
        None => claim(&taken_apart(&token)?, "tid"),
    };
    let authority = context.authority()?;
    let validator = TokenValidator::fetch(context.transport()?, &authority, &tenant).await?;
    let claims = validator.validate(&token, vec![audience]).await?;
    Output::note("The token is valid.");
    Ok(context.out.document(&json!({
        "valid": true,
        "audience": claims.audiences,
        "issuer": claims.issuer,
        "tenant": claims.tenant,
        "client": claims.client_id,
        "subject": claims.subject,
        "roles": claims.roles,
        "scopes": claims.scopes,
        "expires": claims.expires_at,
    }))?)
}

fn inspect(context: &Context, token: &str) -> Result<(), CliError> {
    let rows = explain(&taken_apart(token)?, Timestamp::now(), context.out.zone());
    context.out.records(TOKEN, rows)?;
    Output::note("Nothing was checked: that is `casbah token verify`.");
    Ok(())
}

fn taken_apart(token: &str) -> Result<Unverified, CliError> {
    decode_unverified(token)
        .map_err(|error| CliError::usage(error.to_string(), "give a token in compact form"))
}

fn claim(parts: &Unverified, name: &str) -> String {
    let value = parts.claims.get(name).and_then(Value::as_str);
    value.unwrap_or("common").to_owned()
}

async fn at_hand(context: &Context, arguments: &TokenArgs) -> Result<String, CliError> {
    let file = arguments.file.as_ref().filter(|_| !arguments.fresh);
    let Some(path) = file else {
        let resource = resource(context, &arguments.resource)?;
        let token = context.tokens()?.token(&resource).await?;
        return Ok(token.secret().to_owned());
    };
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|content| text = content)
    };
    read.map_err(|source| {
        CliError::Client(Error::File {
            path: path.display().to_string(),
            source,
        })
    })?;
    Ok(text.trim().to_owned())
}

/// The resource that a short name stands for.
pub(crate) fn resource(context: &Context, name: &str) -> Result<String, CliError> {
    Ok(match name {
        "mcas" => well_known::CLOUD_APP_SECURITY.to_owned(),
        "casbah" => well_known::CASBAH.to_owned(),
        "graph" => context.authority()?.graph_resource().to_owned(),
        other => other.to_owned(),
    })
}
