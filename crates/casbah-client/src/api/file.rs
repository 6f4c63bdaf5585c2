//! Files as bodies of requests.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// The size of the pieces in which a file is sent.
const PIECE_BYTES: usize = 128 * 1024;

/// Told how many more bytes were sent.
pub type UploadProgress = Arc<dyn Fn(u64) + Send + Sync>;

/// The file's content, opened when it is first asked for.
pub(super) fn pieces(path: PathBuf, progress: UploadProgress) -> Body {
    let parts = stream::try_unfold(None::<File>, move |file| {
        let (path, progress) = (path.clone(), Arc::clone(&progress));
        async move {
            let mut file = match file {
                Some(file) => file,
                None => File::open(path).await?,
            };
            let mut piece = vec![0; PIECE_BYTES];
            let count = file.read(&mut piece).await?;
            piece.truncate(count);
            if count > 0 {
                progress(u64::try_from(count).unwrap_or_default());
            }
            Ok::<_, std::io::Error>((count > 0).then(|| (Bytes::from(piece), Some(file))))
        }
    });
    Body::wrap_stream(parts)
}
