//! The refresh tokens of signed-in people, in a file that only its owner reads.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// The file of sessions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionFileError {
    /// Reading or writing failed.
    #[error("cannot use the session file {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The content is not that of a session file.
    #[error("the session file {path} is damaged; delete it and sign in again")]
    Damaged {
        /// The file.
        path: String,
    },
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// The origin that issues the tokens.
    pub authority: String,
    /// The tenant's id.
    pub tenant: String,
    /// The public client that signed in.
    pub client_id: String,
    /// The person's principal name.
    pub username: String,
    /// What gets new tokens.
    pub refresh_token: SecretString,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    authority: String,
    tenant: String,
    client_id: String,
    username: String,
    refresh_token: String,
}

/// Where sessions are kept between runs: one for each authority and tenant.
#[derive(Debug, Clone)]
pub struct SessionFile {
    path: PathBuf,
}

impl SessionFile {
    /// The file at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All sessions, the newest first.
    ///
    /// # Errors
    /// [`SessionFileError`]
    pub fn read(&self) -> Result<Vec<Session>, SessionFileError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.io(source)),
        };
        let stored: Vec<Stored> =
            serde_json::from_slice(&text).map_err(|_| SessionFileError::Damaged {
                path: self.path.display().to_string(),
            })?;
        Ok(stored.into_iter().map(Session::from).collect())
    }

    /// The newest session at `authority`, of `tenant` if that is said.
    ///
    /// # Errors
    /// [`SessionFileError`]
    pub fn find(
        &self,
        authority: &str,
        tenant: Option<&str>,
    ) -> Result<Option<Session>, SessionFileError> {
        Ok(self.read()?.into_iter().find(|session| {
            session.authority == authority && tenant.is_none_or(|tenant| session.tenant == tenant)
        }))
    }

    /// Keeps a session, in place of an older one of the same tenant.
    ///
    /// # Errors
    /// [`SessionFileError`]
    pub fn put(&self, session: &Session) -> Result<(), SessionFileError> {
        let mut sessions = self.read()?;
        sessions.retain(|other| !same_place(other, session));
        sessions.insert(0, session.clone());
        self.write(&sessions)
    }

    /// Forgets the sessions at `authority`, of `tenant` if that is said. Gives
    /// those that are gone.
    ///
    /// # Errors
    /// [`SessionFileError`]
    pub fn remove(
        &self,
        authority: &str,
        tenant: Option<&str>,
    ) -> Result<Vec<Session>, SessionFileError> {
        let (gone, kept): (Vec<_>, Vec<_>) = self.read()?.into_iter().partition(|session| {
            session.authority == authority && tenant.is_none_or(|tenant| session.tenant == tenant)
        });
        if !gone.is_empty() {
            self.write(&kept)?;
        }
        Ok(gone)
    }

    /// Holds other programs off until the answer is dropped: a refresh token is
    /// exchanged for a new one, and two who do so at once end the session.
    pub(crate) fn lock(&self) -> Result<File, SessionFileError> {
        self.make_directory()?;
        let path = self.path.with_extension("lock");
        let file = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(path)
            .map_err(|source| self.io(source))?;
        file.lock().map_err(|source| self.io(source))?;
        Ok(file)
    }

    fn write(&self, sessions: &[Session]) -> Result<(), SessionFileError> {
        self.make_directory()?;
        let stored: Vec<Stored> = sessions.iter().map(Stored::from).collect();
        let text = serde_json::to_vec_pretty(&stored).map_err(|error| self.io(error.into()))?;
        let temporary = self
            .path
            .with_extension(format!("{}.tmp", uuid::Uuid::new_v4()));
        let written = private(OpenOptions::new().create_new(true).write(true))
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&temporary, &self.path));
        if written.is_err() {
            // What was half written holds secrets; the first error is the one to tell.
            drop(std::fs::remove_file(&temporary));
        }
        written.map_err(|source| self.io(source))
    }

    fn make_directory(&self) -> Result<(), SessionFileError> {
        let Some(directory) = self.path.parent() else {
            return Ok(());
        };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(|source| self.io(source))
    }

    fn io(&self, source: std::io::Error) -> SessionFileError {
        SessionFileError::Io {
            path: self.path.display().to_string(),
            source,
        }
    }
}

fn same_place(one: &Session, other: &Session) -> bool {
    one.authority == other.authority
        && one.tenant == other.tenant
        && one.client_id == other.client_id
}

/// Makes the file readable by its owner alone from its first moment.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

impl From<Stored> for Session {
    fn from(stored: Stored) -> Self {
        Self {
            authority: stored.authority,
            tenant: stored.tenant,
            client_id: stored.client_id,
            username: stored.username,
            refresh_token: stored.refresh_token.into(),
        }
    }
}

impl From<&Session> for Stored {
    fn from(session: &Session) -> Self {
        Self {
            authority: session.authority.clone(),
            tenant: session.tenant.clone(),
            client_id: session.client_id.clone(),
            username: session.username.clone(),
            refresh_token: session.refresh_token.expose_secret().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(tenant: &str, refresh_token: &str) -> Session {
        Session {
            authority: "https://localhost:8443".to_owned(),
            tenant: tenant.to_owned(),
            client_id: "cli".to_owned(),
            username: "admin@contoso.example".to_owned(),
            refresh_token: refresh_token.to_owned().into(),
        }
    }

    #[test]
    fn sessions_are_kept_replaced_and_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let file = SessionFile::new(directory.path().join("casbah/sessions.json"));
        assert!(file.read().unwrap().is_empty());
        file.put(&session("a", "old")).unwrap();
        file.put(&session("b", "other")).unwrap();
        file.put(&session("a", "new")).unwrap();
        assert_eq!(file.read().unwrap().len(), 2);
        let newest = file.find("https://localhost:8443", None).unwrap().unwrap();
        assert_eq!(newest.refresh_token.expose_secret(), "new");
        let gone = file.remove("https://localhost:8443", Some("a")).unwrap();
        assert_eq!(gone.len(), 1);
        assert!(
            file.find("https://localhost:8443", Some("a"))
                .unwrap()
                .is_none()
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it_and_debug_does_not_tell() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let file = SessionFile::new(directory.path().join("sessions.json"));
        file.put(&session("a", "do-not-tell")).unwrap();
        let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{:?}", file.read().unwrap()).contains("do-not-tell"));
    }

    #[test]
    fn damage_is_told_with_its_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sessions.json");
        std::fs::write(&path, "{").unwrap();
        let error = SessionFile::new(path).read().unwrap_err().to_string();
        assert!(error.contains("sign in again"), "{error}");
    }
}
