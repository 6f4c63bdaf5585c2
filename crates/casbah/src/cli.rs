//! The command line.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help that people read"
)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    activities, admin, alerts, api_token, app, audit, discovery, entities, export,
    identity_provider, ingest, ip_range, keys, lab, login, migrate, tenant, token, user,
};
use crate::demo::DemoArgs;
use crate::output::Format;
use crate::serve::ServeArgs;

const EXAMPLES: &str = "\
Examples:
  casbah login --url https://localhost:8443 --ca ca.pem
  casbah app create 'SIEM connector'
  casbah alerts list --open --severity high --since 7d
  casbah discovery upload access.log --source SQUID --name 'Berlin proxy'
  casbah activities list --user admin@contoso.example --all --output ndjson

Settings come from flags, then the environment, then the configuration file
(~/.config/casbah/config.toml, or CASBAH_CONFIG). Secrets are never flags: use
--secret-file, CASBAH_CLIENT_SECRET, or type the secret when asked.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 not authorised.";

/// Open, self-hosted cloud access security broker: its server and its client.
#[derive(Debug, Parser)]
#[command(name = "casbah", version, after_help = EXAMPLES, propagate_version = true)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Settings that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Global {
    /// The server, or https://<tenant>.<region>.portal.cloudappsecurity.com [env: CASBAH_URL]
    #[arg(long, global = true, value_name = "ORIGIN")]
    pub(crate) url: Option<String>,
    /// Who issues tokens: an origin, with or without /TENANT, or public, gcc, gcc-high, dod or
    /// china; by default the cloud of a Microsoft host, else the server itself
    /// [env: CASBAH_AUTHORITY]
    #[arg(long, global = true, value_name = "ORIGIN|CLOUD")]
    pub(crate) authority: Option<String>,
    /// Tenant id or domain [env: CASBAH_TENANT_ID]
    #[arg(long, global = true, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Act as this application [env: CASBAH_CLIENT_ID]
    #[arg(long, global = true, value_name = "APP_ID")]
    pub(crate) client_id: Option<String>,
    /// File with the application's secret [env: CASBAH_SECRET_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// PEM file with the application's certificate and private key, in place of a secret
    /// [env: CASBAH_CERTIFICATE]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "secret_file"
    )]
    pub(crate) certificate: Option<PathBuf>,
    /// File with a token of another issuer that the application trusts, in place of a secret;
    /// read anew for each request [env: CASBAH_FEDERATED_TOKEN_FILE]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with_all = ["secret_file", "certificate"]
    )]
    pub(crate) federated_token_file: Option<PathBuf>,
    /// Trust the certificates of this PEM file, too [env: CASBAH_CA]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Section of the configuration file [env: CASBAH_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How results are written [env: CASBAH_OUTPUT]
    #[arg(long, short, global = true, value_enum, value_name = "FORM")]
    pub(crate) output: Option<Format>,
    /// Zone in which tables and CSV show times: local, utc, Europe/Berlin [env: CASBAH_TIME_ZONE]
    #[arg(long, global = true, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: identity service, API and background work
    ///
    /// For example: casbah serve --public-url https://casbah.contoso.example:8443
    Serve(ServeArgs),
    /// Sign in with the browser
    Login(login::LoginArgs),
    /// Forget the kept sign-in
    Logout(login::LogoutArgs),
    /// Tenants of this server
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Applications: register, permit, give secrets
    #[command(subcommand)]
    App(app::AppCommand),
    /// People who can sign in: make, invite, give roles, reset passwords
    #[command(subcommand)]
    User(user::UserCommand),
    /// Companies' own providers, through which people sign in
    #[command(subcommand)]
    IdentityProvider(identity_provider::IdentityProviderCommand),
    /// Legacy API tokens, for programs that know nothing else
    #[command(subcommand)]
    ApiToken(api_token::ApiTokenCommand),
    /// Send activities and alerts on, to webhooks and log receivers
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Who did what, and whether anybody changed it since
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Access tokens: get, look into, verify
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// The server's own keys: list and rotate those that sign, seal anew
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// On the server's own machine, while it does not run: get back in
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// On the server's own machine, while it does not run: move all of it to another database
    ///
    /// The target must be empty. Every table is copied, then both sides are read and
    /// compared; until they are the same, no server starts with the target. The source
    /// stays as it is. A URL with a password is better in CASBAH_MIGRATE_TO than on the
    /// command line.
    ///
    /// For example: casbah migrate --from sqlite:casbah-data/casbah.db
    /// --to postgres://casbah@db.contoso.example/casbah --data-dir casbah-data
    Migrate(migrate::MigrateArgs),
    /// Alerts
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// Activities
    #[command(subcommand)]
    Activities(activities::ActivitiesCommand),
    /// People and their accounts
    #[command(subcommand)]
    Entities(entities::EntitiesCommand),
    /// IP ranges: the tenant's own, and imported lists of what others publish
    #[command(subcommand, visible_alias = "subnets")]
    IpRange(ip_range::IpRangeCommand),
    /// Shadow IT: upload logs, read reports, tag and block apps
    #[command(subcommand)]
    Discovery(discovery::DiscoveryCommand),
    /// Laboratories: let requests fail by rule, move the clock, begin anew
    ///
    /// The server must have been started with casbah serve --lab.
    #[command(subcommand)]
    Lab(lab::LabCommand),
    /// Send audit events
    Ingest(ingest::IngestArgs),
    /// Play the product's whole story on a server of its own
    ///
    /// For example: casbah demo --log access.log --keep
    Demo(DemoArgs),
    /// Print completions for a shell
    ///
    /// For example: casbah completions bash > /etc/bash_completion.d/casbah
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_says_what_there_is() {
        let mut command = Cli::command().term_width(100);
        command.build();
        insta::assert_snapshot!("help", command.render_help());
        for path in [
            vec!["alerts", "list"],
            vec!["activities", "feedback", "give"],
            vec!["alerts", "close"],
            vec!["alerts", "history"],
            vec!["api-token"],
            vec!["app"],
            vec!["app", "federated"],
            vec!["app", "permission"],
            vec!["audit"],
            vec!["audit", "list"],
            vec!["discovery", "upload"],
            vec!["export"],
            vec!["export", "create", "syslog"],
            vec!["export", "create", "webhook"],
            vec!["identity-provider"],
            vec!["identity-provider", "add"],
            vec!["ingest"],
            vec!["keys"],
            vec!["keys", "rewrap"],
            vec!["admin", "recover"],
            vec!["migrate"],
            vec!["user"],
            vec!["user", "invite"],
        ] {
            let mut found = &mut command;
            for name in &path {
                found = found.find_subcommand_mut(name).unwrap();
            }
            let help = found.clone().term_width(100).render_help();
            insta::assert_snapshot!(format!("help_{}", path.join("_")), help);
        }
    }
}
