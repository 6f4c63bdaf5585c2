//! What the story knows so far, and how it is told.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use casbah_client::{
    ApiBase, Authority, Client, Credential, GraphClient, SessionFile, TokenSource, Transport,
    well_known,
};
use serde::Deserialize;
use tempfile::TempDir;

use crate::commands::progress::spinner;
use crate::demo::DemoArgs;
use crate::demo::fixtures;
use crate::error::CliError;
use crate::private_file::write_private;

/// Squid's two formats, as data sources are named.
const SQUID_FORMATS: [&str; 2] = ["SQUID_NATIVE", "SQUID"];

/// The directory of this program's state.
const PROGRAM: &str = "casbah";

/// What a server writes when it is ready for the first time.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    /// The public origin.
    pub(crate) url: String,
    /// The CA's certificate.
    pub(crate) ca_file: PathBuf,
    /// The home tenant.
    pub(crate) tenant_id: String,
    /// The first administrator.
    pub(crate) administrator: Administrator,
}

/// The first administrator and the password for the first sign-in.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Administrator {
    pub(crate) user_principal_name: String,
    pub(crate) one_time_password: String,
}

/// The application of the story.
pub(crate) struct Connector {
    pub(crate) app_id: String,
    pub(crate) secret: String,
}

/// What the story knows so far.
pub(crate) struct Story {
    pub(crate) start: Start,
    pub(crate) transport: Transport,
    pub(crate) authority: Authority,
    pub(crate) sessions: SessionFile,
    pub(crate) log: PathBuf,
    /// Who wrote the log; what is tried, if nobody said.
    pub(crate) log_sources: Vec<String>,
    pub(crate) events: PathBuf,
    /// Whether the events are the reader's own, in which there may be nothing to find.
    pub(crate) has_own_events: bool,
    pub(crate) connector: Option<Connector>,
    pub(crate) connector_tokens: Option<TokenSource>,
    /// The administrator's password, once the first one was replaced.
    pub(crate) password: Option<String>,
    pub(crate) stream_id: Option<String>,
    pub(crate) blocked: Option<(i64, String)>,
    pub(crate) alert_id: Option<String>,
    directory: TempDir,
}

impl Story {
    pub(crate) fn new(start: Start, arguments: &DemoArgs) -> Result<Self, CliError> {
        let directory = tempfile::tempdir()?;
        // Where `casbah` itself looks, once XDG_STATE_HOME names the directory.
        let state = directory.path().join(PROGRAM);
        std::fs::create_dir(&state)?;
        let (log, events) = (
            directory.path().join("access.log"),
            directory.path().join("events.jsonl"),
        );
        if arguments.log.is_none() {
            std::fs::write(&log, fixtures::log())?;
        }
        if arguments.events.is_none() {
            std::fs::write(&events, fixtures::events())?;
        }
        Ok(Self {
            transport: Transport::builder().ca_file(&start.ca_file)?.build()?,
            authority: Authority::custom(&start.url)?,
            sessions: SessionFile::new(state.join("sessions.json")),
            log: arguments.log.clone().unwrap_or(log),
            log_sources: arguments.source.as_ref().map_or_else(
                || SQUID_FORMATS.map(str::to_owned).to_vec(),
                |source| vec![source.clone()],
            ),
            events: arguments.events.clone().unwrap_or(events),
            has_own_events: arguments.events.is_some(),
            connector: None,
            connector_tokens: None,
            password: None,
            stream_id: None,
            blocked: None,
            alert_id: None,
            start,
            directory,
        })
    }

    /// Tokens with this credential, none kept yet.
    fn tokens(&self, credential: Credential) -> TokenSource {
        TokenSource::new(
            self.transport.clone(),
            self.authority.clone(),
            self.start.tenant_id.clone(),
            credential,
        )
    }

    /// Tokens of the signed-in administrator.
    fn administrator_tokens(&self) -> TokenSource {
        let credential = Credential::session(self.sessions.clone(), well_known::CASBAH_CLI);
        self.tokens(credential)
    }

    /// The directory, as the administrator sees it.
    pub(crate) fn graph(&self) -> GraphClient {
        GraphClient::new(self.administrator_tokens())
    }

    /// The API, as the administrator.
    pub(crate) fn as_administrator(&self) -> Result<Client, CliError> {
        let base = ApiBase::parse(&self.start.url)?;
        Ok(Client::new(base, self.administrator_tokens()))
    }

    /// The application, once it is registered.
    pub(crate) fn connector(&self) -> Result<&Connector, CliError> {
        self.connector
            .as_ref()
            .ok_or_else(|| unfinished("application"))
    }

    /// Fresh tokens of the application.
    pub(crate) fn fresh_connector_tokens(&self) -> Result<TokenSource, CliError> {
        let connector = self.connector()?;
        let credential =
            Credential::client_secret(connector.app_id.clone(), connector.secret.clone());
        Ok(self.tokens(credential))
    }

    /// The API, as the application.
    pub(crate) fn as_connector(&self) -> Result<Client, CliError> {
        let tokens = self.connector_tokens.clone();
        Ok(Client::new(
            ApiBase::parse(&self.start.url)?,
            tokens.ok_or_else(|| unfinished("token"))?,
        ))
    }

    /// Lines to paste: the same calls with other programs, with the data of the story.
    pub(crate) fn how_to_reach(&self) -> Result<String, CliError> {
        let app = self.connector.as_ref().map_or("", |app| &app.app_id);
        let secret = self.directory.path().join("client-secret");
        if let Some(connector) = &self.connector {
            write_private(&secret, &connector.secret)?;
        }
        let secret = secret.display();
        let resource = well_known::CLOUD_APP_SECURITY;
        let (url, tenant) = (&self.start.url, &self.start.tenant_id);
        let ca = self.start.ca_file.display();
        let administrator = &self.start.administrator;
        let password = self.password.as_deref();
        let password = password.unwrap_or(&administrator.one_time_password);
        let administrator = &administrator.user_principal_name;
        let state = self.directory.path().display();
        let report = self.stream_id.as_deref().unwrap_or_default();
        let alert = self.alert_id.as_deref().unwrap_or_default();
        let blocked = self.blocked.as_ref();
        let blocked = blocked.map_or_else(String::new, |(id, name)| format!("{id} ({name})"));
        Ok(format!(
            r#"
Server         {url}
Tenant         {tenant}
Administrator  {administrator}
Password       {password}
CA             {ca}
Application    {app}
Secret         in {secret}
Report         {report}
Blocked app    {blocked}
Alert          {alert}

# casbah, as the administrator
export CASBAH_URL={url} CASBAH_CA='{ca}' XDG_STATE_HOME='{state}'
casbah app list
casbah alerts show {alert}
casbah discovery apps --report {report}

# curl
TOKEN=$(curl -s --cacert '{ca}' -d grant_type=client_credentials -d client_id={app} \
  --data-urlencode 'client_secret@{secret}' -d scope={resource}/.default \
  {url}/{tenant}/oauth2/v2.0/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -s --cacert '{ca}' -H "Authorization: Bearer $TOKEN" {url}/api/v1/alerts/

# Python (pip install msal requests)
import os, msal, requests
os.environ["REQUESTS_CA_BUNDLE"] = "{ca}"
app = msal.ConfidentialClientApplication("{app}", client_credential=open("{secret}").read(),
    authority="{url}/{tenant}", instance_discovery=False)
token = app.acquire_token_for_client(["{resource}/.default"])["access_token"]
print(requests.get("{url}/api/v1/alerts/", headers={{"Authorization": "Bearer " + token}}).json())

# PowerShell 7 on Linux or macOS; start it with SSL_CERT_FILE='{ca}' pwsh
$token = (Invoke-RestMethod -Method Post {url}/{tenant}/oauth2/v2.0/token -Body @{{
  grant_type = 'client_credentials'; client_id = '{app}'; scope = '{resource}/.default'
  client_secret = Get-Content -Raw '{secret}' }}).access_token
Invoke-RestMethod {url}/api/v1/alerts/ -Headers @{{ Authorization = "Bearer $token" }}

The server runs until Ctrl-C; then it and its data are gone.
"#
        ))
    }

    /// The directory of this story's own files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// A step that needs what an earlier one did not bring.
fn unfinished(what: &str) -> CliError {
    failed(format!("the story has no {what} yet"))
}

/// The story does not go on.
pub(crate) fn failed(what: impl Into<String>) -> CliError {
    CliError::Incomplete {
        what: what.into(),
        next: "run `casbah demo --keep`, and look at the server with the other commands".to_owned(),
    }
}

/// Tells the story on standard output: steps, what they brought, how long they took.
pub(crate) struct Teller {
    began: Instant,
    steps: u32,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            steps: 0,
        }
    }

    /// Plays a step. It gives back something and the lines that tell of it.
    pub(crate) async fn step<T>(
        &mut self,
        title: &str,
        play: impl Future<Output = Result<Told<T>, CliError>>,
    ) -> Result<T, CliError> {
        self.steps += 1;
        let mut out = std::io::stdout();
        writeln!(out, "\n{:>2}  {title}", self.steps)?;
        out.flush()?;
        let began = Instant::now();
        let sign = spinner("…");
        let told = play.await;
        sign.finish_and_clear();
        let told = told?;
        for line in &told.lines {
            writeln!(out, "    {line}")?;
        }
        writeln!(out, "    [{}]", seconds(began.elapsed()))?;
        Ok(told.brought)
    }

    pub(crate) fn end(&self, story: &Story) -> Result<(), CliError> {
        let mut out = std::io::stdout();
        writeln!(
            out,
            "\n{} steps in {}, all over HTTPS through {}: what needs a person with the administrator's \
             token, the rest with the application's.",
            self.steps,
            seconds(self.began.elapsed()),
            story.start.url
        )?;
        Ok(())
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// What a step brought, and the lines that tell of it.
pub(crate) struct Told<T> {
    pub(crate) brought: T,
    pub(crate) lines: Vec<String>,
}

impl Told<()> {
    pub(crate) fn of(lines: Vec<String>) -> Self {
        Self { brought: (), lines }
    }
}
