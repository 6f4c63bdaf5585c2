//! One request of a browser to the pages of sign-in.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;

use super::error::SignInError;
use crate::identity::context::RequestContext;
use crate::identity::source::Source;
use crate::identity::throttle::Throttle;
use crate::state::AppState;

/// What is known of a request before any of it is understood.
#[derive(axum::extract::FromRequestParts)]
#[from_request(state(AppState))]
pub(super) struct Visit {
    #[from_request(via(State))]
    pub(super) app: AppState,
    segment: Option<Path<String>>,
    query: RawQuery,
    pub(super) headers: HeaderMap,
    pub(super) context: RequestContext,
    pub(super) source: Source,
    pub(super) throttle: Extension<Arc<Throttle>>,
}

impl Visit {
    /// The tenant in the address; a page that has none there is for all.
    pub(super) fn segment(&self) -> &str {
        self.segment
            .as_ref()
            .map_or("organizations", |Path(segment)| segment)
    }

    /// Counts a sign-in of this address that is about to leave a row, though nobody is
    /// proven yet.
    pub(super) fn count_start(&self) -> Result<(), SignInError> {
        let waiting = self.throttle.begin_sign_in(self.source, self.context.now);
        waiting.map_or(Ok(()), |seconds| Err(SignInError::TooMany { seconds }))
    }

    /// The query.
    pub(super) fn query(&self) -> &str {
        self.query.0.as_deref().unwrap_or_default()
    }
}
