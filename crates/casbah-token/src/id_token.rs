//! ID tokens (OpenID Connect Core 1.0, section 2).

use serde::Serialize;

use crate::access::{Life, TokenVersion};

/// An ID token to be signed: who signed in, told to the client itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    /// 2.0, or 1.0 for the older endpoint.
    pub version: TokenVersion,
    /// `aud`: the client's own id.
    pub audience: String,
    /// `iss`
    pub issuer: String,
    /// `tid`
    pub tenant: String,
    /// `oid`
    pub object_id: String,
    /// Pairwise `sub`.
    pub subject: String,
    /// The sign-in name: `preferred_username`, or `upn` and `unique_name`.
    pub upn: String,
    /// The display name.
    pub name: String,
    /// The value of the authorisation request, unchanged.
    pub nonce: Option<String>,
    /// When the person signed in, Unix seconds; sent when `max_age` was asked.
    pub auth_time: Option<i64>,
    /// From when to when.
    pub life: Life,
    /// `uti`, see [`crate::token_id`].
    pub token_id: String,
}

impl IdToken {
    /// The claims as they go into the token.
    pub(crate) fn wire(&self) -> Wire<'_> {
        let v1 = self.version == TokenVersion::V1;
        Wire {
            aud: &self.audience,
            iss: &self.issuer,
            iat: self.life.issued_at,
            nbf: self.life.not_before,
            exp: self.life.expires_at,
            auth_time: self.auth_time,
            name: &self.name,
            nonce: self.nonce.as_deref(),
            oid: &self.object_id,
            preferred_username: (!v1).then_some(&self.upn),
            sub: &self.subject,
            tid: &self.tenant,
            unique_name: v1.then_some(&self.upn),
            upn: v1.then_some(&self.upn),
            uti: &self.token_id,
            ver: self.version.value(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Wire<'a> {
    aud: &'a str,
    iss: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    oid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    sub: &'a str,
    tid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a str>,
    uti: &'a str,
    ver: &'a str,
}

#[cfg(test)]
mod tests {
    use crate::access::TokenVersion;
    use crate::testing::id_token;

    #[test]
    fn claims_are_those_of_the_version() {
        insta::assert_json_snapshot!("id_v1", id_token(TokenVersion::V1).wire());
        insta::assert_json_snapshot!("id_v2", id_token(TokenVersion::V2).wire());
    }
}
