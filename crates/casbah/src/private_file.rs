//! Files that hold secrets.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// A file that only its owner can read, without a line's end, which would become part
/// of the secret.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
