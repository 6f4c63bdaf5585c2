//! Authenticator apps: time-based one-time passwords (RFC 6238) as all of them show
//! them, SHA-1, six digits, 30 seconds.

use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::crypto::SealContext;
use crate::random::{NoRandomness, bytes};

/// A secret's length, bytes: that of the hash, as RFC 4226 section 4 asks.
const SECRET_BYTES: usize = 20;
/// Clocks of people and server may be apart by this many steps of 30 s.
const SKEW: u16 = 1;
/// Whose codes they are, as the app shows it.
const ISSUER: &str = "Casbah";

/// The secret that a person's authenticator app shares with the server.
pub struct AuthenticatorSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for AuthenticatorSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthenticatorSecret")
    }
}

impl AuthenticatorSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// [`NoRandomness`]
    pub fn generate() -> Result<Self, NoRandomness> {
        let bytes = bytes::<SECRET_BYTES>()?;
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// One that was kept; none if it has another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == SECRET_BYTES).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    /// One that is written as people copy it: base32, spaces and case aside.
    pub fn from_base32(text: &str) -> Option<Self> {
        let text: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(|character| !character.is_whitespace())
                .collect::<String>()
                .to_ascii_uppercase(),
        );
        let secret = Secret::try_from_base32(text.as_str()).ok()?;
        Self::from_bytes(secret.as_bytes())
    }

    /// Where a person's secret is sealed for.
    pub fn place(tenant: TenantId, user: ObjectId) -> SealContext {
        SealContext::tenant(tenant, "authenticator_app", user.to_string())
    }

    /// Its bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is typed into an app.
    pub fn to_base32(&self) -> SecretString {
        self.secret().to_base32().into()
    }

    /// As an app reads it from a picture; none for a name that no such address can hold.
    pub fn to_url(&self, sign_in_name: &str) -> Option<SecretString> {
        let totp = Builder::new()
            .with_secret(self.secret())
            .with_account_name(sign_in_name)
            .with_issuer(Some(ISSUER))
            .build()
            .ok()?;
        totp.to_url().ok().map(SecretString::from)
    }

    /// The step of time whose code this is, if it is of a step after `last_step`: each
    /// counts once (RFC 6238 section 5.2). The caller marks the step used.
    pub fn step_of(&self, code: &SecretString, last_step: i64, now: Timestamp) -> Option<i64> {
        let digits: String = code
            .expose_secret()
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        let now = u64::try_from(now.seconds()).ok()?;
        let step = self.totp()?.check(&digits, now)?;
        i64::try_from(step).ok().filter(|step| *step > last_step)
    }

    fn totp(&self) -> Option<Totp> {
        Builder::new()
            .with_secret(self.secret())
            .with_skew(SKEW)
            .build()
            .ok()
    }

    fn secret(&self) -> Secret {
        Secret::from(self.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret of RFC 6238 appendix B.
    fn published() -> AuthenticatorSecret {
        AuthenticatorSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn step(code: &str, last_step: i64, seconds: i64) -> Option<i64> {
        published().step_of(&code.into(), last_step, Timestamp::from_seconds(seconds))
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The last six of the eight digits that the RFC lists.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step(code, 0, seconds), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_once_and_for_a_short_time() {
        let code = "081804";
        let at = 1_111_111_109;
        assert_eq!(step("081 804", 0, at), Some(at / 30));
        assert_eq!(step(code, at / 30, at), None, "used");
        assert_eq!(step(code, 0, at + 30), Some(at / 30), "a slow clock");
        assert_eq!(step(code, 0, at - 30), Some(at / 30), "a fast clock");
        assert_eq!(step(code, 0, at + 60), None);
        assert_eq!(step("081805", 0, at), None);
        for code in ["", "81804", "0081804", "x81804"] {
            assert_eq!(step(code, 0, at), None, "{code:?}");
        }
    }

    #[test]
    fn a_secret_is_read_as_people_write_it() {
        let base32 = published().to_base32();
        let text = base32.expose_secret();
        assert_eq!(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let spaced = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";
        let read = AuthenticatorSecret::from_base32(spaced).unwrap();
        assert_eq!(read.as_bytes(), published().as_bytes());
        assert!(
            AuthenticatorSecret::from_base32("GEZDGNBV").is_none(),
            "too short"
        );
        assert!(AuthenticatorSecret::from_base32("!").is_none());
        let url = published().to_url("ada@contoso.example").unwrap();
        let url = url.expose_secret();
        assert!(
            url.starts_with("otpauth://totp/Casbah:ada%40contoso.example?"),
            "{url}"
        );
        assert!(url.contains(text) && url.contains("issuer=Casbah"), "{url}");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text: String, seconds: i64) {
            let _: Option<AuthenticatorSecret> = AuthenticatorSecret::from_base32(&text);
            let _: Option<i64> = step(&text, 0, seconds / 1000);
        }
    }
}
