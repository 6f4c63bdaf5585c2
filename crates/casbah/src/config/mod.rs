//! Settings: flags before environment before configuration file.

mod file;

use std::path::PathBuf;

use serde::Deserialize;

use crate::cli::Global;
use crate::error::CliError;
use crate::output::Format;

pub(crate) use file::ConfigFile;

/// Settings that one place gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    pub(crate) url: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) federated_token_file: Option<PathBuf>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) output: Option<Format>,
    pub(crate) time_zone: Option<String>,
}

impl Layer {
    /// This layer's settings, and the other's where this one has none.
    fn over(self, below: Self) -> Self {
        // An application proves itself in one way: one that is named in a higher place
        // means none of a lower.
        let names_proof = self.secret_file.is_some()
            || self.certificate.is_some()
            || self.federated_token_file.is_some();
        let proof = |own: Option<PathBuf>, below| if names_proof { own } else { below };
        Self {
            url: self.url.or(below.url),
            authority: self.authority.or(below.authority),
            tenant: self.tenant.or(below.tenant),
            client_id: self.client_id.or(below.client_id),
            secret_file: proof(self.secret_file, below.secret_file),
            certificate: proof(self.certificate, below.certificate),
            federated_token_file: proof(self.federated_token_file, below.federated_token_file),
            ca: self.ca.or(below.ca),
            output: self.output.or(below.output),
            time_zone: self.time_zone.or(below.time_zone),
        }
    }

    /// The same, with the tenant taken out of an authority as libraries write it,
    /// `https://HOST/TENANT`; a tenant that is named beside it counts first.
    fn with_split_authority(mut self) -> Self {
        let split = self.authority.as_deref().and_then(split_authority);
        if let Some((origin, tenant)) = split {
            self.authority = Some(origin);
            self.tenant.get_or_insert(tenant);
        }
        self
    }

    fn from_flags(flags: &Global) -> Self {
        Self {
            url: flags.url.clone(),
            authority: flags.authority.clone(),
            tenant: flags.tenant.clone(),
            client_id: flags.client_id.clone(),
            secret_file: flags.secret_file.clone(),
            certificate: flags.certificate.clone(),
            federated_token_file: flags.federated_token_file.clone(),
            ca: flags.ca.clone(),
            output: flags.output,
            time_zone: flags.time_zone.clone(),
        }
    }

    fn from_environment(environment: &Environment) -> Result<Self, CliError> {
        let output = environment
            .get("CASBAH_OUTPUT")
            .map(|text| {
                <Format as clap::ValueEnum>::from_str(&text, true).map_err(|_| {
                    CliError::usage(
                        format!("CASBAH_OUTPUT is {text:?}"),
                        "set it to table, json, ndjson or csv",
                    )
                })
            })
            .transpose()?;
        Ok(Self {
            url: environment.get("CASBAH_URL"),
            authority: environment.get("CASBAH_AUTHORITY"),
            tenant: environment.get("CASBAH_TENANT_ID"),
            client_id: environment.get("CASBAH_CLIENT_ID"),
            secret_file: environment.get("CASBAH_SECRET_FILE").map(PathBuf::from),
            certificate: environment.get("CASBAH_CERTIFICATE").map(PathBuf::from),
            federated_token_file: environment
                .get("CASBAH_FEDERATED_TOKEN_FILE")
                .map(PathBuf::from),
            ca: environment.get("CASBAH_CA").map(PathBuf::from),
            output,
            time_zone: environment.get("CASBAH_TIME_ZONE"),
        })
    }
}

/// The origin and the one step of the path of an address that has just that.
fn split_authority(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let tenant = path.strip_suffix('/').unwrap_or(path);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (!tenant.is_empty() && tenant.bytes().all(is_name))
        .then(|| (format!("{scheme}://{host}"), tenant.to_owned()))
}

/// The environment's variables. An empty one counts as not set.
pub(crate) struct Environment(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        Self(Box::new(|name| std::env::var(name).ok()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

/// All settings, merged.
pub(crate) struct Settings {
    /// What was found in the three places.
    pub(crate) layer: Layer,
    /// Whether the application was named by a flag, which outdoes a token in the
    /// environment.
    pub(crate) client_id_is_flag: bool,
    /// The environment, for secrets.
    pub(crate) environment: Environment,
}

impl Settings {
    /// Merges flags, environment and the configuration file.
    ///
    /// # Errors
    /// [`CliError::Config`], [`CliError::Read`] and [`CliError::Usage`].
    pub(crate) fn load(flags: &Global, environment: Environment) -> Result<Self, CliError> {
        let file = ConfigFile::read(&environment)?;
        let profile = flags
            .profile
            .clone()
            .or_else(|| environment.get("CASBAH_PROFILE"));
        let below = file.profile(profile.as_deref())?;
        let layer = Layer::from_flags(flags)
            .with_split_authority()
            .over(Layer::from_environment(&environment)?.with_split_authority())
            .over(below.with_split_authority());
        Ok(Self {
            layer,
            client_id_is_flag: flags.client_id.is_some(),
            environment,
        })
    }

    /// The directory of this program's state below the home directory.
    pub(crate) fn state_directory(&self) -> Result<PathBuf, CliError> {
        let home = || {
            self.environment
                .get("HOME")
                .or_else(|| self.environment.get("USERPROFILE"))
                .map(|home| PathBuf::from(home).join(".local/state"))
        };
        self.environment
            .get("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(home)
            .map(|directory| directory.join("casbah"))
            .ok_or_else(|| {
                CliError::usage("there is no home directory", "set HOME or XDG_STATE_HOME")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Environment(Box::new(move |name| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        }))
    }

    fn with_file(text: &str, flags: &Global, pairs: &[(&str, &str)]) -> Result<Settings, CliError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let mut pairs = pairs.to_vec();
        let path = path.display().to_string();
        pairs.push(("CASBAH_CONFIG", &path));
        Settings::load(flags, environment(&pairs))
    }

    const FILE: &str = "
        profile = 'lab'
        [profiles.lab]
        url = 'https://file.example'
        tenant = 'file-tenant'
        output = 'csv'
        [profiles.other]
        url = 'https://other.example'
    ";

    #[test]
    fn flags_outdo_environment_outdoes_file() {
        let flags = Global {
            url: Some("https://flag.example".to_owned()),
            ..Global::default()
        };
        let pairs = [
            ("CASBAH_URL", "https://env.example"),
            ("CASBAH_TENANT_ID", "env-tenant"),
        ];
        let layer = with_file(FILE, &flags, &pairs).unwrap().layer;
        assert_eq!(layer.url.as_deref(), Some("https://flag.example"));
        assert_eq!(layer.tenant.as_deref(), Some("env-tenant"));
        assert_eq!(layer.output, Some(Format::Csv));
        assert_eq!(layer.client_id, None);
    }

    #[test]
    fn an_authority_may_name_the_tenant() {
        let load = |authority: &str, tenant: Option<&str>| {
            let flags = Global {
                authority: Some(authority.to_owned()),
                tenant: tenant.map(str::to_owned),
                ..Global::default()
            };
            let layer = with_file(FILE, &flags, &[]).unwrap().layer;
            (layer.authority.unwrap(), layer.tenant.unwrap())
        };
        let pair = |authority: &str, tenant: &str| (authority.to_owned(), tenant.to_owned());
        let split = pair("https://login.example:8443", "contoso.example");
        for authority in [
            "https://login.example:8443/contoso.example",
            "https://login.example:8443/contoso.example/",
        ] {
            assert_eq!(load(authority, None), split);
        }
        assert_eq!(
            load("https://login.example/a", Some("b")),
            pair("https://login.example", "b")
        );
        for whole in [
            "public",
            "https://login.example",
            "https://h/a/b",
            "https://h/?q",
        ] {
            assert_eq!(load(whole, None), pair(whole, "file-tenant"));
        }
    }

    #[test]
    fn profiles_are_chosen_by_flag_environment_or_file() {
        let url = |flags: &Global, pairs: &[(&str, &str)]| {
            let settings = with_file(FILE, flags, pairs).unwrap();
            settings.layer.url.unwrap()
        };
        let none = Global::default();
        assert_eq!(url(&none, &[]), "https://file.example");
        let pairs = [("CASBAH_PROFILE", "other")];
        assert_eq!(url(&none, &pairs), "https://other.example");
        let lab = Global {
            profile: Some("lab".to_owned()),
            ..Global::default()
        };
        assert_eq!(url(&lab, &pairs), "https://file.example");
    }

    #[test]
    fn a_proof_in_a_higher_place_means_none_of_a_lower() {
        let file = "[profiles.lab]\nsecret_file = 'file'";
        let flags = Global {
            federated_token_file: Some("flag".into()),
            profile: Some("lab".to_owned()),
            ..Global::default()
        };
        let pairs = [("CASBAH_CERTIFICATE", "env")];
        let layer = with_file(file, &flags, &pairs).unwrap().layer;
        assert_eq!(layer.federated_token_file, Some("flag".into()));
        assert_eq!((layer.certificate, layer.secret_file), (None, None));
        let flags = Global {
            profile: Some("lab".to_owned()),
            ..Global::default()
        };
        let layer = with_file(file, &flags, &[]).unwrap().layer;
        assert_eq!(layer.secret_file, Some("file".into()));
    }

    #[test]
    fn empty_variables_are_not_set() {
        let settings = with_file(FILE, &Global::default(), &[("CASBAH_URL", "")]).unwrap();
        assert_eq!(settings.layer.url.as_deref(), Some("https://file.example"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, pairs, expected) in [
            ("[profiles.lab]\nurll = 'x'", vec![], "urll"),
            ("[profiles.lab]\nsecret = 'x'", vec![], "secret"),
            ("profile = 'gone'", vec![], "gone"),
            ("", vec![("CASBAH_PROFILE", "gone")], "gone"),
            ("", vec![("CASBAH_OUTPUT", "xml")], "CASBAH_OUTPUT"),
        ] {
            let Err(error) = with_file(text, &Global::default(), &pairs) else {
                panic!("{text} {pairs:?} must fail");
            };
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_an_empty_one() {
        let pairs = [("CASBAH_CONFIG", "/nonexistent/casbah.toml")];
        let settings = Settings::load(&Global::default(), environment(&pairs)).unwrap();
        assert_eq!(settings.layer, Layer::default());
    }
}
