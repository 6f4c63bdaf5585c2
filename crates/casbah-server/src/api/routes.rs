//! Routes that name what they need: nothing is open by forgetting.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;

use super::error::ApiError;
use crate::auth::{Need, SignedInPerson, authorize};
use crate::identity::context::RequestContext;
use crate::state::App;

/// Routes of the API, each behind its need.
pub(crate) struct Routes {
    app: Arc<App>,
    router: Router<Arc<App>>,
}

impl Routes {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            router: Router::new(),
        }
    }

    /// Adds a route; the handler finds its [`Caller`](crate::auth::Caller) as an
    /// extension.
    pub(crate) fn route(
        mut self,
        path: &str,
        need: Need,
        handlers: MethodRouter<Arc<App>>,
    ) -> Self {
        let guarded = (Arc::clone(&self.app), need, Arc::from(path));
        let guard = middleware::from_fn_with_state(guarded, guard);
        self.router = self.router.route(path, handlers.layer(guard));
        self
    }

    pub(crate) fn into_router(self) -> Router<Arc<App>> {
        self.router
    }
}

async fn guard(
    State((app, need, path)): State<(Arc<App>, Need, Arc<str>)>,
    context: RequestContext,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let person = request.extensions_mut().remove::<SignedInPerson>();
    let caller = if let Some(person) = person {
        person.authorize(need)?
    } else {
        let mut caller = authorize(&app, request.headers(), need).await?;
        caller.origin = context.origin();
        caller
    };
    if let Some((client, roles)) = caller.roles_for(need) {
        let call = format!("{} {path}", request.method());
        app.usage.note(
            caller.tenant,
            client,
            &roles,
            need.used(),
            &call,
            context.now,
        );
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
