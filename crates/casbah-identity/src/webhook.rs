//! Signatures of webhooks, after the public specification *Standard Webhooks*.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::random::{NoRandomness, bytes, digest_of};

/// With what the text of a secret begins.
const PREFIX: &str = "whsec_";

/// A text is no secret of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of a webhook")]
pub struct ParseWebhookSecretError;

/// A secret that sender and receiver share.
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl WebhookSecret {
    /// A fresh one of 256 bits.
    ///
    /// # Errors
    /// [`NoRandomness`]
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(Zeroizing::new(bytes::<32>()?.to_vec())))
    }

    /// Its text, which receivers are set up with: `whsec_` and base64.
    pub fn text(&self) -> SecretString {
        format!("{PREFIX}{}", STANDARD.encode(&*self.0)).into()
    }

    /// Reads its text.
    ///
    /// # Errors
    /// [`ParseWebhookSecretError`]
    pub fn parse(text: &SecretString) -> Result<Self, ParseWebhookSecretError> {
        let encoded = text.expose_secret().strip_prefix(PREFIX);
        let secret = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
        let secret = secret.filter(|secret| !secret.is_empty());
        secret
            .map(|secret| Self(Zeroizing::new(secret)))
            .ok_or(ParseWebhookSecretError)
    }

    /// The value of `webhook-signature` for a message that is sent at a time in Unix
    /// seconds.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut signed = format!("{id}.{seconds}.").into_bytes();
        signed.extend_from_slice(body);
        let signature = sign(&Key::new(HMAC_SHA256, &self.0), &signed);
        format!("v1,{}", STANDARD.encode(signature))
    }
}

/// The id of a message: the same for the same `parts`, and for no others.
pub fn message_id(parts: &[&str]) -> String {
    let digest = digest_of(&parts.join("\n"));
    let digits = digest.as_bytes()[..16].iter();
    digits.fold("msg_".to_owned(), |id, byte| id + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_specification() {
        for (secret, id, seconds, body, expected) in [
            (
                "whsec_plJ3nmyCDGBKInavdOK15jsl",
                "msg_loFOjxBNrRLzqYUf",
                1_731_705_121,
                r#"{"event_type":"ping","data":{"success":true}}"#,
                "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ] {
            let secret = WebhookSecret::parse(&secret.to_owned().into()).unwrap();
            assert_eq!(secret.sign(id, seconds, body.as_bytes()), expected);
        }
    }

    #[test]
    fn a_secret_reads_back_its_text() {
        let secret = WebhookSecret::generate().unwrap();
        let read = WebhookSecret::parse(&secret.text()).unwrap();
        assert_eq!(read.sign("a", 1, b"b"), secret.sign("a", 1, b"b"));
        let other = WebhookSecret::generate().unwrap();
        assert_ne!(other.sign("a", 1, b"b"), secret.sign("a", 1, b"b"));
        for text in ["", "whsec_", "whsec_!", "AAAA"] {
            assert!(
                WebhookSecret::parse(&text.to_owned().into()).is_err(),
                "{text}"
            );
        }
        assert_eq!(format!("{secret:?}"), "WebhookSecret");
    }

    #[test]
    fn an_id_stands_for_its_parts() {
        let id = message_id(&["a", "b"]);
        assert_eq!(id, message_id(&["a", "b"]));
        assert_eq!(id.len(), 36);
        assert_ne!(id, message_id(&["a", "c"]));
    }
}
