//! Uploaded logs until they are read: files in a directory.
//!
//! A file has its name only when all of it is on disk, so one that is found is whole;
//! and it is named once: of two that are sent for one upload, the first to be whole
//! stays. Names are made of ids; nothing that a client writes is a path.

mod space;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use casbah_identity::random::digest_of;
use casbah_model::ids::{RecordId, TenantId};
use futures_util::{Stream, StreamExt};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Mutex;

use space::{Claim, Form, Space};

/// The most blocks of one upload.
const MOST_BLOCKS: usize = 4096;

/// The ending of the file that says which list of blocks an upload was made of.
const LIST: &str = "list";

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
    /// What the tenant has put here and not given to a report leaves no room for it.
    #[error("uploads that are not done hold {most} bytes already")]
    NoRoom {
        /// What they may hold, in bytes.
        most: u64,
    },
    /// The upload has its file already.
    #[error("a file is here already")]
    Exists,
    /// The sender broke off.
    #[error("the body ended early: {0}")]
    Body(#[source] axum::Error),
    /// A block is named that is not here, or that can have no such name.
    #[error("no block {id:?}")]
    UnknownBlock {
        /// Its id.
        id: String,
    },
    /// A list names a block twice.
    #[error("block {id:?} is listed twice")]
    RepeatedBlock {
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
    space: Arc<Space>,
    /// Held while a block is named, so that what it replaces is given back once.
    naming: Arc<Mutex<()>>,
}

impl Blobs {
    /// Uses `root`, which is made if it is missing; what one tenant's uploads hold
    /// there before they are given to a report has at most `most` bytes.
    pub(crate) fn open(root: PathBuf, most: u64) -> Result<Self, BlobError> {
        std::fs::create_dir_all(&root)?;
        let blobs = Self {
            root: root.into(),
            space: Arc::new(Space::new(most)),
            naming: Arc::default(),
        };
        for (tenant, upload) in blobs.uploads()? {
            let whole = std::fs::metadata(blobs.path(tenant, upload)).map_or(0, |data| data.len());
            let blocks = sizes(&blobs.blocks(tenant, upload))?;
            blobs.space.found(tenant, upload, whole, blocks);
        }
        Ok(blobs)
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
        let mut claim = self.space.claim(tenant, upload, Form::Whole, limit);
        let written = write(body, &part.0, &mut claim).await?;
        self.name_once(&part.0, &self.path(tenant, upload)).await?;
        claim.keep();
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
        let part = self.part(tenant, upload);
        let form = Form::Block {
            replaces: length(&target).await.unwrap_or(0),
        };
        let mut claim = self.space.claim(tenant, upload, form, limit);
        let written = write(body, &part.0, &mut claim).await?;

        let naming = self.naming.lock().await;
        fs::create_dir_all(&folder).await?;
        let former = length(&target).await;
        if former.is_none() && count(&folder).await? >= MOST_BLOCKS {
            return Err(BlobError::TooManyBlocks { most: MOST_BLOCKS });
        }
        fs::rename(&part.0, &target).await?;
        claim.keep();
        self.space
            .give_back(tenant, upload, form, former.unwrap_or(0));
        drop(naming);
        sync_folder(&folder).await?;
        Ok(written)
    }

    /// Makes an upload of its blocks, in this order; returns its size. It may have
    /// `limit` bytes.
    ///
    /// Said again, because the first answer was lost, it changes nothing; another list is
    /// refused.
    pub(crate) async fn commit_blocks(
        &self,
        tenant: TenantId,
        upload: RecordId,
        blocks: &[String],
        limit: u64,
    ) -> Result<u64, BlobError> {
        let target = self.path(tenant, upload);
        let digest = digest_of(&blocks.join("\n"));
        if let Some(known) = length(&target).await {
            let committed = fs::read(self.list(tenant, upload)).await;
            let is_the_same = committed.is_ok_and(|committed| committed == digest.as_bytes());
            return if is_the_same {
                Ok(known)
            } else {
                Err(BlobError::Exists)
            };
        }
        if blocks.len() > MOST_BLOCKS {
            return Err(BlobError::TooManyBlocks { most: MOST_BLOCKS });
        }
        let mut listed = HashSet::with_capacity(blocks.len());
        if let Some(twice) = blocks.iter().find(|block| !listed.insert(*block)) {
            return Err(BlobError::RepeatedBlock { id: twice.clone() });
        }
        self.make_folder(tenant).await?;
        let folder = self.blocks(tenant, upload);
        let part = self.part(tenant, upload);
        let mut claim = self.space.claim(tenant, upload, Form::Whole, limit);
        let mut whole = fs::File::create(&part.0).await?;
        let mut written = 0;
        for block in blocks {
            let unknown = |_| BlobError::UnknownBlock { id: block.clone() };
            let path = folder.join(block_name(block)?);
            let source = fs::File::open(path).await.map_err(unknown)?;
            let length = source.metadata().await?.len();
            claim.take(length)?;
            written += tokio::io::copy(&mut source.take(length), &mut whole).await?;
        }
        whole.flush().await?;
        whole.sync_all().await?;
        self.write_list(tenant, upload, digest.as_bytes()).await?;
        self.name_once(&part.0, &target).await?;
        claim.keep();
        self.delete_blocks(tenant, upload).await?;
        Ok(written)
    }

    /// How large an upload is whose file is here.
    pub(crate) async fn size(&self, tenant: TenantId, upload: RecordId) -> Option<u64> {
        length(&self.path(tenant, upload)).await
    }

    /// Says that an upload was given to a report: what it holds is counted no more.
    pub(crate) fn given(&self, tenant: TenantId, upload: RecordId) {
        self.space.forget(tenant, upload);
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
        match fs::remove_file(self.list(tenant, upload)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.delete_blocks(tenant, upload).await?;
        self.space.forget(tenant, upload);
        Ok(())
    }

    async fn delete_blocks(&self, tenant: TenantId, upload: RecordId) -> io::Result<()> {
        let folder = self.blocks(tenant, upload);
        let _naming = self.naming.lock().await;
        let bytes = sizes(&folder)?;
        remove_folder(&folder).await?;
        let form = Form::Block { replaces: 0 };
        self.space.give_back(tenant, upload, form, bytes);
        Ok(())
    }

    /// Counts no longer what is not here: another node may have deleted it.
    pub(crate) fn recount(&self) {
        self.space.keep_only(|tenant, upload| {
            self.path(tenant, upload).exists() || self.blocks(tenant, upload).exists()
        });
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
                if path.extension().is_some_and(|ending| ending == LIST) {
                    continue;
                }
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

    fn list(&self, tenant: TenantId, upload: RecordId) -> PathBuf {
        self.folder(tenant).join(format!("{upload}.{LIST}"))
    }

    /// Keeps which list an upload is made of; whole when it has its name.
    async fn write_list(
        &self,
        tenant: TenantId,
        upload: RecordId,
        digest: &[u8],
    ) -> Result<(), BlobError> {
        let part = self.part(tenant, upload);
        fs::write(&part.0, digest).await?;
        fs::rename(&part.0, self.list(tenant, upload)).await?;
        Ok(())
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

    /// Gives what is on disk its name, which is on disk too when this returns. A link,
    /// for unlike renaming it fails where the name is taken.
    async fn name_once(&self, part: &Path, target: &Path) -> Result<(), BlobError> {
        match fs::hard_link(part, target).await {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BlobError::Exists);
            }
            linked => linked?,
        }
        Ok(sync_folder(target.parent().unwrap_or(&self.root)).await?)
    }
}

/// A file that is being written; this name of it goes with this value.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // A block was renamed; what cannot be removed is swept at the next start.
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

async fn write<S>(body: S, path: &Path, claim: &mut Claim) -> Result<u64, BlobError>
where
    S: Stream<Item = Result<Bytes, axum::Error>> + Send,
{
    let mut body = pin!(body);
    let mut file = fs::File::create(path).await?;
    let mut written = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(BlobError::Body)?;
        claim.take(chunk.len() as u64)?;
        written += chunk.len() as u64;
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    file.sync_all().await?;
    Ok(written)
}

async fn length(file: &Path) -> Option<u64> {
    fs::metadata(file).await.ok().map(|data| data.len())
}

async fn count(folder: &Path) -> io::Result<usize> {
    let mut entries = fs::read_dir(folder).await?;
    let mut count = 0;
    while entries.next_entry().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// How many bytes the files of a folder have; a folder that is not there has none.
fn sizes(folder: &Path) -> io::Result<u64> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut bytes = 0;
    for entry in entries {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
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
mod tests;
