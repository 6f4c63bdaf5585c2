//! Which node this is, to the others that share the store.

use std::path::Path;

use casbah_model::ids::KeyId;

/// The file in the data directory that holds the id.
const FILE: &str = "node-id";

/// The node's id, made at its first start. A node that starts again has its leases
/// again at once.
pub(crate) fn id(data_dir: &Path) -> KeyId {
    let path = data_dir.join(FILE);
    let known = std::fs::read_to_string(&path);
    if let Some(id) = known.ok().and_then(|text| text.trim().parse().ok()) {
        return id;
    }
    let id = KeyId::random();
    if let Err(error) = std::fs::write(&path, id.to_string()) {
        tracing::warn!(path = %path.display(), %error, "the node's id cannot be kept");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_and_a_bad_one_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let first = id(directory.path());
        assert_eq!(id(directory.path()), first);
        std::fs::write(directory.path().join(FILE), "nonsense").unwrap();
        let second = id(directory.path());
        assert_ne!(second, first);
        assert_eq!(id(directory.path()), second);
    }
}
