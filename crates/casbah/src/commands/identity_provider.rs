//! Companies' own providers, through which people sign in.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help that people read"
)]

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use casbah_client::{ClaimsMapping, GraphClient, IdentityProviderChanges};
use clap::{Args, Subcommand, ValueEnum};

use super::app::Switch;
use super::confirm::confirm;
use super::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{IDENTITY_PROVIDER, IDENTITY_PROVIDER_LINK, IDENTITY_PROVIDER_TEST, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityProviderCommand {
    /// The tenant's providers
    List,
    /// Let people sign in through a provider, by OpenID Connect
    ///
    /// Register a client at the provider first: a confidential one, for the code flow, with
    /// the redirect address SERVER/casbah/sign_in/callback. The server must reach the
    /// provider by https; one in a private network only if `casbah serve --egress-allow HOST`
    /// allows it.
    ///
    /// At the first sign-in a person is found by the name that the provider says, which must
    /// be of one of the tenant's own domains; from then on by the provider's account alone.
    ///
    /// For example:
    ///   casbah identity-provider add 'Contoso ID' \
    ///     --issuer https://id.contoso.example/realms/main \
    ///     --client casbah --client-secret-file secret.txt
    #[command(verbatim_doc_comment)]
    Add {
        /// The name that people read: Sign in with NAME
        name: String,
        /// `iss` of its tokens: an https address
        #[arg(long, value_name = "URL")]
        issuer: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a provider; its issuer never changes
    Update {
        /// Its id
        id: String,
        /// The name that people read
        #[arg(long)]
        name: Option<String>,
        /// Whether anybody may sign in there
        #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
        enabled: Option<Switch>,
        /// Let the people of all domains use their passwords again
        #[arg(long, conflicts_with = "domain")]
        no_domains: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a provider, and forget whose its accounts are
    Delete {
        /// Its id
        id: String,
        /// Without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Read its metadata and keys now, and say what is good
    Test {
        /// Its id
        id: String,
    },
    /// Which of its accounts is whose
    Links {
        /// Its id
        id: String,
    },
    /// Forget which of its accounts is a person's; the next sign-in is a first one again
    Unlink {
        /// Its id
        id: String,
        /// The person's object id
        person: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The tenant's client at the provider
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// File with that client's secret; without it `add` asks
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What to ask for [default: 'openid profile email']
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// What says who a person is at the first sign-in [default: email]
    #[arg(long, value_enum)]
    claim: Option<Claim>,
    /// A domain of the tenant whose people must sign in there: the password form leads them
    /// on. Leave yourself a way in: a Global Administrator of another domain
    #[arg(long)]
    domain: Vec<String>,
    /// Whether people whom the tenant does not know are created, without any role
    /// [default: off]
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    create_people: Option<Switch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Claim {
    /// The address, if the provider says that it is verified
    Email,
    /// The name at the provider
    #[value(name = "preferred_username")]
    PreferredUsername,
    /// The principal name of Entra ID and AD FS
    Upn,
}

impl Claim {
    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PreferredUsername => "preferred_username",
            Self::Upn => "upn",
        }
    }
}

impl Settings {
    fn changes(self) -> Result<IdentityProviderChanges, CliError> {
        let secret = self.client_secret_file.as_deref().map(read).transpose()?;
        let claim = self.claim.map(|claim| ClaimsMapping {
            email: claim.name().to_owned(),
        });
        Ok(IdentityProviderChanges {
            client_id: self.client,
            client_secret: secret,
            scope: self.scope,
            claims_mapping: claim,
            domains: Some(self.domain).filter(|domains| !domains.is_empty()),
            is_user_creation_enabled: self.create_people.map(|switch| switch == Switch::On),
            ..IdentityProviderChanges::default()
        })
    }
}

pub(crate) async fn run(
    context: &Context,
    command: IdentityProviderCommand,
) -> Result<(), CliError> {
    let graph = context.graph()?;
    match command {
        IdentityProviderCommand::List => {
            let all = graph.identity_providers().await?;
            context.out.records(IDENTITY_PROVIDER, records(&all)?)?;
        }
        IdentityProviderCommand::Add {
            name,
            issuer,
            settings,
        } => {
            let mut new = settings.changes()?;
            (new.display_name, new.issuer) = (Some(name), Some(issuer));
            if new.client_secret.is_none() {
                new.client_secret = Some(typed_secret()?);
            }
            let added = graph.add_identity_provider(&new).await?;
            context.out.record(IDENTITY_PROVIDER, &record(&added)?)?;
            let id = added.id;
            Output::note(&format!("Next: casbah identity-provider test {id}"));
        }
        IdentityProviderCommand::Update {
            id,
            name,
            enabled,
            no_domains,
            settings,
        } => {
            let mut changes = settings.changes()?;
            changes.display_name = name;
            changes.is_enabled = enabled.map(|switch| switch == Switch::On);
            if no_domains {
                changes.domains = Some(Vec::new());
            }
            graph.update_identity_provider(&id, &changes).await?;
            Output::note("Changed.");
        }
        IdentityProviderCommand::Delete { id, yes } => delete(&graph, &id, yes).await?,
        IdentityProviderCommand::Test { id } => {
            let tested = graph.test_identity_provider(&id).await?;
            context.out.record(IDENTITY_PROVIDER_TEST, &tested)?;
            if tested["isGood"] != true {
                return Err(CliError::Incomplete {
                    what: "nobody can sign in through this provider".to_owned(),
                    next: "see its problems above".to_owned(),
                });
            }
        }
        IdentityProviderCommand::Links { id } => {
            let links = graph.identity_provider_links(&id).await?;
            let links = records(&links)?;
            context.out.records(IDENTITY_PROVIDER_LINK, links)?;
        }
        IdentityProviderCommand::Unlink { id, person } => {
            graph.unlink_identity_provider(&id, &person).await?;
            Output::note("Unlinked.");
        }
    }
    Ok(())
}

async fn delete(graph: &GraphClient, id: &str, yes: bool) -> Result<(), CliError> {
    confirm(yes, &format!("Delete identity provider {id}?"))?;
    graph.delete_identity_provider(id).await?;
    Output::note(&format!("Deleted {id}."));
    Ok(())
}

/// The secret in a file, without the end of its line.
fn read(path: &Path) -> Result<String, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read {
        path: path.display().to_string(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn typed_secret() -> Result<String, CliError> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("Secret of the client: ")?);
    }
    Err(CliError::usage(
        "the secret of the client at the provider is missing",
        "give --client-secret-file",
    ))
}
