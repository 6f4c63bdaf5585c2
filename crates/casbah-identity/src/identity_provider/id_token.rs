//! Whether an ID token is a provider's answer to this sign-in (OpenID Connect Core 1.0
//! section 3.1.3.7).

use casbah_model::identity::{Digest, NameClaim};
use casbah_model::time::Timestamp;
use casbah_token::{IssuerKeys, ProviderToken};
use serde::Deserialize;
use serde_json::Value;

use crate::random::digest_of;

/// How far the clocks of two machines may be apart, seconds.
const LEEWAY: i64 = 300;
/// By how much a sign-in may seem older than it is, since times are whole seconds, seconds.
const ROUNDING: i64 = 2;
/// The longest subject (OpenID Connect Core 1.0 section 2).
const MAX_SUBJECT: usize = 255;
/// The longest name that is kept of a person.
const MAX_NAME: usize = 256;

/// What a token must be.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedToken<'a> {
    /// The provider's issuer.
    pub issuer: &'a str,
    /// The tenant's client at the provider.
    pub client_id: &'a str,
    /// SHA-256 of the nonce that the sign-in began with.
    pub nonce: Digest,
    /// The provider's keys.
    pub keys: &'a IssuerKeys,
    /// When the person was sent to the provider.
    pub begun: Timestamp,
    /// The present time.
    pub now: Timestamp,
}

/// When a person signed in at a provider, by the provider's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInAge {
    /// After being sent there.
    Now,
    /// Before: the provider knew the person.
    Earlier,
    /// The provider does not say.
    Unknown,
}

impl SignInAge {
    /// Both times are by the provider's clock, and what is compared is how long it took, so
    /// that no clocks need to agree.
    fn of(token: &ProviderToken<'_>, expected: &ExpectedToken<'_>) -> Self {
        let (Some(made), Some(signed_in)) = (token.issued_at(), token.time("auth_time")) else {
            return Self::Unknown;
        };
        let away = expected
            .now
            .seconds()
            .saturating_sub(expected.begun.seconds());
        match made.saturating_sub(signed_in) {
            // The future, or no seconds.
            age if age < -LEEWAY => Self::Unknown,
            age if age <= away.saturating_add(ROUNDING) => Self::Now,
            _ => Self::Earlier,
        }
    }
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenRefusal {
    /// It is no token.
    #[error("the ID token is no token")]
    Format,
    /// It is another issuer's.
    #[error("the ID token is of another issuer")]
    Issuer,
    /// It was given to another client.
    #[error("the ID token was given to another client")]
    Audience,
    /// It is not yet or no longer good.
    #[error("the ID token is not yet or no longer good")]
    Time,
    /// It answers another sign-in.
    #[error("the ID token answers another sign-in")]
    Nonce,
    /// None of the provider's keys signed it.
    #[error("the ID token is signed by no key of the provider")]
    Signature,
    /// It names nobody.
    #[error("the ID token names nobody")]
    Subject,
    /// `UserInfo` is none, or another person's.
    #[error("the UserInfo answer cannot be read or is another person's")]
    UserInfo,
}

/// Who signed in at a provider, by its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenPerson {
    /// `sub`, which the provider gives to nobody else.
    pub subject: String,
    /// `email`, if the provider says that it is the person's.
    pub verified_email: Option<String>,
    /// `preferred_username`
    pub preferred_username: Option<String>,
    /// `upn`
    pub upn: Option<String>,
    /// `name`
    pub display_name: Option<String>,
    /// By what the person was recognised (RFC 8176), if the provider says.
    pub methods: Vec<String>,
    /// When.
    pub age: SignInAge,
}

/// The answer of a provider's `UserInfo` endpoint (OpenID Connect Core 1.0 section 5.3.2).
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    email_verified: Option<Value>,
    preferred_username: Option<String>,
    upn: Option<String>,
    name: Option<String>,
}

impl ProvenPerson {
    /// What the claim says, if the ID token or `UserInfo` had it.
    pub fn claimed(&self, claim: NameClaim) -> Option<&str> {
        match claim {
            NameClaim::Email => self.verified_email.as_deref(),
            NameClaim::PreferredUsername => self.preferred_username.as_deref(),
            NameClaim::Upn => self.upn.as_deref(),
        }
    }

    /// Whether the provider says that more than one factor was asked for (RFC 8176 section 2),
    /// so that another one here would be one too many.
    pub fn proved_several_factors(&self) -> bool {
        self.methods.iter().any(|method| method == "mfa")
    }

    /// The person with the claims of a `UserInfo` answer that the ID token did not have.
    ///
    /// # Errors
    /// [`IdTokenRefusal::UserInfo`] when it is no such answer, or another person's: only its
    /// subject ties it to the token.
    pub fn with_user_info(mut self, document: &[u8]) -> Result<Self, IdTokenRefusal> {
        let info: UserInfo =
            serde_json::from_slice(document).map_err(|_| IdTokenRefusal::UserInfo)?;
        if info.sub != self.subject {
            return Err(IdTokenRefusal::UserInfo);
        }
        let is_verified = info.email_verified == Some(Value::Bool(true));
        let email = info.email.filter(|_| is_verified);
        let name = info.name.filter(|name| is_display_name(name));
        self.verified_email = self.verified_email.or(email);
        self.preferred_username = self.preferred_username.or(info.preferred_username);
        self.upn = self.upn.or(info.upn);
        self.display_name = self.display_name.or(name);
        Ok(self)
    }
}

/// Believes a token, or says why not.
///
/// # Errors
/// [`IdTokenRefusal`]
pub fn verify_id_token(
    text: &str,
    expected: &ExpectedToken<'_>,
) -> Result<ProvenPerson, IdTokenRefusal> {
    let token = ProviderToken::parse(text).map_err(|_| IdTokenRefusal::Format)?;
    if !token.is_signed_by(expected.keys) {
        return Err(IdTokenRefusal::Signature);
    }
    if token.issuer() != Some(expected.issuer) {
        return Err(IdTokenRefusal::Issuer);
    }
    if !token.is_given_to(expected.client_id) {
        return Err(IdTokenRefusal::Audience);
    }
    if !token.is_good_at(expected.now.seconds(), LEEWAY) {
        return Err(IdTokenRefusal::Time);
    }
    if token.text("nonce").map(digest_of) != Some(expected.nonce) {
        return Err(IdTokenRefusal::Nonce);
    }
    let subject = token.subject().filter(|subject| is_subject(subject));
    let subject = subject.ok_or(IdTokenRefusal::Subject)?;
    let text = |name| token.text(name).map(str::to_owned);
    let email = text("email").filter(|_| token.is_true("email_verified"));
    Ok(ProvenPerson {
        subject: subject.to_owned(),
        verified_email: email,
        preferred_username: text("preferred_username"),
        upn: text("upn"),
        display_name: text("name").filter(|name| is_display_name(name)),
        methods: token.texts("amr").into_iter().map(str::to_owned).collect(),
        age: SignInAge::of(&token, expected),
    })
}

/// A subject is compared letter by letter, so one with letters that a database might
/// change is none.
fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.len()) && !text.contains(char::is_control)
}

fn is_display_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_NAME && !text.contains(char::is_control)
}
