//! Applications of the tenant.

mod certificate;
mod federated;

use std::path::PathBuf;

use casbah_client::{Application, GraphClient, RequiredResource, ResourceAccess, ServicePrincipal};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::confirm::confirm;
use super::oversight;
use super::token::resource;
use super::{record, records};
use crate::context::Context;
use crate::error::CliError;
use crate::filters::parse_days;
use crate::output::{APP, Output, PERMISSION, SECRET};
use crate::private_file::write_private;

#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// The tenant's applications
    List {
        /// Only names that begin with this
        #[arg(long)]
        prefix: Option<String>,
    },
    /// Register an application
    ///
    /// For example: casbah app create 'SIEM connector'
    Create {
        /// The name that people read
        name: String,
        /// Other tenants may consent to it, too
        #[arg(long)]
        multi_tenant: bool,
    },
    /// One application
    Show {
        /// Its client id
        app_id: String,
    },
    /// Change how an application may prove itself
    ///
    /// For example: casbah app update `APP_ID` --single-use-assertions on
    Update {
        /// Its client id
        app_id: String,
        /// Whether an assertion (signed by a certificate's key, or another issuer's token)
        /// counts once only. With on, a stolen one that was used is worth nothing; but
        /// clients of MSAL send theirs again for minutes, and are then refused
        #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
        single_use_assertions: Switch,
    },
    /// Delete an application; it can be restored for 30 days
    Delete {
        /// Its client id
        app_id: String,
        /// Without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// What an application asks for
    #[command(subcommand)]
    Permission(PermissionCommand),
    /// Consent as administrator to all that the application asks for
    Consent {
        /// Its client id
        app_id: String,
    },
    /// Certificates
    #[command(subcommand)]
    Certificate(certificate::CertificateCommand),
    /// Tokens of other issuers in place of a secret
    #[command(subcommand)]
    Federated(federated::FederatedCommand),
    /// Client secrets
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Which permissions applications use, and which could be taken away
    ///
    /// For example: casbah app audit `APP_ID`
    Audit {
        /// Only this application's, by its client id
        app_id: Option<String>,
    },
    /// The credentials of all applications, those that end first before the others
    ///
    /// For example: casbah app credentials --expiring 30d
    Credentials {
        /// Only those that end within this time or have ended: 30d, 2w
        #[arg(long, value_name = "SPAN", value_parser = parse_days)]
        expiring: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PermissionCommand {
    /// Ask for permissions; they take effect with `casbah app consent`
    ///
    /// For example: casbah app permission add `APP_ID` investigation.read discovery.manage
    Add {
        /// The application's client id
        app_id: String,
        /// Permissions by their names
        #[arg(required = true, value_name = "PERMISSION")]
        permissions: Vec<String>,
        /// Whose permissions: mcas, casbah, graph, or an appId
        #[arg(long, default_value = "mcas")]
        resource: String,
    },
    /// What it asks for and what was consented
    List {
        /// The application's client id
        app_id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Make a secret. Its value is printed now and never again
    Add {
        /// The application's client id
        app_id: String,
        /// What it is for
        #[arg(long, default_value = "casbah")]
        name: String,
        /// Until when it is good, such as 2027-01-31T00:00:00Z; two years by default
        #[arg(long, value_name = "TIME")]
        end: Option<String>,
        /// Write the value to this file, for its owner alone, instead of printing it
        #[arg(long, value_name = "FILE")]
        secret_out: Option<PathBuf>,
    },
    /// The secrets, without their values
    List {
        /// The application's client id
        app_id: String,
    },
    /// Take a secret away
    Remove {
        /// The application's client id
        app_id: String,
        /// The secret's key id
        key_id: String,
    },
}

pub(crate) async fn run(context: &Context, command: AppCommand) -> Result<(), CliError> {
    let command = match command {
        AppCommand::Audit { app_id } => return oversight::usage(context, app_id.as_deref()).await,
        AppCommand::Credentials { expiring } => {
            return oversight::credentials(context, expiring).await;
        }
        other => other,
    };
    let graph = context.graph()?;
    match command {
        AppCommand::Audit { .. } | AppCommand::Credentials { .. } => {}
        AppCommand::List { prefix } => {
            let apps = graph.applications(prefix.as_deref()).await?;
            context.out.records(APP, records(&apps)?)?;
            oversight::hint(apps.iter().flat_map(|app| &app.password_credentials));
        }
        AppCommand::Create { name, multi_tenant } => {
            let app = graph.create_application(&name, multi_tenant).await?;
            graph.create_service_principal(&app.app_id).await?;
            context.out.record(APP, &record(&app)?)?;
            Output::note(&format!(
                "Next: casbah app permission add {} investigation.read",
                app.app_id
            ));
        }
        AppCommand::Show { app_id } => {
            let app = graph.application(&app_id).await?;
            context.out.record(APP, &record(&app)?)?;
        }
        AppCommand::Update {
            app_id,
            single_use_assertions,
        } => {
            let app = graph.application(&app_id).await?;
            let is_single_use = single_use_assertions == Switch::On;
            graph
                .require_single_use_assertions(&app.id, is_single_use)
                .await?;
            Output::note(if is_single_use {
                "Each assertion counts once from now on."
            } else {
                "An assertion may come again until it ends."
            });
        }
        AppCommand::Delete { app_id, yes } => delete(&graph, &app_id, yes).await?,
        AppCommand::Permission(PermissionCommand::Add {
            app_id,
            permissions,
            resource: of,
        }) => {
            let of = resource_app_id(context, &of)?;
            add_permissions(&graph, &app_id, &of, &permissions).await?;
            Output::note(&format!(
                "They take effect with: casbah app consent {app_id}"
            ));
        }
        AppCommand::Permission(PermissionCommand::List { app_id }) => {
            let rows = permissions(&graph, &app_id).await?;
            context.out.records(PERMISSION, rows)?;
        }
        AppCommand::Consent { app_id } => {
            let granted = consent(&graph, &app_id).await?;
            context
                .out
                .records(PERMISSION, permissions(&graph, &app_id).await?)?;
            Output::note(&format!("Consented to {granted} new permissions."));
        }
        AppCommand::Certificate(command) => certificate::run(context, &graph, command).await?,
        AppCommand::Federated(command) => federated::run(context, &graph, command).await?,
        AppCommand::Secret(command) => secret(context, &graph, command).await?,
    }
    Ok(())
}

async fn secret(
    context: &Context,
    graph: &GraphClient,
    command: SecretCommand,
) -> Result<(), CliError> {
    match command {
        SecretCommand::Add {
            app_id,
            name,
            end,
            secret_out,
        } => {
            let app = graph.application(&app_id).await?;
            if let Some(path) = &secret_out {
                // A secret that cannot be written must not be made.
                write_private(path, "")?;
            }
            let mut secret = graph.add_password(&app.id, &name, end.as_deref()).await?;
            let Some(path) = secret_out else {
                context.out.document(&record(&secret)?)?;
                Output::note("secretText is the secret. It is shown only now.");
                return Ok(());
            };
            let text = secret.secret_text.take().unwrap_or_default();
            write_private(&path, &text)?;
            context.out.document(&record(&secret)?)?;
            Output::note(&format!("The secret is in {}.", path.display()));
        }
        SecretCommand::List { app_id } => {
            let app = graph.application(&app_id).await?;
            context
                .out
                .records(SECRET, records(&app.password_credentials)?)?;
            oversight::hint(&app.password_credentials);
        }
        SecretCommand::Remove { app_id, key_id } => {
            let app = graph.application(&app_id).await?;
            graph.remove_password(&app.id, &key_id).await?;
            Output::note(&format!("Removed {key_id}."));
        }
    }
    Ok(())
}

async fn delete(graph: &GraphClient, app_id: &str, yes: bool) -> Result<(), CliError> {
    let app = graph.application(app_id).await?;
    confirm(yes, &format!("Delete application {:?}?", app.display_name))?;
    graph.delete_application(&app.id).await?;
    Output::note(&format!("Deleted {}.", app.display_name));
    Ok(())
}

/// The appId that a short name stands for; the directory's resource has an
/// address for a name where tokens are asked for, but is found by its appId.
fn resource_app_id(context: &Context, name: &str) -> Result<String, CliError> {
    if name == "graph" {
        return Ok(casbah_client::well_known::MICROSOFT_GRAPH.to_owned());
    }
    resource(context, name)
}

/// Adds application permissions of one resource to what an application asks for.
pub(crate) async fn add_permissions(
    graph: &GraphClient,
    app_id: &str,
    resource_app_id: &str,
    names: &[String],
) -> Result<(), CliError> {
    let app = graph.application(app_id).await?;
    let principal = principal(graph, resource_app_id).await?;
    let mut required = app.required_resource_access;
    for name in names {
        let id = role_id(&principal, name)?;
        let access = access_of(&mut required, resource_app_id);
        if access.iter().all(|access| access.id != id) {
            access.push(ResourceAccess {
                id,
                kind: "Role".to_owned(),
            });
        }
    }
    Ok(graph.require(&app.id, &required).await?)
}

fn access_of<'a>(
    required: &'a mut Vec<RequiredResource>,
    resource_app_id: &str,
) -> &'a mut Vec<ResourceAccess> {
    let position = required
        .iter()
        .position(|resource| resource.resource_app_id == resource_app_id)
        .unwrap_or_else(|| {
            required.push(RequiredResource {
                resource_app_id: resource_app_id.to_owned(),
                resource_access: Vec::new(),
            });
            required.len() - 1
        });
    &mut required[position].resource_access
}

fn role_id(principal: &ServicePrincipal, name: &str) -> Result<String, CliError> {
    let has_name = |value: &Option<String>| {
        value
            .as_deref()
            .is_some_and(|value| value.eq_ignore_ascii_case(name))
    };
    let role = principal
        .app_roles
        .iter()
        .find(|role| has_name(&role.value));
    role.map(|role| role.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = principal
            .app_roles
            .iter()
            .filter_map(|role| role.value.as_deref())
            .collect();
        CliError::usage(
            format!("{} has no permission {name:?}", principal.display_name),
            format!("give one of {}", known.join(", ")),
        )
    })
}

async fn principal(graph: &GraphClient, app_id: &str) -> Result<ServicePrincipal, CliError> {
    graph.service_principal(app_id).await?.ok_or_else(|| {
        CliError::usage(
            format!("the tenant has no service principal of {app_id}"),
            "check the appId; `casbah app list` shows the tenant's own applications",
        )
    })
}

/// Grants every application permission that an application asks for and does
/// not have. Gives how many were new.
pub(crate) async fn consent(graph: &GraphClient, app_id: &str) -> Result<usize, CliError> {
    let app = graph.application(app_id).await?;
    let own = match graph.service_principal(app_id).await? {
        Some(own) => own,
        None => graph.create_service_principal(app_id).await?,
    };
    let held = graph.app_role_assignments(&own.id).await?;
    let mut granted = 0;
    for required in &app.required_resource_access {
        let resource = principal(graph, &required.resource_app_id).await?;
        for access in required.resource_access.iter().filter(|a| a.kind == "Role") {
            let has = held.iter().any(|assignment| {
                assignment.app_role_id == access.id && assignment.resource_id == resource.id
            });
            if !has {
                graph
                    .assign_app_role(&own.id, &resource.id, &access.id)
                    .await?;
                granted += 1;
            }
        }
    }
    Ok(granted)
}

/// What an application asks for and what it was granted, by name.
async fn permissions(graph: &GraphClient, app_id: &str) -> Result<Vec<Value>, CliError> {
    let app: Application = graph.application(app_id).await?;
    let held = match graph.service_principal(app_id).await? {
        Some(own) => graph.app_role_assignments(&own.id).await?,
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    let mut shown = Vec::new();
    for required in &app.required_resource_access {
        let resource = principal(graph, &required.resource_app_id).await?;
        for access in &required.resource_access {
            let consented = held.iter().any(|assignment| {
                assignment.app_role_id == access.id && assignment.resource_id == resource.id
            });
            shown.push((access.id.clone(), resource.id.clone()));
            rows.push(row(&resource, &access.id, true, consented));
        }
    }
    for assignment in &held {
        let is_shown = shown
            .iter()
            .any(|(role, of)| *role == assignment.app_role_id && *of == assignment.resource_id);
        if !is_shown {
            let resource = graph
                .service_principal_by_id(&assignment.resource_id)
                .await?;
            rows.push(row(&resource, &assignment.app_role_id, false, true));
        }
    }
    Ok(rows)
}

fn row(resource: &ServicePrincipal, role_id: &str, requested: bool, consented: bool) -> Value {
    let role = resource.app_roles.iter().find(|role| role.id == role_id);
    let name = role.and_then(|role| role.value.as_deref());
    json!({
        "resource": resource.display_name,
        "permission": name.unwrap_or(role_id),
        "id": role_id,
        "requested": requested,
        "consented": consented,
    })
}
