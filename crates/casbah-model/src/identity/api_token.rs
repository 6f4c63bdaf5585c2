//! Legacy API tokens: `Authorization: Token …`, with the rights of whoever made them.

use super::{Digest, DirectoryRole};
use crate::ids::{KeyId, ObjectId, TenantId};
use crate::time::{DAY_MS, Timestamp};

/// How long a token counts as active after a use.
const ACTIVE_MS: i64 = 7 * DAY_MS;

/// A legacy API token. It stays when its issuer is gone, and then allows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id; the token's text says nothing of it.
    pub id: KeyId,
    /// The tenant.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// SHA-256 of its text, which nobody keeps.
    pub digest: Digest,
    /// Whose rights it carries.
    pub issuer: ObjectId,
    /// The issuer's name when the token was made.
    pub issuer_name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was used last, to the hour.
    pub last_used: Option<Timestamp>,
}

/// What is known of a token's use, by the original's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiTokenState {
    /// Never used.
    Generated,
    /// Used within seven days.
    Active,
    /// Used before that.
    Inactive,
}

impl ApiTokenState {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generated => "Generated",
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

impl ApiToken {
    /// What is known of its use.
    pub fn state(&self, now: Timestamp) -> ApiTokenState {
        match self.last_used {
            None => ApiTokenState::Generated,
            Some(used) if used >= now.plus_millis(-ACTIVE_MS) => ApiTokenState::Active,
            Some(_) => ApiTokenState::Inactive,
        }
    }
}

/// Whether people with this role may make tokens, and see and revoke their own.
///
/// After MicrosoftDocs/CloudAppSecurityDocs `manage-admins.md`: a global reader may not.
pub const fn may_have_api_tokens(role: DirectoryRole) -> bool {
    matches!(
        role,
        DirectoryRole::GlobalAdministrator
            | DirectoryRole::SecurityAdministrator
            | DirectoryRole::CloudAppSecurityAdministrator
            | DirectoryRole::SecurityOperator
            | DirectoryRole::SecurityReader
    )
}

/// Whether people with this role see and revoke everybody's tokens.
pub const fn may_manage_api_tokens(role: DirectoryRole) -> bool {
    matches!(
        role,
        DirectoryRole::GlobalAdministrator
            | DirectoryRole::SecurityAdministrator
            | DirectoryRole::CloudAppSecurityAdministrator
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_active_for_seven_days_after_a_use() {
        let now = Timestamp(100 * DAY_MS);
        for (last_used, state) in [
            (None, ApiTokenState::Generated),
            (Some(now), ApiTokenState::Active),
            (Some(now.minus_days(7)), ApiTokenState::Active),
            (
                Some(now.minus_days(7).plus_millis(-1)),
                ApiTokenState::Inactive,
            ),
        ] {
            let token = ApiToken {
                id: KeyId::random(),
                tenant: TenantId::random(),
                name: "SOAR".to_owned(),
                digest: Digest::new([0; 32]),
                issuer: ObjectId::random(),
                issuer_name: "anna@contoso.example".to_owned(),
                created: Timestamp(0),
                last_used,
            };
            assert_eq!(token.state(now), state, "{last_used:?}");
        }
    }

    #[test]
    fn who_manages_tokens_may_have_them() {
        for role in DirectoryRole::ALL {
            assert!(may_have_api_tokens(role) || !may_manage_api_tokens(role));
        }
        assert!(!may_have_api_tokens(DirectoryRole::GlobalReader));
        assert!(!may_manage_api_tokens(DirectoryRole::SecurityReader));
    }
}
