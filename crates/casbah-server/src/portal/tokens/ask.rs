//! Asking for a token as an application does: the same request, decided, counted and
//! kept in the audit by the same code.

use askama::Template;
use casbah_identity::answer::TOKEN_SECONDS;
use casbah_model::claims::API_AUDIENCE;
use casbah_model::ids::AppId;

use super::Tool;
use super::advice::next_step;
use super::decode::Decoder;
use crate::identity::token;
use crate::portal::error::{PortalError, where_allowed};
use crate::portal::form::Posted;
use crate::portal::objects::Principal;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/tokens/ask.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    tool: Tool,
    app_id: &'a str,
    /// The application's name, where this tenant knows it.
    name: Option<String>,
    scope: &'a str,
    refused: Option<Refused>,
}

/// A refusal of the token endpoint.
struct Refused {
    text: String,
    next: &'static str,
}

#[derive(Template)]
#[template(path = "portal/tokens/answer.html")]
struct Answered<'a> {
    frame: Frame<'a>,
    tool: Tool,
    decoder: Decoder,
    token: &'a str,
    seconds: i64,
}

/// `GET /portal/tokens/request`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let scope = format!("{API_AUDIENCE}/.default");
    render(&visitor, visitor.query.text("app_id"), &scope, None).await
}

/// `POST /portal/tokens/request`: the token stands in this answer alone.
pub(super) async fn ask(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let (app_id, scope) = (posted.text("app_id"), posted.text("scope"));
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", app_id)
        .append_pair("client_secret", posted.raw("secret"))
        .append_pair("scope", scope)
        .finish();
    let (tenant, context) = (visitor.tenant.id, visitor.context);
    let throttle = visitor.throttle();
    match token::try_out(&visitor.app, tenant, context, throttle, form.into()).await {
        Ok(answer) => {
            let page = Answered {
                frame: Frame::new(visitor, Section::TokenTools, "Token tools"),
                tool: Tool::Ask,
                decoder: Decoder::new(),
                token: answer.access_token(),
                seconds: TOKEN_SECONDS,
            };
            Ok(page::show(&page, &context)?)
        }
        Err(report) => {
            let refused = Refused {
                text: report.description(),
                next: next_step(&report.error),
            };
            render(visitor, app_id, scope, Some(refused)).await
        }
    }
}

async fn render(visitor: &Visitor, app_id: &str, scope: &str, refused: Option<Refused>) -> Answer {
    let page = Ask {
        frame: Frame::new(visitor, Section::TokenTools, "Token tools"),
        tool: Tool::Ask,
        app_id,
        name: name(visitor, app_id).await?,
        scope,
        refused,
    };
    Ok(page::show(&page, &visitor.context)?)
}

async fn name(visitor: &Visitor, app_id: &str) -> Result<Option<String>, PortalError> {
    let Ok(app_id) = app_id.parse::<AppId>() else {
        return Ok(None);
    };
    let found = where_allowed(Principal::of_app(&visitor.directory(), app_id).await)?;
    Ok(found.flatten().map(|one| one.display_name))
}
