//! Answers of the token endpoints (RFC 6749 section 5.1).
//!
//! The two endpoints disagree on types: version 1 writes numbers as strings.

use casbah_token::Life;
use serde::{Serialize, Serializer};

use crate::request::Endpoint;

/// How long an access token lives, seconds.
pub const TOKEN_SECONDS: i64 = 3599;

/// The body of a successful answer.
#[derive(Serialize)]
pub struct TokenAnswer {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    expires_in: NumberOrText,
    ext_expires_in: NumberOrText,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<NumberOrText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<NumberOrText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// What a person's grant answers beyond the access token.
#[derive(Default)]
pub struct UserAnswer {
    /// The scopes that were granted, separated by spaces.
    pub scope: String,
    /// The refresh token, if `offline_access` was granted.
    pub refresh_token: Option<String>,
    /// The ID token, if `openid` was granted.
    pub id_token: Option<String>,
    /// Who signed in, if the client asked.
    pub client_info: Option<String>,
}

impl TokenAnswer {
    /// The token.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// The answer to an application.
    pub fn for_app(endpoint: Endpoint, resource: &str, life: Life, access_token: String) -> Self {
        let number = |value| NumberOrText {
            value,
            as_text: endpoint == Endpoint::V1,
        };
        let only_v1 = |value| (endpoint == Endpoint::V1).then(|| number(value));
        Self {
            token_type: "Bearer",
            scope: None,
            expires_in: number(TOKEN_SECONDS),
            ext_expires_in: number(TOKEN_SECONDS),
            expires_on: only_v1(life.expires_at),
            not_before: only_v1(life.not_before),
            resource: (endpoint == Endpoint::V1).then(|| resource.to_owned()),
            access_token,
            refresh_token: None,
            id_token: None,
            client_info: None,
        }
    }

    /// The answer to an application that acts for a person.
    #[must_use]
    pub fn for_user(
        endpoint: Endpoint,
        resource: &str,
        life: Life,
        access_token: String,
        user: UserAnswer,
    ) -> Self {
        Self {
            scope: Some(user.scope),
            refresh_token: user.refresh_token,
            id_token: user.id_token,
            client_info: user.client_info,
            ..Self::for_app(endpoint, resource, life, access_token)
        }
    }
}

struct NumberOrText {
    value: i64,
    as_text: bool,
}

impl Serialize for NumberOrText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.as_text {
            serializer.collect_str(&self.value)
        } else {
            serializer.serialize_i64(self.value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_endpoint_writes_numbers_as_text() {
        let life = Life::starting(1_790_000_000, TOKEN_SECONDS);
        for (name, endpoint) in [("app_v1", Endpoint::V1), ("app_v2", Endpoint::V2)] {
            let answer = TokenAnswer::for_app(endpoint, "https://r/", life, "a.b.c".into());
            insta::assert_json_snapshot!(name, answer);
        }
        let user = UserAnswer {
            scope: "openid r/x".into(),
            refresh_token: Some("1.r".into()),
            id_token: Some("d.e.f".into()),
            client_info: Some("e30".into()),
        };
        let answer = TokenAnswer::for_user(Endpoint::V2, "r", life, "a.b.c".into(), user);
        insta::assert_json_snapshot!("user_v2", answer);
    }
}
