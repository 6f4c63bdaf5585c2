//! Callers by a legacy API token (`Authorization: Token …`).

use casbah_identity::api_token::read_api_token;
use casbah_model::identity::may_have_api_tokens;
use casbah_model::time::Timestamp;

use super::{Caller, Need};
use crate::api::ApiError;
use crate::state::App;

/// How exactly the last use of a token is kept: one write an hour, not one a request.
const USE_GRAIN_MS: i64 = 3_600_000;

/// Whoever made the token, with the rights held now. It opens the original's API alone,
/// so no token makes another.
pub(super) async fn caller(app: &App, text: &str, need: Need) -> Result<Caller, ApiError> {
    let Need::Action(_) = need else {
        return Err(ApiError::Unauthorized);
    };
    let (tenant, digest) = read_api_token(text).ok_or(ApiError::Unauthorized)?;
    let token = app.store.api_token_by_digest(tenant, digest).await?;
    let token = token.ok_or(ApiError::Unauthorized)?;
    let issuer = app.store.user(tenant, token.issuer).await?;
    let may_have = |role: &_| may_have_api_tokens(*role);
    let issuer = issuer
        .filter(|user| user.enabled && user.roles.iter().any(may_have))
        .ok_or(ApiError::InvalidUser)?;
    let now = Timestamp::now();
    let is_kept = token
        .last_used
        .is_some_and(|used| used > now.plus_millis(-USE_GRAIN_MS));
    if !is_kept {
        app.store.note_api_token_use(tenant, token.id, now).await?;
    }
    Ok(Caller::by_roles_alone(&issuer, Vec::new()))
}
