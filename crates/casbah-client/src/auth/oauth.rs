//! The token endpoint: requests and answers.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, OAuthError};
use crate::transport::{Repeat, Transport};

/// A token endpoint's success (RFC 6749 5.1).
#[derive(Debug, Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: SecretString,
    #[serde(deserialize_with = "seconds")]
    pub(crate) expires_in: Duration,
    #[serde(default)]
    pub(crate) refresh_token: Option<SecretString>,
    #[serde(default)]
    pub(crate) id_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    suberror: Option<String>,
    correlation_id: Option<String>,
    trace_id: Option<String>,
}

/// Seconds as a number (v2 endpoint) or as text (v1 endpoint).
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    let seconds = match Either::deserialize(deserializer)? {
        Either::Number(number) => number,
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom)?,
    };
    Ok(Duration::from_secs(seconds))
}

/// Asks a token endpoint.
pub(crate) async fn request_token(
    transport: &Transport,
    endpoint: &str,
    repeat: Repeat,
    form: &[(&str, &str)],
) -> Result<TokenAnswer, Error> {
    let response = transport
        .send(repeat, |http| http.post(endpoint).form(form))
        .await?;
    if response.status() == StatusCode::OK {
        return Ok(response.json().await?);
    }
    Err(Error::OAuth(Box::new(refusal(response).await?)))
}

async fn refusal(response: Response) -> Result<OAuthError, Error> {
    let status = response.status();
    let body = response.bytes().await?;
    let Ok(refusal) = serde_json::from_slice::<Refusal>(&body) else {
        return Err(Error::answer(format!(
            "HTTP {} of the token endpoint without an OAuth error; is this a token authority?",
            status.as_u16()
        )));
    };
    Ok(OAuthError {
        status,
        description: first_sentence(&refusal),
        code: refusal.error_codes.first().copied(),
        error: refusal.error,
        suberror: refusal.suberror,
        correlation_id: refusal.correlation_id,
        trace_id: refusal.trace_id,
    })
}

/// The description without the ids and the time at its end, which have members
/// of their own.
fn first_sentence(refusal: &Refusal) -> String {
    let text = refusal.error_description.as_str();
    let text = text
        .find("Trace ID:")
        .and_then(|end| text.get(..end))
        .unwrap_or(text)
        .trim();
    if text.is_empty() {
        refusal.error.clone()
    } else {
        text.to_owned()
    }
}
