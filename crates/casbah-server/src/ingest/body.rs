//! From a body that comes in pieces to a reader on another thread.

use std::io::{self, Read};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a sender may be silent.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Pieces that wait for the reader.
const WAITING: usize = 4;

/// The reading end of a body. Blocks, so it must not be used on an async thread.
pub(super) struct Input {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

/// A reader, and what must run so that it gets the body's bytes. The reader gives an
/// error where the body breaks off, pauses too long or is larger than `limit`.
pub(super) fn channel(body: Body, limit: u64) -> (Input, impl Future<Output = ()>) {
    let (sender, pieces) = mpsc::channel(WAITING);
    let input = Input {
        pieces,
        current: Bytes::new(),
    };
    (input, feed(body, limit, sender))
}

async fn feed(body: Body, limit: u64, sender: mpsc::Sender<io::Result<Bytes>>) {
    let mut body = body.into_data_stream();
    let mut taken = 0_u64;
    loop {
        let next = tokio::select! {
            next = timeout(LONGEST_SILENCE, body.next()) => next,
            () = sender.closed() => return,
        };
        let piece = match next {
            Ok(None) => return,
            Ok(Some(Ok(piece))) => {
                taken += piece.len() as u64;
                if taken > limit {
                    let text = format!("the body is larger than {limit} bytes");
                    Err(io::Error::other(text))
                } else {
                    Ok(piece)
                }
            }
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let is_end = piece.is_err();
        if sender.send(piece).await.is_err() || is_end {
            return;
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}

/// Gives an error instead of more than so many bytes.
pub(super) struct Capped<R> {
    pub(super) inner: R,
    pub(super) left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other("the unpacked body is too large")),
        }
        Ok(count)
    }
}
