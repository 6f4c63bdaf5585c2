//! What an answer leaves unread of a request.
//!
//! Who is refused by the token alone is answered before the body was read. A connection
//! that is closed over unread bytes is reset, which may take the answer with it (RFC 9112,
//! 9.6), and one that is not closed cannot be used again. So the rest is read and thrown
//! away before the answer goes out, as far as that is little work.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

/// As much is thrown away: a log as one piece, which clients send up to 64 MB.
const MOST: u64 = 64 << 20;

/// So long is waited for it.
const LONGEST: Duration = Duration::from_secs(30);

/// Where a body goes that nobody reads any more.
type Left = Arc<Mutex<Option<Rest>>>;

/// What was not read of a body.
struct Rest {
    body: Body,
    is_begun: bool,
}

/// Answers once the request is read to its end, or says that the connection ends.
pub(crate) async fn throw_away(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let version = request.version();
    let waits_for_leave = request.headers().contains_key(header::EXPECT);
    let left = Left::default();
    let request = request.map(|body| {
        Body::new(Kept {
            body,
            is_begun: false,
            is_ended: false,
            left: Arc::clone(&left),
        })
    });
    let mut answer = next.run(request).await;
    let rest = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(rest) = rest else { return answer };
    // Who waits to be asked for the body (RFC 9110, 10.1.1) sends none after a final answer.
    let is_coming = rest.is_begun || !waits_for_leave;
    let is_read = is_coming && timeout(LONGEST, read(rest.body)).await == Ok(true);
    if !is_read && version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

/// Reads a body to its end; false if it has none that is near.
async fn read(body: Body) -> bool {
    if body.size_hint().lower() > MOST {
        return false;
    }
    let mut chunks = body.into_data_stream();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        length += chunk.as_ref().map_or(MOST, |chunk| chunk.len() as u64);
        if length >= MOST {
            return false;
        }
    }
    true
}

/// A body whose rest is kept where it is dropped before its end.
struct Kept {
    body: Body,
    is_begun: bool,
    is_ended: bool,
    left: Left,
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_begun = true;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_ended = !matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_ended || self.body.is_end_stream() {
            return;
        }
        let rest = Rest {
            body: std::mem::take(&mut self.body),
            is_begun: self.is_begun,
        };
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest);
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use axum::{Router, middleware};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A connection to a server whose handlers answer before they have read everything.
    async fn connection() -> TcpStream {
        async fn reads_little(body: Body) -> &'static str {
            let mut chunks = body.into_data_stream();
            chunks.next().await;
            "refused"
        }
        let router = Router::new()
            .route("/nothing", post(|| async { "refused" }))
            .route("/little", post(reads_little))
            .layer(middleware::from_fn(throw_away));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        TcpStream::connect(address).await.unwrap()
    }

    /// The answer to a request, up to the end of its body.
    async fn answer(connection: &mut TcpStream, request: &str, body: &[u8]) -> String {
        connection.write_all(request.as_bytes()).await.unwrap();
        connection.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"refused") {
            let read = connection.read_buf(&mut answer).await.unwrap();
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
        }
        String::from_utf8(answer).unwrap()
    }

    fn head(path: &str, headers: &str) -> String {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n")
    }

    #[tokio::test]
    async fn a_connection_outlives_bodies_that_nobody_read() {
        let mut connection = connection().await;
        let body = vec![b'x'; 3 << 20];
        let chunks = [b"300000\r\n", body.as_slice(), b"\r\n0\r\n\r\n"].concat();
        for _ in 0..3 {
            for path in ["/nothing", "/little"] {
                let whole = head(path, &format!("Content-Length: {}", body.len()));
                let chunked = head(path, "Transfer-Encoding: chunked");
                for (request, body) in [(&whole, &body), (&chunked, &chunks)] {
                    let answer = answer(&mut connection, request, body).await;
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    assert!(!answer.contains("connection: close"), "{answer}");
                }
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_read_ends_the_connection_and_says_so() {
        for headers in [
            format!("Content-Length: {}", MOST + 1),
            "Content-Length: 10\r\nExpect: 100-continue".to_owned(),
        ] {
            let mut connection = connection().await;
            let answer = answer(&mut connection, &head("/nothing", &headers), b"").await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.contains("connection: close"), "{answer}");
        }
    }
}
