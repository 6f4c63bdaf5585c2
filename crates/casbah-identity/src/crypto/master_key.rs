//! The one key that is kept outside the database.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The text is not base64 of 32 bytes.
    #[error("master key is not base64 of 32 bytes")]
    Form,
    /// The file could not be read or made.
    #[error("master key file {}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can be read by others than its owner.
    #[error("master key file {} is readable by others: allow its owner only (chmod 600)", path.display())]
    Permissions {
        /// Where.
        path: PathBuf,
    },
    /// No randomness for a new one.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// 32 random bytes that seal the data keys.
pub struct MasterKey {
    bytes: SecretBox<[u8; 32]>,
    id: u32,
}

impl MasterKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`NoRandomness`]
    pub fn generate() -> Result<Self, NoRandomness> {
        let bytes = random::bytes::<32>()?;
        Ok(Self::new(&bytes))
    }

    /// Reads base64 of 32 bytes, standard or url-safe, as an environment
    /// variable holds it.
    ///
    /// # Errors
    /// [`MasterKeyError::Form`]
    pub fn from_text(text: &SecretString) -> Result<Self, MasterKeyError> {
        let text = text.expose_secret().trim();
        let decoded = STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')))
            .map_err(|_| MasterKeyError::Form)?;
        let decoded = Zeroizing::new(decoded);
        let bytes = <&[u8; 32]>::try_from(decoded.as_slice()).map_err(|_| MasterKeyError::Form)?;
        Ok(Self::new(bytes))
    }

    /// Reads the key from its file, or makes the file with a new key in it. The
    /// file belongs to its owner alone (mode 0600).
    ///
    /// # Errors
    /// [`MasterKeyError`]; an unreadable file is never replaced.
    pub fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        if let Some(created) = Self::create_file(path)? {
            return Ok(created);
        }
        Self::load(path)
    }

    /// Reads the key from its file.
    ///
    /// # Errors
    /// [`MasterKeyError`]
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let file_error = |source| MasterKeyError::File {
            path: path.to_owned(),
            source,
        };
        check_permissions(path)?;
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(file_error)?);
        Self::from_text(&text.as_str().into())
    }

    /// Puts the key in a file of its owner's alone, in place of what was there. After a
    /// crash the file is the old one or the new one, whole.
    ///
    /// # Errors
    /// [`MasterKeyError::File`]
    pub fn write(&self, path: &Path) -> Result<(), MasterKeyError> {
        let aside = self.write_aside(path)?;
        std::fs::rename(&aside, path).map_err(|source| {
            // The name aside is of no use any more.
            drop(std::fs::remove_file(&aside));
            MasterKeyError::File {
                path: path.to_owned(),
                source,
            }
        })
    }

    /// Makes the file; `None` when there is one already. Whoever makes it first
    /// wins, so two processes starting at once end up with one key.
    fn create_file(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let file_error = |source| MasterKeyError::File {
            path: path.to_owned(),
            source,
        };
        if path.exists() {
            return Ok(None);
        }
        let key = Self::generate()?;
        let aside = key.write_aside(path)?;
        let linked = std::fs::hard_link(&aside, path);
        // The name aside is of no use either way.
        drop(std::fs::remove_file(&aside));
        match linked {
            Ok(()) => Ok(Some(key)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(file_error(error)),
        }
    }

    /// Writes the key to a new file beside `path`: whoever takes its name never reads
    /// half a key, and a crash leaves none.
    fn write_aside(&self, path: &Path) -> Result<PathBuf, MasterKeyError> {
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(self.bytes.expose_secret())));
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let aside = directory
            .unwrap_or_else(|| Path::new("."))
            .join(format!(".master-key-{}", uuid::Uuid::new_v4()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&aside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        match written {
            Ok(()) => Ok(aside),
            Err(source) => {
                drop(std::fs::remove_file(&aside));
                Err(MasterKeyError::File {
                    path: path.to_owned(),
                    source,
                })
            }
        }
    }

    fn new(bytes: &[u8; 32]) -> Self {
        let mut labelled = Zeroizing::new(b"casbah master key id".to_vec());
        labelled.extend_from_slice(bytes);
        let hash = digest(&SHA256, &labelled);
        let mut id = [0; 4];
        id.copy_from_slice(&hash.as_ref()[..4]);
        let secret = SecretBox::init_with_mut(|place: &mut [u8; 32]| place.copy_from_slice(bytes));
        Self {
            bytes: secret,
            id: u32::from_be_bytes(id),
        }
    }

    /// A number that tells this key from others without telling the key. It
    /// stands in what the key sealed, so that a wrong key is named as such.
    pub const fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        self.bytes.expose_secret()
    }
}

impl Clone for MasterKey {
    fn clone(&self) -> Self {
        Self::new(self.expose())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({:08x})", self.id)
    }
}

#[cfg(unix)]
fn check_permissions(path: &Path) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = std::fs::metadata(path).map_err(|source| MasterKeyError::File {
        path: path.to_owned(),
        source,
    })?;
    let open_to_others = metadata.permissions().mode() & 0o077 != 0;
    if open_to_others {
        return Err(MasterKeyError::Permissions {
            path: path.to_owned(),
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_permissions(_: &Path) -> Result<(), MasterKeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_text_of_its_form_only() {
        let bytes = [0xfb; 32];
        for text in [
            STANDARD.encode(bytes),
            format!(" {}\n", URL_SAFE_NO_PAD.encode(bytes)),
        ] {
            let key = MasterKey::from_text(&text.into()).unwrap();
            assert_eq!(key.expose(), &bytes);
        }
        for text in [
            "",
            "short",
            &STANDARD.encode([0; 31]),
            &STANDARD.encode([0; 33]),
        ] {
            assert!(matches!(
                MasterKey::from_text(&text.into()),
                Err(MasterKeyError::Form)
            ));
        }
    }

    #[test]
    fn the_file_is_made_once_and_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let first = MasterKey::load_or_create(&path).unwrap();
        let second = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(first.expose(), second.expose());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        MasterKey::load_or_create(&path).unwrap();
        let mode = |bits| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        mode(0o640);
        assert!(matches!(
            MasterKey::load_or_create(&path),
            Err(MasterKeyError::Permissions { .. })
        ));
    }

    #[test]
    fn a_broken_file_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        MasterKey::load_or_create(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        assert!(matches!(
            MasterKey::load_or_create(&path),
            Err(MasterKeyError::Form)
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        let nowhere = directory.path().join("missing/master.key");
        assert!(matches!(
            MasterKey::load_or_create(&nowhere),
            Err(MasterKeyError::File { .. })
        ));
    }

    #[test]
    fn debug_output_tells_the_number_only() {
        let key = MasterKey::new(&[7; 32]);
        assert_eq!(format!("{key:?}"), format!("MasterKey({:08x})", key.id()));
        assert_ne!(key.id(), MasterKey::new(&[8; 32]).id());
    }
}
