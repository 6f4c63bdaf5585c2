//! Routes that name what they need: nothing is open by forgetting.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, post};
use casbah_model::filter::ListSpec;
use casbah_model::time::Timestamp;
use schemars::JsonSchema;

use super::error::ApiError;
use super::operation::{Answer, Content, Operation, Parameter, Takes};
use crate::auth::{Need, SignedInPerson, authorize};
use crate::identity::context::RequestContext;
use crate::state::App;

/// The original's API, whose requests are counted where the operator limits them; what
/// Casbah adds to it is not.
const THROTTLED: &str = "/api/";

/// Where a laboratory is controlled, which its own faults spare.
const LAB: &str = "/casbah/v1/lab/";

/// Routes of the API, each behind its need.
pub(crate) struct Routes {
    app: Arc<App>,
    router: Router<Arc<App>>,
    resource: &'static str,
    operations: Vec<Operation>,
}

impl Routes {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            router: Router::new(),
            resource: "",
            operations: Vec::new(),
        }
    }

    /// The same routes; those that follow are of this resource.
    pub(crate) const fn of(mut self, resource: &'static str) -> Self {
        self.resource = resource;
        self
    }

    /// Adds what GET reads. The handler finds its [`Caller`](crate::auth::Caller) as an
    /// extension, as that of every other operation does.
    pub(crate) fn get<T: 'static>(
        self,
        path: &str,
        need: Need,
        summary: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        self.operation(&["GET"], path, need, summary, get(handler))
    }

    /// Adds a list, which GET and POST ask for alike.
    pub(crate) fn list<T: 'static>(
        self,
        path: &str,
        need: Need,
        summary: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        let both = get(handler.clone()).post(handler);
        self.operation(&["GET", "POST"], path, need, summary, both)
    }

    /// Adds what POST does.
    pub(crate) fn post<T: 'static>(
        self,
        path: &str,
        need: Need,
        summary: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        self.operation(&["POST"], path, need, summary, post(handler))
    }

    /// Adds what POST does with a body of any length.
    pub(crate) fn post_stream<T: 'static>(
        self,
        path: &str,
        need: Need,
        summary: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        let handler = post(handler).layer(DefaultBodyLimit::disable());
        self.operation(&["POST"], path, need, summary, handler)
    }

    /// Adds what DELETE takes away.
    pub(crate) fn delete<T: 'static>(
        self,
        path: &str,
        need: Need,
        summary: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        self.operation(&["DELETE"], path, need, summary, delete(handler))
    }

    /// Adds what every method calls.
    pub(crate) fn any<T: 'static>(
        self,
        path: &str,
        need: Need,
        summary: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        self.operation(&["any method"], path, need, summary, any(handler))
    }

    fn operation(
        mut self,
        methods: &'static [&'static str],
        path: &str,
        need: Need,
        summary: &'static str,
        handlers: MethodRouter<Arc<App>>,
    ) -> Self {
        let guarded = (Arc::clone(&self.app), need, Arc::from(path));
        let guard = middleware::from_fn_with_state(guarded, guard);
        #[cfg(test)]
        let handlers = handlers.layer(middleware::from_fn_with_state(
            Arc::<str>::from(path),
            super::openapi::check::check,
        ));
        self.router = self.router.route(path, handlers.layer(guard));
        self.operations.push(Operation {
            resource: self.resource,
            summary,
            methods,
            path: path.to_owned(),
            need,
            takes: Takes::Nothing,
            answers: Vec::new(),
            names: Vec::new(),
        });
        self
    }

    /// Tells what the last operation takes beside its path.
    pub(crate) fn takes(self, parameters: &'static [Parameter]) -> Self {
        self.told(|operation| operation.takes = Takes::Parameters(parameters))
    }

    /// Tells that the last operation takes the parameters of a list, and these.
    pub(crate) fn takes_list(
        self,
        list: &'static ListSpec,
        parameters: &'static [Parameter],
    ) -> Self {
        self.told(|operation| operation.takes = Takes::List(list, parameters))
    }

    /// Tells that the last operation takes a body of any length.
    pub(crate) fn takes_file(
        self,
        media_types: &'static [&'static str],
        query: &'static [Parameter],
    ) -> Self {
        self.told(|operation| operation.takes = Takes::File { media_types, query })
    }

    /// Tells what the variable part of the last operation's path may be.
    pub(crate) fn names(self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.told(|operation| operation.names = names.into_iter().collect())
    }

    /// Tells what the last operation answers.
    pub(crate) fn answers<T: JsonSchema>(self) -> Self {
        self.answers_as::<T>(StatusCode::OK)
    }

    /// Tells what the last operation answers, and under which status.
    pub(crate) fn answers_as<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.told(|operation| operation.answers.push(Answer::json::<T>(status)))
    }

    /// Tells that the last operation answers a status alone.
    pub(crate) fn answers_nothing(self, status: StatusCode) -> Self {
        let content = Content::Nothing;
        self.told(|operation| operation.answers.push(Answer { status, content }))
    }

    /// Tells that the last operation answers text.
    pub(crate) fn answers_text(self, media_type: &'static str, about: &'static str) -> Self {
        let (status, content) = (StatusCode::OK, Content::Text(media_type, about));
        self.told(|operation| operation.answers.push(Answer { status, content }))
    }

    /// Tells that the last operation is a list that comes in pages.
    pub(crate) fn pages<T: JsonSchema>(self, list: &'static ListSpec) -> Self {
        self.pages_with::<T>(list, &[])
    }

    /// The same of a list that takes more parameters than others.
    pub(crate) fn pages_with<T: JsonSchema>(
        self,
        list: &'static ListSpec,
        parameters: &'static [Parameter],
    ) -> Self {
        self.takes_list(list, parameters)
            .told(|operation| operation.answers.push(Answer::page::<T>()))
    }

    /// Tells that the last operation, a list, also comes as lines.
    pub(crate) fn and_lines<T: JsonSchema>(self) -> Self {
        self.told(|operation| operation.answers.push(Answer::lines::<T>()))
    }

    fn told(mut self, tell: impl FnOnce(&mut Operation)) -> Self {
        if let Some(operation) = self.operations.last_mut() {
            tell(operation);
        }
        self
    }

    /// The router, and the operations in the order in which they were added.
    pub(super) fn into_parts(self) -> (Router<Arc<App>>, Vec<Operation>) {
        (self.router, self.operations)
    }
}

async fn guard(
    State((app, need, path)): State<(Arc<App>, Need, Arc<str>)>,
    context: RequestContext,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let person = request.extensions_mut().remove::<SignedInPerson>();
    let (is_portal, is_control) = (person.is_some(), path.starts_with(LAB));
    let caller = if let Some(person) = person {
        person.authorize(need)?
    } else {
        let mut caller = match authorize(&app, request.headers(), need, context.now).await {
            // Whoever has moved the clock must be able to move it back.
            Err(ApiError::Unauthorized) if is_control && app.lab.is_some() => {
                let system = Timestamp::of_system();
                authorize(&app, request.headers(), need, system).await?
            }
            caller => caller?,
        };
        caller.origin = context.origin();
        caller
    };
    let counts = !is_portal && path.starts_with(THROTTLED);
    let allowance = match counts.then(|| app.throttle.take(&caller)) {
        None => None,
        Some(Ok(allowance)) => allowance,
        Some(Err(throttled)) => {
            let seconds = throttled.seconds;
            let mut answer = ApiError::Throttled { seconds }.into_response();
            throttled.allowance.add_to(answer.headers_mut());
            return Ok(answer);
        }
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
    let tenant = caller.tenant;
    request.extensions_mut().insert(caller);
    let lab = app.lab.as_ref().filter(|_| !is_portal && !is_control);
    let mut answer = match lab {
        Some(lab) => lab.answer(tenant, request, next).await,
        None => next.run(request).await,
    };
    if let Some(allowance) = allowance {
        allowance.add_to(answer.headers_mut());
    }
    Ok(answer)
}
