//! Headers of every answer.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use casbah_identity::Authority;

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // A page that needs more says so itself; whatever does not may load nothing.
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
];

/// What an answer has beside what it says by itself.
#[derive(Debug, Clone)]
pub(crate) struct CommonHeaders(HeaderMap);

impl CommonHeaders {
    pub(crate) fn new(authority: &Authority) -> Self {
        let mut headers = HeaderMap::from_iter(HEADERS);
        // For one year, and for this host alone (RFC 6797 section 6.1): its subdomains
        // are not ours. The policy has no port, so on this machine's own name it would
        // break the http listeners that clients sign people in through.
        if !is_local(authority.host_name()) {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            );
        }
        Self(headers)
    }

    /// The same, and one more.
    pub(crate) fn with(mut self, (name, value): (HeaderName, HeaderValue)) -> Self {
        self.0.insert(name, value);
        self
    }

    /// Adds what an answer does not say by itself.
    pub(crate) fn add_to(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        for (name, value) in &self.0 {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        response
    }
}

fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn transport_security_is_asked_for_on_real_hosts_alone() {
        for (origin, expected) in [
            ("https://localhost:8443", None),
            ("https://casbah.localhost", None),
            ("https://127.0.0.1:8443", None),
            ("https://[::1]:8443", None),
            ("https://localhost.example", Some("max-age=31536000")),
            (
                "https://casb.contoso.example:8443",
                Some("max-age=31536000"),
            ),
        ] {
            let headers = CommonHeaders::new(&Authority::parse(origin).unwrap());
            let answer = headers.add_to("x".into_response());
            let value = answer.headers().get(header::STRICT_TRANSPORT_SECURITY);
            let value = value.map(|value| value.to_str().unwrap());
            assert_eq!(value, expected, "{origin}");
        }
    }

    #[test]
    fn what_an_answer_says_itself_stays() {
        let headers = CommonHeaders::new(&Authority::parse("https://casb.example").unwrap());
        let answer = headers.add_to(([(header::CACHE_CONTROL, "max-age=5")], "x").into_response());
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "max-age=5");
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
    }
}
