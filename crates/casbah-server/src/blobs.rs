//! Uploaded logs until they are read: files in a directory.
//!
//! A file has its name only when all of it is on disk, so one that is found is whole.
//! Names are made of ids; nothing that a client writes is a path.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use casbah_model::ids::{RecordId, TenantId};
use futures_util::{Stream, StreamExt};
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// The most blocks of one upload.
const MOST_BLOCKS: usize = 4096;

/// The longest id of a block, in bytes of its text: 64 bytes in base64 (Azure Blob
/// Storage, Put Block).
const LONGEST_BLOCK_ID: usize = 88;

/// An upload cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It is larger than allowed.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The sender broke off.
    #[error("the body ended early: {0}")]
    Body(#[source] axum::Error),
    /// A block is named that is not here, or that can have no such name.
    #[error("no block {id:?}")]
    UnknownBlock {
        /// Its id.
        id: String,
    },
    /// It has more blocks than allowed.
    #[error("more than {most} blocks")]
    TooManyBlocks {
        /// The limit.
        most: usize,
    },
    /// The directory cannot be used.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Uploads in a directory; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    root: Arc<Path>,
}

impl Blobs {
    /// Uses `root`, which is made if it is missing.
    pub(crate) fn open(root: PathBuf) -> Result<Self, BlobError> {
        std::fs::create_dir_all(&root)?;
        Ok(Self { root: root.into() })
    }

    /// Keeps a whole upload of at most `limit` bytes; returns its size.
    pub(crate) async fn put<S>(
        &self,
        tenant: TenantId,
        upload: RecordId,
        body: S,
        limit: u64,
    ) -> Result<u64, BlobError>
    where
        S: Stream<Item = Result<Bytes, axum::Error>> + Send,
    {
        self.make_folder(tenant).await?;
        let part = self.part(tenant, upload);
        let target = self.path(tenant, upload);
        let written = write(body, &part.0, limit).await?;
        self.name(&part.0, &target).await?;
        Ok(written)
    }

    /// Keeps one block of an upload whose blocks may have `limit` bytes together;
    /// returns the block's size. A block with the same id is replaced.
    pub(crate) async fn put_block<S>(
        &self,
        tenant: TenantId,
        upload: RecordId,
        block: &str,
        body: S,
        limit: u64,
    ) -> Result<u64, BlobError>
    where
        S: Stream<Item = Result<Bytes, axum::Error>> + Send,
    {
        let folder = self.blocks(tenant, upload);
        let target = folder.join(block_name(block)?);
        self.make_folder(tenant).await?;
        fs::create_dir_all(&folder).await?;
        let (count, bytes) = measure(&folder, &target).await?;
        if count >= MOST_BLOCKS {
            return Err(BlobError::TooManyBlocks { most: MOST_BLOCKS });
        }
        let part = self.part(tenant, upload);
        let written = write(body, &part.0, limit.saturating_sub(bytes)).await;
        let written = written.map_err(|error| match error {
            BlobError::TooLarge { .. } => BlobError::TooLarge { limit },
            other => other,
        })?;
        self.name(&part.0, &target).await?;
        Ok(written)
    }

    /// Makes an upload of its blocks, in this order; returns its size.
    ///
    /// Said again, because the first answer was lost, it changes nothing.
    pub(crate) async fn commit_blocks(
        &self,
        tenant: TenantId,
        upload: RecordId,
        blocks: &[String],
    ) -> Result<u64, BlobError> {
        let target = self.path(tenant, upload);
        if let Ok(known) = fs::metadata(&target).await {
            return Ok(known.len());
        }
        if blocks.len() > MOST_BLOCKS {
            return Err(BlobError::TooManyBlocks { most: MOST_BLOCKS });
        }
        self.make_folder(tenant).await?;
        let folder = self.blocks(tenant, upload);
        let part = self.part(tenant, upload);
        let mut whole = fs::File::create(&part.0).await?;
        let mut written = 0;
        for block in blocks {
            let unknown = |_| BlobError::UnknownBlock { id: block.clone() };
            let path = folder.join(block_name(block)?);
            let mut source = fs::File::open(path).await.map_err(unknown)?;
            written += tokio::io::copy(&mut source, &mut whole).await?;
        }
        whole.flush().await?;
        whole.sync_all().await?;
        self.name(&part.0, &target).await?;
        remove_folder(&folder).await?;
        Ok(written)
    }

    /// A whole upload, to be read.
    pub(crate) fn read(&self, tenant: TenantId, upload: RecordId) -> io::Result<std::fs::File> {
        std::fs::File::open(self.path(tenant, upload))
    }

    /// Deletes an upload and its blocks; one that is not here is no error.
    pub(crate) async fn delete(&self, tenant: TenantId, upload: RecordId) -> io::Result<()> {
        match fs::remove_file(self.path(tenant, upload)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        remove_folder(&self.blocks(tenant, upload)).await
    }

    /// Deletes what was being written when the last process ended. To be called before
    /// the first upload.
    pub(crate) fn sweep_parts(&self) -> io::Result<()> {
        for folder in std::fs::read_dir(&self.root)? {
            let folder = folder?.path();
            if !folder.is_dir() {
                continue;
            }
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending == "part") {
                    std::fs::remove_file(path)?;
                }
            }
        }
        Ok(())
    }

    /// The uploads of which something is here, whole or in blocks.
    pub(crate) fn uploads(&self) -> io::Result<Vec<(TenantId, RecordId)>> {
        let mut uploads = Vec::new();
        for folder in std::fs::read_dir(&self.root)? {
            let folder = folder?;
            let name = folder.file_name();
            let Some(tenant) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            for entry in std::fs::read_dir(folder.path())? {
                let path = entry?.path();
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                uploads.extend(stem.and_then(|stem| Some((tenant, stem.parse().ok()?))));
            }
        }
        Ok(uploads)
    }

    fn folder(&self, tenant: TenantId) -> PathBuf {
        self.root.join(tenant.to_string())
    }

    fn path(&self, tenant: TenantId, upload: RecordId) -> PathBuf {
        self.folder(tenant).join(upload.to_string())
    }

    fn blocks(&self, tenant: TenantId, upload: RecordId) -> PathBuf {
        self.folder(tenant).join(format!("{upload}.blocks"))
    }

    fn part(&self, tenant: TenantId, upload: RecordId) -> Part {
        let name = format!("{upload}-{}.part", uuid::Uuid::new_v4().simple());
        Part(self.folder(tenant).join(name))
    }

    async fn make_folder(&self, tenant: TenantId) -> io::Result<()> {
        let folder = self.folder(tenant);
        if fs::metadata(&folder).await.is_ok() {
            return Ok(());
        }
        fs::create_dir_all(&folder).await?;
        sync_folder(&self.root).await
    }

    /// Gives what is on disk its name, which is on disk too when this returns.
    async fn name(&self, part: &Path, target: &Path) -> io::Result<()> {
        fs::rename(part, target).await?;
        sync_folder(target.parent().unwrap_or(&self.root)).await
    }
}

/// A file that is being written; it goes with this value unless it was renamed.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // It is not there if all went well; what stays otherwise is swept later.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A block's file: the hex digits of its id.
fn block_name(id: &str) -> Result<String, BlobError> {
    use std::fmt::Write as _;

    if id.is_empty() || id.len() > LONGEST_BLOCK_ID {
        return Err(BlobError::UnknownBlock { id: id.to_owned() });
    }
    let mut name = String::with_capacity(2 * id.len());
    for byte in id.bytes() {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}

async fn write<S>(body: S, path: &Path, limit: u64) -> Result<u64, BlobError>
where
    S: Stream<Item = Result<Bytes, axum::Error>> + Send,
{
    let mut body = pin!(body);
    let mut file = fs::File::create(path).await?;
    let mut written = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(BlobError::Body)?;
        written += chunk.len() as u64;
        if written > limit {
            return Err(BlobError::TooLarge { limit });
        }
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    file.sync_all().await?;
    Ok(written)
}

/// How many other blocks there are than `but`, and how many bytes they have.
async fn measure(folder: &Path, but: &Path) -> io::Result<(usize, u64)> {
    let mut entries = fs::read_dir(folder).await?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(entry) = entries.next_entry().await? {
        if entry.path() != but {
            count += 1;
            bytes += entry.metadata().await?.len();
        }
    }
    Ok((count, bytes))
}

async fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder).await?.sync_all().await
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use futures_util::stream;

    use super::*;

    const TENANT: TenantId = TenantId::new(uuid::Uuid::from_u128(1));
    const UPLOAD: RecordId = RecordId::from_bytes(*b"twelve bytes");

    fn body(chunks: &[&'static str]) -> impl Stream<Item = Result<Bytes, axum::Error>> + use<> {
        let chunks: Vec<_> = chunks.iter().map(|text| Ok(Bytes::from(*text))).collect();
        stream::iter(chunks)
    }

    fn blobs() -> (Blobs, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (
            Blobs::open(directory.path().join("uploads")).unwrap(),
            directory,
        )
    }

    fn text(blobs: &Blobs) -> io::Result<String> {
        let mut text = String::new();
        blobs.read(TENANT, UPLOAD)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[tokio::test]
    async fn an_upload_is_there_when_it_is_whole_and_within_its_limit() {
        let (blobs, _directory) = blobs();
        let large = blobs.put(TENANT, UPLOAD, body(&["abc", "def"]), 5).await;
        assert!(matches!(large, Err(BlobError::TooLarge { limit: 5 })));
        assert!(text(&blobs).is_err());
        let broken =
            body(&["abc"]).chain(stream::iter([Err(axum::Error::new(io::Error::other("")))]));
        let broken = blobs.put(TENANT, UPLOAD, broken, 9).await;
        assert!(matches!(broken, Err(BlobError::Body(_))));
        assert!(blobs.uploads().unwrap().is_empty());

        let written = blobs.put(TENANT, UPLOAD, body(&["abc", "def"]), 6).await;
        assert_eq!(
            (written.unwrap(), text(&blobs).unwrap().as_str()),
            (6, "abcdef")
        );
        assert_eq!(blobs.uploads().unwrap(), [(TENANT, UPLOAD)]);
        blobs.delete(TENANT, UPLOAD).await.unwrap();
        blobs.delete(TENANT, UPLOAD).await.unwrap();
        assert!(blobs.uploads().unwrap().is_empty());
    }

    #[tokio::test]
    async fn blocks_are_put_together_in_the_order_of_the_list() {
        let (blobs, _directory) = blobs();
        for (id, content) in [
            ("Mg==", "zwei"),
            ("../../x", "drei"),
            ("MQ==", "one"),
            ("Mg==", "two"),
        ] {
            let put = blobs
                .put_block(TENANT, UPLOAD, id, body(&[content]), 11)
                .await;
            assert_eq!(put.unwrap(), content.len() as u64);
        }
        let large = blobs
            .put_block(TENANT, UPLOAD, "NA==", body(&["fi"]), 11)
            .await;
        assert!(matches!(large, Err(BlobError::TooLarge { limit: 11 })));
        assert_eq!(blobs.uploads().unwrap(), [(TENANT, UPLOAD)]);
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        for unknown in ["NA==", "", &"A".repeat(89)] {
            let list = ids(&["MQ==", unknown]);
            let missing = blobs.commit_blocks(TENANT, UPLOAD, &list).await;
            assert!(matches!(missing, Err(BlobError::UnknownBlock { id }) if id == unknown));
        }
        let list = ids(&["MQ==", "Mg==", "../../x"]);
        for _ in 0..2 {
            assert_eq!(
                blobs.commit_blocks(TENANT, UPLOAD, &list).await.unwrap(),
                10
            );
        }
        assert_eq!(text(&blobs).unwrap(), "onetwodrei");
    }

    #[tokio::test]
    async fn what_was_being_written_at_the_end_of_a_process_is_swept() {
        let (blobs, _directory) = blobs();
        blobs.put(TENANT, UPLOAD, body(&["abc"]), 9).await.unwrap();
        let part = blobs.part(TENANT, UPLOAD);
        std::fs::write(&part.0, "half").unwrap();
        blobs.sweep_parts().unwrap();
        assert!(!part.0.exists());
        assert_eq!(text(&blobs).unwrap(), "abc");
    }
}
