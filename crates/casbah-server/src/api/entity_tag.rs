//! Entity tags (RFC 9110, 8.8.3): whoever asks again with the tag of the last answer gets
//! 304 where nothing changed.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::random::digest_of_bytes;

/// Longer answers, and those whose length is not known, have no tag.
const LONGEST: usize = 4 << 20;

/// Gives what GET answers a tag made of its content, and nothing else where the caller
/// has that already.
pub(super) async fn add(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = request.headers().get_all(header::IF_NONE_MATCH);
    let known: Vec<_> = known.into_iter().cloned().collect();
    let response = next.run(request).await;
    let length = response.body().size_hint().exact();
    let is_short = length.is_some_and(|length| length <= LONGEST as u64);
    if response.status() != StatusCode::OK || !is_short {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(content) = axum::body::to_bytes(body, LONGEST).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = tag_of(&content);
    let is_known = known.iter().any(|known| names(known, &tag));
    parts.headers.insert(header::ETAG, tag);
    // To be kept by the caller alone, and to be asked for again.
    let cache = HeaderValue::from_static("private, no-cache");
    parts.headers.insert(header::CACHE_CONTROL, cache);
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(content))
}

/// A weak tag: the content may be sent compressed or not.
fn tag_of(content: &[u8]) -> HeaderValue {
    let digest = URL_SAFE_NO_PAD.encode(digest_of_bytes(content).as_bytes());
    let tag = format!("W/\"{digest}\"");
    // Base64 is made of characters that headers may have.
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}

/// Whether `If-None-Match` names a tag, compared weakly (RFC 9110, 13.1.2).
fn names(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else {
        return false;
    };
    let tag = opaque(tag);
    known
        .split(',')
        .map(opaque)
        .any(|one| one == "*" || one == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use casbah_model::permission::Permission;

    use super::*;
    use crate::testing::{TestClient, TestServer};

    #[test]
    fn tags_are_compared_weakly() {
        let tag = HeaderValue::from_static("W/\"abc\"");
        for (known, expected) in [
            ("W/\"abc\"", true),
            ("\"abc\"", true),
            ("\"x\", W/\"abc\"", true),
            ("*", true),
            ("\"ab\"", false),
            ("abc", false),
            ("", false),
        ] {
            let known = HeaderValue::from_static(known);
            assert_eq!(names(&known, &tag), expected, "{known:?}");
        }
    }

    /// Lists the IP ranges with a header more.
    async fn list(
        server: &TestServer,
        client: &TestClient,
        name: header::HeaderName,
        value: &HeaderValue,
    ) -> Response {
        let token = server.token(client, |_| {});
        let request = Request::builder()
            .uri("/api/v1/subnet/")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(name, value);
        server.respond(request.body(Body::empty()).unwrap()).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_did_not_change_is_not_sent_again() {
        let server = TestServer::start().await;
        let client = server.client(server.tenant, &Permission::ALL).await;
        let tag = HeaderValue::from_static("\"none\"");
        let first = list(&server, &client, header::IF_NONE_MATCH, &tag).await;
        assert_eq!(first.status(), 200);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "private, no-cache");
        let tag = first.headers()[header::ETAG].clone();
        let same = list(&server, &client, header::IF_NONE_MATCH, &tag).await;
        assert_eq!(same.status(), 304);
        assert_eq!(same.headers()[header::ETAG], tag);
        let content = axum::body::to_bytes(same.into_body(), 1).await.unwrap();
        assert!(content.is_empty());

        let token = server.token(&client, |_| {});
        let body = r#"{"name": "Office", "category": 1, "subnets": ["10.0.0.0/8"]}"#;
        let create = "/api/v1/subnet/create_rule/";
        let created = server.call("POST", create, Some(&token), body).await;
        assert_eq!(created.status, 200);
        let changed = list(&server, &client, header::IF_NONE_MATCH, &tag).await;
        assert_eq!(changed.status(), 200);
        assert_ne!(changed.headers()[header::ETAG], tag);

        // Another tenant's list of the same content is another's to ask for.
        let other = server.create_tenant("Other", "other.example").await;
        let stranger = server.client(other.tenant.id, &Permission::ALL).await;
        let refused = server.call("GET", "/api/v1/subnet/", None, "").await;
        assert_eq!(refused.status, 401);
        let theirs = list(&server, &stranger, header::IF_NONE_MATCH, &tag).await;
        assert_eq!(
            theirs.headers()[header::ETAG],
            tag,
            "an empty list is an empty list"
        );
        assert_eq!(theirs.status(), 304);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn answers_are_compressed_for_whoever_understands_it() {
        let server = TestServer::start().await;
        let client = server.client(server.tenant, &Permission::ALL).await;
        for (accepted, used) in [("gzip", Some("gzip")), ("zstd", Some("zstd")), ("br", None)] {
            let accepted = HeaderValue::from_static(accepted);
            let answer = list(&server, &client, header::ACCEPT_ENCODING, &accepted).await;
            assert_eq!(answer.status(), 200);
            let encoding = answer.headers().get(header::CONTENT_ENCODING);
            let encoding = encoding.map(|encoding| encoding.to_str().unwrap());
            assert_eq!(encoding, used);
            let content = axum::body::to_bytes(answer.into_body(), 1 << 20)
                .await
                .unwrap();
            let text = match used {
                None => content.to_vec(),
                Some("gzip") => {
                    let mut text = Vec::new();
                    let mut reader = flate2::read::GzDecoder::new(&content[..]);
                    std::io::Read::read_to_end(&mut reader, &mut text).unwrap();
                    text
                }
                Some(_) => {
                    // RFC 8878, 3.1.1: what every frame begins with.
                    assert_eq!(content[..4], [0x28, 0xb5, 0x2f, 0xfd]);
                    continue;
                }
            };
            let list: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(list["total"], 0);
        }
    }
}
