//! What a reader takes from a verified token.

use serde_json::{Map, Value};

use crate::access::{ClientAuth, TokenVersion};

/// A claim is absent or not of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The claim is required.
    #[error("claim {0:?} is missing")]
    Missing(&'static str),
    /// The claim's value is of another type or out of range.
    #[error("claim {0:?} is not of its type")]
    WrongType(&'static str),
    /// `appid` and `azp` name different clients.
    #[error("the token names two clients")]
    TwoClients,
}

/// Whether an application or a person calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// An application of its own accord.
    App,
    /// A person through an application.
    User,
}

/// The claims of a verified access or ID token, of either version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `aud`: one or several.
    pub audiences: Vec<String>,
    /// `iss`
    pub issuer: String,
    /// `tid`
    pub tenant: String,
    /// `sub`
    pub subject: String,
    /// `oid`
    pub object_id: Option<String>,
    /// `appid` or `azp`.
    pub client_id: Option<String>,
    /// `appidacr` or `azpacr`.
    pub client_auth: Option<ClientAuth>,
    /// `idtyp`: `app` or `user`.
    pub identity_type: Option<String>,
    /// `roles`, empty when absent.
    pub roles: Vec<String>,
    /// `scp`, split at spaces; `None` when absent.
    pub scopes: Option<Vec<String>>,
    /// `iat`, Unix seconds.
    pub issued_at: Option<i64>,
    /// `nbf`, Unix seconds.
    pub not_before: Option<i64>,
    /// `exp`, Unix seconds.
    pub expires_at: i64,
    /// `uti`
    pub token_id: Option<String>,
    /// `ver`, when it is one of ours.
    pub version: Option<TokenVersion>,
    /// `upn` or `preferred_username`.
    pub upn: Option<String>,
    /// `name`
    pub name: Option<String>,
    /// `nonce`
    pub nonce: Option<String>,
    /// `amr`: how the person signed in (RFC 8176).
    pub methods: Vec<String>,
}

impl Claims {
    /// Takes the known claims out of a token's payload.
    ///
    /// # Errors
    /// [`ClaimError`] for the first claim that is missing or of another type.
    pub(crate) fn from_payload(payload: &Map<String, Value>) -> Result<Self, ClaimError> {
        let client_id = match (text(payload, "appid")?, text(payload, "azp")?) {
            (Some(appid), Some(azp)) if appid != azp => return Err(ClaimError::TwoClients),
            (appid, azp) => appid.or(azp),
        };
        let client_auth = text(payload, "appidacr")?.or(text(payload, "azpacr")?);
        Ok(Self {
            audiences: texts(payload, "aud")?.ok_or(ClaimError::Missing("aud"))?,
            issuer: text(payload, "iss")?.ok_or(ClaimError::Missing("iss"))?,
            tenant: text(payload, "tid")?.ok_or(ClaimError::Missing("tid"))?,
            subject: text(payload, "sub")?.ok_or(ClaimError::Missing("sub"))?,
            object_id: text(payload, "oid")?,
            client_id,
            client_auth: client_auth.and_then(|value| read_client_auth(&value)),
            identity_type: text(payload, "idtyp")?,
            roles: texts(payload, "roles")?.unwrap_or_default(),
            scopes: text(payload, "scp")?
                .map(|scopes| scopes.split_ascii_whitespace().map(str::to_owned).collect()),
            issued_at: numeric_date(payload, "iat")?,
            not_before: numeric_date(payload, "nbf")?,
            expires_at: numeric_date(payload, "exp")?.ok_or(ClaimError::Missing("exp"))?,
            token_id: text(payload, "uti")?,
            version: match text(payload, "ver")?.as_deref() {
                Some("1.0") => Some(TokenVersion::V1),
                Some("2.0") => Some(TokenVersion::V2),
                Some(_) | None => None,
            },
            upn: text(payload, "upn")?.or(text(payload, "preferred_username")?),
            name: text(payload, "name")?,
            nonce: text(payload, "nonce")?,
            methods: texts(payload, "amr")?.unwrap_or_default(),
        })
    }

    /// Who calls with this token. Where `idtyp` is absent, as in version 2.0
    /// tokens of the original, an application is told by having no scopes and
    /// being its own subject.
    pub fn caller(&self) -> CallerKind {
        match self.identity_type.as_deref() {
            Some("app") if self.scopes.is_none() => CallerKind::App,
            None if self.scopes.is_none() && self.object_id.as_ref() == Some(&self.subject) => {
                CallerKind::App
            }
            Some(_) | None => CallerKind::User,
        }
    }
}

fn read_client_auth(value: &str) -> Option<ClientAuth> {
    [
        ClientAuth::Public,
        ClientAuth::Secret,
        ClientAuth::Certificate,
    ]
    .into_iter()
    .find(|auth| auth.value() == value)
}

fn text(payload: &Map<String, Value>, name: &'static str) -> Result<Option<String>, ClaimError> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(ClaimError::WrongType(name)),
    }
}

/// A text, or an array of texts (RFC 7519 section 4.1.3).
fn texts(
    payload: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Vec<String>>, ClaimError> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(vec![value.clone()])),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or(ClaimError::WrongType(name)),
        Some(_) => Err(ClaimError::WrongType(name)),
    }
}

/// A `NumericDate` (RFC 7519 section 2), which may have a fraction. Fractions
/// are cut off; what is no plausible time is refused.
fn numeric_date(
    payload: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, ClaimError> {
    /// The end of the year 9999.
    const LAST: f64 = 253_402_300_799.0;

    let Some(value) = payload.get(name) else {
        return Ok(None);
    };
    let seconds = value
        .as_f64()
        .filter(|seconds| (0.0..=LAST).contains(seconds));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "cutting the fraction is meant, the range was checked"
    )]
    seconds
        .map(|seconds| Some(seconds as i64))
        .ok_or(ClaimError::WrongType(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Claims, ClaimError> {
        let Value::Object(payload) = value else {
            unreachable!("test payloads are objects");
        };
        Claims::from_payload(&payload)
    }

    fn minimal() -> Value {
        json!({"aud": "a", "iss": "i", "tid": "t", "sub": "s", "exp": 10})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut payload = minimal();
        payload[name] = value;
        payload
    }

    #[test]
    fn required_claims_are_required() {
        for name in ["aud", "iss", "tid", "sub", "exp"] {
            let mut payload = minimal();
            payload.as_object_mut().unwrap().remove(name);
            assert_eq!(read(payload), Err(ClaimError::Missing(name)));
        }
    }

    #[test]
    fn claims_of_another_type_are_refused() {
        for (name, value) in [
            ("aud", json!(1)),
            ("aud", json!(["a", 1])),
            ("iss", json!(["i"])),
            ("exp", json!("10")),
            ("exp", json!(-1)),
            ("exp", json!(1e300)),
            ("nbf", json!(true)),
            ("roles", json!({"a": 1})),
            ("scp", json!(["a"])),
        ] {
            assert_eq!(
                read(with(name, value.clone())),
                Err(ClaimError::WrongType(name)),
                "{name} {value}"
            );
        }
    }

    #[test]
    fn dates_may_have_a_fraction() {
        assert_eq!(read(with("exp", json!(10.9))).unwrap().expires_at, 10);
    }

    #[test]
    fn two_clients_in_one_token_are_refused() {
        let mut payload = with("appid", json!("a"));
        payload["azp"] = json!("b");
        assert_eq!(read(payload), Err(ClaimError::TwoClients));
    }

    #[test]
    fn only_a_token_without_scopes_is_an_applications() {
        for (payload, expected) in [
            (json!({"idtyp": "app", "oid": "s"}), CallerKind::App),
            (json!({"oid": "s"}), CallerKind::App),
            (json!({"oid": "other"}), CallerKind::User),
            (json!({}), CallerKind::User),
            (
                json!({"idtyp": "app", "scp": "x", "oid": "s"}),
                CallerKind::User,
            ),
            (json!({"scp": "", "oid": "s"}), CallerKind::User),
            (json!({"idtyp": "user", "oid": "s"}), CallerKind::User),
        ] {
            let mut whole = minimal();
            whole
                .as_object_mut()
                .unwrap()
                .extend(payload.as_object().unwrap().clone());
            assert_eq!(read(whole).unwrap().caller(), expected, "{payload}");
        }
    }
}
