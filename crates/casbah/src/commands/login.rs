//! Signing in and out.

use std::io::IsTerminal as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use casbah_client::{Login, well_known};
use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Output;

const PATIENCE: Duration = Duration::from_mins(10);

/// How to sign in.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Only print the address; open it in a browser on this machine
    #[arg(long)]
    no_browser: bool,
}

/// What to forget.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// The sign-ins of all tenants of the server
    #[arg(long)]
    all: bool,
}

pub(crate) async fn login(context: &Context, arguments: LoginArgs) -> Result<(), CliError> {
    let tenant = context.settings.layer.tenant.as_deref();
    let pending = Login {
        transport: context.transport()?,
        authority: context.authority()?,
        tenant: tenant.unwrap_or("organizations").to_owned(),
        client_id: context.public_client().to_owned(),
        scopes: vec![format!("{}/.default", well_known::CLOUD_APP_SECURITY)],
    }
    .start()
    .await?;
    Output::note(&format!("Sign in at:\n\n  {}\n", pending.url()));
    if !arguments.no_browser && std::io::stderr().is_terminal() {
        open_browser(pending.url());
    }
    let session = pending.finish(PATIENCE).await?;
    context.sessions()?.put(&session)?;
    Output::note(&format!(
        "Signed in as {} in tenant {}.",
        session.username, session.tenant
    ));
    Ok(context.out.document(&json!({
        "username": session.username,
        "tenant": session.tenant,
        "authority": session.authority,
    }))?)
}

pub(crate) fn logout(context: &Context, arguments: &LogoutArgs) -> Result<(), CliError> {
    let authority = context.authority()?;
    let sessions = context.sessions()?;
    let gone = if arguments.all {
        sessions.remove(authority.login(), None)?
    } else {
        let session = context.session()?;
        sessions.remove(authority.login(), Some(&session.tenant))?
    };
    for session in &gone {
        Output::note(&format!("Forgot the sign-in of {}.", session.username));
    }
    if gone.is_empty() {
        Output::note("Nobody was signed in.");
    }
    Ok(())
}

/// Asks the desktop to open an address. Where that does not work the printed
/// address is enough.
fn open_browser(url: &str) {
    let (program, arguments): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(url);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    drop(command.spawn());
}
