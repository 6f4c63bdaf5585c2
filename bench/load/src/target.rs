//! What is sent, and where to.

use crate::error::LoadError;
use crate::options::Options;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};

/// One request that can be sent any number of times.
#[derive(Clone)]
pub struct Target {
    /// Host name as it stands in the certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    request: Request<Bytes>,
}

impl Target {
    /// Builds the request that the options describe.
    pub fn new(options: &Options) -> Result<Self, LoadError> {
        let bad_url = || LoadError::Url(options.url.clone());
        let uri: Uri = options.url.parse().map_err(|_| bad_url())?;
        let authority = uri.authority().cloned().ok_or_else(bad_url)?;
        if uri.scheme_str() != Some("https") {
            return Err(bad_url());
        }
        let form = form(options)?;
        let has_form = !form.is_empty();
        let method = match &options.method {
            Some(name) => Method::from_bytes(name.as_bytes()).map_err(hyper::http::Error::from)?,
            None if has_form => Method::POST,
            None => Method::GET,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut builder = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, authority.as_str());
        if has_form {
            builder = builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        for header in &options.header {
            let (name, value) = pair("--header", ':', header)?;
            builder = builder.header(name.trim(), value.trim());
        }
        for header in &options.header_env {
            let (name, variable) = pair("--header-env", '=', header)?;
            builder = builder.header(name, from_environment(variable)?);
        }
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(443),
            request: builder.body(Bytes::from(form))?,
        })
    }

    /// The request, ready to send.
    pub fn request(&self) -> Request<Full<Bytes>> {
        self.request.clone().map(Full::new)
    }
}

fn form(options: &Options) -> Result<String, LoadError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for field in &options.form {
        let (name, value) = pair("--form", '=', field)?;
        form.append_pair(name, value);
    }
    for field in &options.form_env {
        let (name, variable) = pair("--form-env", '=', field)?;
        form.append_pair(name, &from_environment(variable)?);
    }
    Ok(form.finish())
}

fn pair<'a>(
    option: &'static str,
    separator: char,
    text: &'a str,
) -> Result<(&'a str, &'a str), LoadError> {
    text.split_once(separator)
        .ok_or(LoadError::Pair { option, separator })
}

fn from_environment(variable: &str) -> Result<String, LoadError> {
    std::env::var(variable).map_err(|_| LoadError::Environment(variable.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn target(arguments: &[&str]) -> Result<Target, LoadError> {
        let common = ["load", "--ca", "ca.pem", "--requests", "1"];
        Target::new(&Options::parse_from(common.iter().chain(arguments)))
    }

    #[test]
    fn form_is_encoded_and_posted() {
        let target = target(&[
            "https://localhost:8443/t/token?x=1",
            "--form",
            "scope=a/.default b",
        ])
        .unwrap();
        assert_eq!((target.host.as_str(), target.port), ("localhost", 8443));
        assert_eq!(target.request.method(), Method::POST);
        assert_eq!(target.request.uri(), "/t/token?x=1");
        assert_eq!(target.request.headers()[HOST], "localhost:8443");
        assert_eq!(target.request.body().as_ref(), b"scope=a%2F.default+b");
    }

    #[test]
    fn headers_go_with_a_get() {
        let target = target(&["https://[::1]/", "--header", "Authorization: Bearer a:b"]).unwrap();
        assert_eq!((target.host.as_str(), target.port), ("::1", 443));
        assert_eq!(target.request.method(), Method::GET);
        assert_eq!(target.request.headers()["authorization"], "Bearer a:b");
        assert!(!target.request.headers().contains_key(CONTENT_TYPE));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let cases: [&[&str]; 5] = [
            &["http://localhost/"],
            &["/only/a/path"],
            &["https://h/", "--form", "no-separator"],
            &["https://h/", "--header", "no separator"],
            &[
                "https://h/",
                "--form-env",
                "secret=LOAD_TEST_VARIABLE_THAT_IS_NOT_SET",
            ],
        ];
        for case in cases {
            assert!(target(case).is_err(), "{case:?}");
        }
    }
}
