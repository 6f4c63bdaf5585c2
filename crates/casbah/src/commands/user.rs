//! People of the tenant.

use std::path::{Path, PathBuf};

use casbah_client::{GraphClient, NewPerson, Person, RoleAssignment, RoleDefinition};
use casbah_identity::random::one_time_password;
use casbah_model::identity::DirectoryRole;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::confirm::confirm;
use super::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Output, PERSON, ROLE};
use crate::private_file::write_private;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// The tenant's people and their roles
    List,
    /// One person
    Show {
        #[command(flatten)]
        who: Who,
    },
    /// Make a person with a one-time password, printed now and never again
    ///
    /// The person chooses another at the first sign-in. Where you can hand over a link
    /// more safely than a password, see `casbah user invite`.
    ///
    /// For example: casbah user create ada@contoso.example --name 'Ada Lovelace'
    Create {
        /// The sign-in name, in one of the tenant's domains
        #[arg(value_name = "USER@DOMAIN")]
        user: String,
        /// The name that others read [default: the sign-in name]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Make a person without a password, and a link with which to choose it
    ///
    /// The link is good once and for 7 days; hand it to nobody else. For a person who has
    /// no password yet, it takes the place of the link before.
    ///
    /// For example: casbah user invite ada@contoso.example --name 'Ada Lovelace'
    Invite {
        /// The sign-in name, in one of the tenant's domains
        #[arg(value_name = "USER@DOMAIN")]
        user: String,
        /// The name that others read [default: the sign-in name]
        #[arg(long)]
        name: Option<String>,
    },
    /// Switch a person off: all tokens and sessions end
    Disable {
        #[command(flatten)]
        who: Who,
    },
    /// Switch a person on again
    Enable {
        #[command(flatten)]
        who: Who,
    },
    /// Delete a person for good; nobody can restore it
    Delete {
        #[command(flatten)]
        who: Who,
        /// Without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// The roles that people can have
    Roles,
    /// Give a person a role
    ///
    /// For example: casbah user assign-role ada@contoso.example 'Security Reader'
    AssignRole {
        #[command(flatten)]
        who: Who,
        /// The role, such as security-reader; `casbah user roles` lists them
        role: DirectoryRole,
    },
    /// Take a role away from a person
    RemoveRole {
        #[command(flatten)]
        who: Who,
        /// The role, such as security-reader
        role: DirectoryRole,
    },
    /// Give a person a one-time password, printed now and never again; all tokens and
    /// sessions end
    ///
    /// The person chooses another at the next sign-in. Your own you change at the sign-in;
    /// if the last administrator has lost it: casbah admin recover, on the server's machine.
    ResetPassword {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Take a person's authenticator app and passkeys away, so that the password suffices
    ///
    /// For people who have lost their device. Be sure that it is they who ask.
    ResetMfa {
        #[command(flatten)]
        who: Who,
    },
    /// End all tokens and sessions of a person, who can sign in again
    SignOut {
        #[command(flatten)]
        who: Who,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The person's sign-in name or object id
    #[arg(value_name = "USER")]
    user: String,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Write the password to this file, for its owner alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    password_out: Option<PathBuf>,
}

pub(crate) async fn run(context: &Context, command: UserCommand) -> Result<(), CliError> {
    let graph = context.graph()?;
    match command {
        UserCommand::List => {
            let people = graph.people().await?;
            let held = graph.role_assignments(None).await?;
            let rows = people.iter().map(|person| row(person, &held));
            context
                .out
                .records(PERSON, rows.collect::<Result<_, _>>()?)?;
        }
        UserCommand::Show { who } => show(context, &graph, &who.user).await?,
        UserCommand::Create {
            user,
            name,
            password,
        } => create(context, &graph, &user, name.as_deref(), &password).await?,
        UserCommand::Invite { user, name } => {
            let invitation = graph.invite_person(&user, name.as_deref()).await?;
            context.out.document(&record(&invitation)?)?;
            Output::note("The link is good once and for 7 days. It is shown only now.");
        }
        UserCommand::Disable { who } => {
            graph.enable_person(&who.user, false).await?;
            Output::note("Switched off; all tokens and sessions have ended.");
        }
        UserCommand::Enable { who } => {
            graph.enable_person(&who.user, true).await?;
            Output::note("Switched on.");
        }
        UserCommand::Delete { who, yes } => {
            let person = graph.person(&who.user).await?;
            let name = &person.user_principal_name;
            confirm(yes, &format!("Delete {name} for good?"))?;
            graph.delete_person(&person.id).await?;
            Output::note(&format!("Deleted {name}."));
        }
        UserCommand::Roles => {
            let roles: Vec<RoleDefinition> = graph.role_definitions().await?;
            context.out.records(ROLE, records(&roles)?)?;
        }
        UserCommand::AssignRole { who, role } => {
            let person = graph.person(&who.user).await?;
            let id = role.template_id().to_string();
            graph.assign_role(&person.id, &id).await?;
            Output::note(&format!("{} is {role} now.", person.user_principal_name));
        }
        UserCommand::RemoveRole { who, role } => remove_role(&graph, &who.user, role).await?,
        UserCommand::ResetPassword { who, password } => {
            prepare(&password)?;
            let text = graph.reset_person_password(&who.user).await?;
            tell(context, &who.user, &text, &password)?;
        }
        UserCommand::ResetMfa { who } => reset_mfa(&graph, &who.user).await?,
        UserCommand::SignOut { who } => {
            graph.end_sign_ins(&who.user).await?;
            Output::note("All tokens and sessions have ended.");
        }
    }
    Ok(())
}

async fn show(context: &Context, graph: &GraphClient, user: &str) -> Result<(), CliError> {
    let person = graph.person(user).await?;
    let held = graph.role_assignments(Some(&person.id)).await?;
    Ok(context.out.record(PERSON, &row(&person, &held)?)?)
}

async fn create(
    context: &Context,
    graph: &GraphClient,
    user: &str,
    name: Option<&str>,
    password: &PasswordArgs,
) -> Result<(), CliError> {
    let text =
        one_time_password().map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    prepare(password)?;
    let new = NewPerson {
        user_principal_name: user,
        display_name: name.unwrap_or(user),
        password: text.expose_secret(),
    };
    graph.create_person(&new).await?;
    tell(context, user, text.expose_secret(), password)
}

async fn reset_mfa(graph: &GraphClient, user: &str) -> Result<(), CliError> {
    let factors = graph.second_factors(user).await?;
    if factors.is_empty() {
        Output::note("There was none: the password suffices already.");
        return Ok(());
    }
    for factor in &factors {
        graph.delete_second_factor(user, factor).await?;
    }
    Output::note(&format!(
        "Deleted {}. The password suffices until another is added.",
        factors.len()
    ));
    Ok(())
}

async fn remove_role(graph: &GraphClient, user: &str, role: DirectoryRole) -> Result<(), CliError> {
    let person = graph.person(user).await?;
    let name = &person.user_principal_name;
    let held = graph.role_assignments(Some(&person.id)).await?;
    let id = role.template_id().to_string();
    let Some(assignment) = held.iter().find(|held| held.role_definition_id == id) else {
        return Err(CliError::usage(
            format!("{name} is not {role}"),
            format!("`casbah user show {name}` shows the roles"),
        ));
    };
    graph.remove_role(&assignment.id).await?;
    Output::note(&format!("{name} is not {role} any more."));
    Ok(())
}

/// A password that cannot be written must not be made.
fn prepare(password: &PasswordArgs) -> Result<(), CliError> {
    if let Some(path) = &password.password_out {
        write_private(path, "")?;
    }
    Ok(())
}

/// Shows a one-time password, or writes it where it is wanted.
fn tell(
    context: &Context,
    user: &str,
    text: &str,
    password: &PasswordArgs,
) -> Result<(), CliError> {
    tell_password(&context.out, user, text, password.password_out.as_deref())
}

/// The same for any command.
pub(super) fn tell_password(
    out: &Output,
    user: &str,
    text: &str,
    file: Option<&Path>,
) -> Result<(), CliError> {
    if let Some(path) = file {
        write_private(path, text)?;
        out.document(&json!({ "userPrincipalName": user }))?;
        Output::note(&format!("The one-time password is in {}.", path.display()));
        return Ok(());
    }
    out.document(&json!({ "userPrincipalName": user, "oneTimePassword": text }))?;
    Output::note("The one-time password is shown only now.");
    Ok(())
}

/// A person with the names of the roles.
fn row(person: &Person, held: &[RoleAssignment]) -> Result<Value, CliError> {
    let mut row = record(person)?;
    let roles = held.iter().filter(|held| held.principal_id == person.id);
    let name = |held: &RoleAssignment| {
        let id = held.role_definition_id.parse().ok();
        let role = id.and_then(DirectoryRole::by_template_id);
        role.map_or(held.role_definition_id.clone(), |role| {
            role.display_name().to_owned()
        })
    };
    row["roles"] = roles.map(name).collect::<Vec<_>>().into();
    Ok(row)
}
