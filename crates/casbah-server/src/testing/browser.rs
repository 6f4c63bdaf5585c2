//! A browser's part: cookies, forms, redirects that are not followed.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use serde_json::Value;
use tower::ServiceExt;

/// A client with cookies.
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// A page can be shown in no frame of another's, loads nothing but our own files, and is
    /// kept nowhere: every page that a test sees, whatever the test is about.
    fn assert_guarded(&self, path: &str) {
        let policy = self.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(policy.contains("base-uri 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{path}: {policy}"
        );
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{path}");
        if self.header("content-type").starts_with("text/html") {
            assert_eq!(self.header("x-frame-options"), "DENY", "{path}");
            assert!(policy.contains("form-action"), "{path}: {policy}");
            assert!(self.header("cache-control").contains("no-store"), "{path}");
            assert_eq!(self.header("referrer-policy"), "no-referrer", "{path}");
        }
    }

    /// The number of the error that is answered.
    pub(crate) fn code(&self) -> (u16, String, Option<u64>) {
        let json = self.json();
        let error = json["error"].as_str().unwrap().to_owned();
        (self.status, error, json["error_codes"][0].as_u64())
    }

    /// An attribute's value behind a text that stands before it.
    pub(crate) fn attribute(&self, before: &str) -> String {
        let rest = self
            .text
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before} in {}", self.text))
            .1;
        let value = rest.split_once('"').unwrap().0;
        value
            .replace("&#38;", "&")
            .replace("&#61;", "=")
            .replace("&amp;", "&")
    }

    /// A parameter of the address that the browser is sent to.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        let address = url::Url::parse(self.header("location")).unwrap();
        address
            .query_pairs()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl Browser {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Asks for a document unless it has this entity tag.
    pub(crate) async fn get_unless(&mut self, path: &str, tag: &str) -> Page {
        let known = [("if-none-match", tag)];
        self.send(Method::GET, path, &known, String::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &kind, form).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let attributes: Vec<_> = line.split("; ").skip(1).collect();
            for wanted in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
                assert!(attributes.contains(&wanted), "{wanted}: {line}");
            }
            assert!(!line.contains("Domain"), "{line}");
            let (name, rest) = line.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{line}");
            let value = rest.split_once(';').unwrap().0;
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        let page = Page {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        page.assert_guarded(path);
        page
    }
}
