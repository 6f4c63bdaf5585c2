//! What a command works with: settings, output, and clients made when needed.

use std::io::IsTerminal as _;
use std::path::Path;

use casbah_client::{
    ApiBase, Authority, Client, Credential, Error, GraphClient, Session, SessionFile, TokenSource,
    Transport, well_known,
};

use casbah_model::activity::GEOIP_ATTRIBUTION;
use casbah_token::ClientKey;

use crate::cli::Global;
use crate::config::{Environment, Settings};
use crate::error::CliError;
use crate::output::{Output, Zone};

/// What a command works with.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) out: Output,
}

impl Context {
    /// Reads the settings.
    pub(crate) fn new(flags: &Global) -> Result<Self, CliError> {
        let settings = Settings::load(flags, Environment::of_process())?;
        let zone = Zone::parse(settings.layer.time_zone.as_deref().unwrap_or("local"))?;
        let out = Output::new(settings.layer.output.unwrap_or_default(), zone);
        Ok(Self { settings, out })
    }

    /// Where the API is.
    pub(crate) fn base(&self) -> Result<ApiBase, CliError> {
        let url = self.settings.layer.url.as_deref().ok_or_else(|| {
            CliError::usage(
                "no server is named",
                "give --url https://localhost:8443, set CASBAH_URL, or add `url` to a profile",
            )
        })?;
        Ok(ApiBase::parse(url)?)
    }

    /// Names the source of the countries that a table showed, as its licence wants.
    /// Those of Microsoft's service come from elsewhere.
    pub(crate) fn attribute_countries(&self) {
        let is_microsoft = self.base().is_ok_and(|base| base.is_microsoft());
        if !is_microsoft && !self.out.is_for_programs() {
            Output::note(GEOIP_ATTRIBUTION);
        }
    }

    /// Who issues tokens: what was said, the cloud of Microsoft's own API, else the
    /// server itself.
    pub(crate) fn authority(&self) -> Result<Authority, CliError> {
        if let Some(authority) = &self.settings.layer.authority {
            return Ok(authority.parse()?);
        }
        let base = self.base()?;
        if let Some(cloud) = base.cloud() {
            return Ok(Authority::cloud(cloud));
        }
        Ok(Authority::custom(&base.to_string())?)
    }

    pub(crate) fn transport(&self) -> Result<Transport, CliError> {
        let mut builder = Transport::builder();
        if let Some(ca) = &self.settings.layer.ca {
            builder = builder.ca_file(ca)?;
        }
        Ok(builder.build()?)
    }

    /// The file of kept sign-ins.
    pub(crate) fn sessions(&self) -> Result<SessionFile, CliError> {
        let path = self.settings.state_directory()?.join("sessions.json");
        Ok(SessionFile::new(path))
    }

    /// The public client for signing in: ours, unless another is named.
    pub(crate) fn public_client(&self) -> &str {
        self.settings
            .layer
            .client_id
            .as_deref()
            .unwrap_or(well_known::CASBAH_CLI)
    }

    /// The kept sign-in that fits the settings.
    pub(crate) fn session(&self) -> Result<Session, CliError> {
        let authority = self.authority()?;
        let wanted = self.settings.layer.tenant.as_deref();
        let fits = |session: &Session| {
            let domain = session.username.rsplit('@').next();
            session.authority == authority.login()
                && wanted.is_none_or(|tenant| session.tenant == tenant || domain == Some(tenant))
        };
        let sessions = self.sessions()?.read()?;
        sessions
            .into_iter()
            .find(fits)
            .ok_or(CliError::Client(Error::NotSignedIn))
    }

    /// Tokens by the credential that the settings name, else of the kept sign-in.
    pub(crate) fn tokens(&self) -> Result<TokenSource, CliError> {
        let transport = self.transport()?;
        let authority = self.authority()?;
        let environment = &self.settings.environment;
        let tenant = self.settings.layer.tenant.clone();
        let fixed = environment
            .get("CASBAH_TOKEN")
            .map(Credential::bearer)
            .or_else(|| environment.get("CASBAH_API_TOKEN").map(Credential::legacy));
        if let Some(credential) = fixed.filter(|_| !self.settings.client_id_is_flag) {
            let tenant = tenant.unwrap_or_else(|| "common".to_owned());
            return Ok(TokenSource::new(transport, authority, tenant, credential));
        }
        if let Some(client_id) = &self.settings.layer.client_id {
            let tenant = tenant.ok_or_else(|| {
                CliError::usage(
                    "an application's tenant must be named",
                    "give --tenant, or set CASBAH_TENANT_ID",
                )
            })?;
            let credential = self.application_credential(client_id)?;
            return Ok(TokenSource::new(transport, authority, tenant, credential));
        }
        let session = self.session()?;
        let credential = Credential::session(self.sessions()?, session.client_id);
        Ok(TokenSource::new(
            transport,
            authority,
            session.tenant,
            credential,
        ))
    }

    /// By what the application proves itself.
    fn application_credential(&self, client_id: &str) -> Result<Credential, CliError> {
        let layer = &self.settings.layer;
        Ok(if let Some(path) = &layer.federated_token_file {
            Credential::federated_token_file(client_id, path)
        } else if let Some(path) = &layer.certificate {
            Credential::certificate(client_id, client_key(path)?)
        } else {
            Credential::client_secret(client_id, self.secret(client_id)?)
        })
    }

    /// The application's secret: file, environment, or typed.
    fn secret(&self, client_id: &str) -> Result<String, CliError> {
        if let Some(path) = &self.settings.layer.secret_file {
            let text = std::fs::read_to_string(path).map_err(|source| CliError::Read {
                path: path.display().to_string(),
                source,
            })?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        if let Some(secret) = self.settings.environment.get("CASBAH_CLIENT_SECRET") {
            return Ok(secret);
        }
        if std::io::stdin().is_terminal() {
            return Ok(rpassword::prompt_password(format!(
                "Secret of {client_id}: "
            ))?);
        }
        Err(CliError::usage(
            format!("the secret of application {client_id} is missing"),
            "give --secret-file, or set CASBAH_CLIENT_SECRET",
        ))
    }

    /// A client of the API.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        Ok(Client::new(self.base()?, self.tokens()?))
    }

    /// A client of the directory.
    pub(crate) fn graph(&self) -> Result<GraphClient, CliError> {
        Ok(GraphClient::new(self.tokens()?))
    }
}

/// The application's key with its certificate.
fn client_key(path: &Path) -> Result<ClientKey, CliError> {
    let pem = std::fs::read(path).map_err(|source| CliError::Read {
        path: path.display().to_string(),
        source,
    })?;
    ClientKey::from_pem(&pem).map_err(|error| {
        CliError::usage(
            format!("{} cannot be used: {error}", path.display()),
            "give a PEM file with CERTIFICATE and PRIVATE KEY, not encrypted",
        )
    })
}
