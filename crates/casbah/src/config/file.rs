//! The configuration file: named groups of settings, never secrets.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Environment, Layer};
use crate::error::CliError;

/// `~/.config/casbah/config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// The profile that is used when none is named.
    profile: Option<String>,
    /// The profiles.
    #[serde(default)]
    profiles: BTreeMap<String, Layer>,
}

impl ConfigFile {
    /// Reads the file; one that does not exist is empty.
    ///
    /// # Errors
    /// [`CliError::Read`] and [`CliError::Config`].
    pub(crate) fn read(environment: &Environment) -> Result<Self, CliError> {
        let Some(path) = path(environment) else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => {
                return Err(CliError::Read {
                    path: path.display().to_string(),
                    source,
                });
            }
        };
        toml::from_str(&text).map_err(|error| CliError::Config {
            path: path.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// The named profile, else the file's own choice, else nothing.
    ///
    /// # Errors
    /// [`CliError::Usage`] when there is no profile of that name.
    pub(crate) fn profile(&self, name: Option<&str>) -> Result<Layer, CliError> {
        let Some(name) = name.or(self.profile.as_deref()) else {
            return Ok(Layer::default());
        };
        self.profiles.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            CliError::usage(
                format!("the configuration file has no profile {name:?}"),
                if known.is_empty() {
                    format!("add a section [profiles.{name}] with url and tenant")
                } else {
                    format!("choose one of {}", known.join(", "))
                },
            )
        })
    }
}

fn path(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = environment.get("CASBAH_CONFIG") {
        return Some(path.into());
    }
    let directory = match environment.get("XDG_CONFIG_HOME") {
        Some(directory) => PathBuf::from(directory),
        None => PathBuf::from(environment.get("HOME")?).join(".config"),
    };
    Some(directory.join("casbah/config.toml"))
}
