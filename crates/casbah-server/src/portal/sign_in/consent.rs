//! The consent page: what an application asks for, and the answer of who may give it.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::consent::{Ability, ConsentPlan, may};
use casbah_model::audit::AuditRecord;
use casbah_model::identity::{Application, ConsentType};
use casbah_store::StoreError;

use super::client::Client;
use super::conclude::{finish, refuse};
use super::error::SignInError;
use super::fields;
use super::flow::{Entry, Errand, Flow};
use super::pages::{self, AdministratorNeeded, ConsentPage, Message, Wish};
use super::session::{self, SignedIn};
use super::visit::Visit;
use crate::identity::consent::Proposal;
use crate::identity::context::RequestContext;
use crate::state::App;

/// How many of those who may consent a person without the right is told.
const SHOWN_APPROVERS: usize = 10;

/// A consent that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// By an administrator, for everyone.
    ByAdministrator,
    /// By a person for herself.
    ByPerson,
}

/// Who can answer the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Approval {
    /// An administrator, for everyone.
    ForEveryone,
    /// The person for herself; an administrator may do it for everyone.
    ForOneself { may_for_everyone: bool },
    /// Not this person.
    None,
}

impl Approval {
    fn of(flow: &Flow, plan: &ConsentPlan<'_>, person: &SignedIn) -> Self {
        if flow.wants_administrator() || plan.needs_administrator() {
            if plan.may_be_approved_by(&person.user) {
                return Self::ForEveryone;
            }
            return Self::None;
        }
        Self::ForOneself {
            may_for_everyone: may(&person.user, Ability::ConsentForEveryone),
        }
    }
}

/// Shows the page, or says who could answer it.
pub(super) async fn ask(
    app: &App,
    flow: &Flow,
    application: &Application,
    person: &SignedIn,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let asked = flow
        .asked()
        .ok_or_else(|| refuse(flow, AadError::Internal))?;
    let proposal = Proposal::find(app, application, asked, &person.user).await?;
    let plan = proposal.plan().map_err(|error| refuse(flow, error))?;
    show(app, flow, application, &plan, person, None, context).await
}

async fn show(
    app: &App,
    flow: &Flow,
    application: &Application,
    plan: &ConsentPlan<'_>,
    person: &SignedIn,
    message: Option<&str>,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let approval = Approval::of(flow, plan, person);
    let publisher = app.store.tenant(application.tenant).await?;
    let action = flow.consent_address();
    let csrf = person.csrf();
    if approval == Approval::None {
        told(
            app,
            person,
            flow,
            "consent.ask",
            &AadError::AdminConsentRequired,
            context,
        )
        .await?;
        let people = app.store.users(person.user.tenant).await?;
        let approvers = people.iter().filter(|user| plan.may_be_approved_by(user));
        let report = context.report(AadError::AdminConsentRequired);
        let page = AdministratorNeeded {
            client: &application.display_name,
            upn: &person.user.upn,
            approvers: approvers.take(SHOWN_APPROVERS).collect(),
            link: admin_link(app, person, application),
            action: &action,
            csrf: &csrf,
            can_go_back: flow.redirect_uri().is_some(),
            detail: report.description(),
        };
        return Ok(pages::form(
            &page,
            StatusCode::FORBIDDEN,
            flow.redirect_uri(),
            context,
        )?);
    }
    let page = ConsentPage {
        client: &application.display_name,
        client_id: application.app_id,
        publisher: publisher.as_ref(),
        is_own: application.tenant == person.user.tenant,
        upn: &person.user.upn,
        is_for_everyone: approval == Approval::ForEveryone,
        may_for_everyone: approval
            == Approval::ForOneself {
                may_for_everyone: true,
            },
        as_itself: plan.roles.iter().map(Wish::of_role).collect(),
        for_people: Wish::for_people(plan),
        unknown: plan.unknown.len(),
        action: &action,
        csrf: &csrf,
        mark: &plan.mark(),
        message,
    };
    Ok(pages::form(
        &page,
        StatusCode::OK,
        flow.redirect_uri(),
        context,
    )?)
}

/// The address to send to an administrator.
fn admin_link(app: &App, person: &SignedIn, application: &Application) -> String {
    let (origin, tenant) = (app.authority.origin(), person.user.tenant);
    format!(
        "{origin}/{tenant}/adminconsent?client_id={}",
        application.app_id
    )
}

/// The form's fields.
struct Form {
    csrf: String,
    mark: String,
    is_accepted: bool,
    is_for_everyone: bool,
}

impl Form {
    /// Reads the fields. What is not an acceptance is none.
    fn parse(body: &[u8]) -> Self {
        Self {
            csrf: fields::text(body, "csrf"),
            mark: fields::text(body, "mark"),
            is_accepted: fields::text(body, "decision") == "accept",
            is_for_everyone: fields::find(body, "for_everyone").is_some(),
        }
    }
}

/// Receives the answer.
pub(super) async fn receive(entry: Entry, visit: Visit, body: Bytes) -> Response {
    try_receive(entry, &visit, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_receive(entry: Entry, visit: &Visit, body: &[u8]) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let form = Form::parse(body);
    // The session that the page was shown in, and no other.
    let person = session::find(app, &visit.headers, context.now)
        .await?
        .filter(|person| person.has_shown(&form.csrf))
        .ok_or(SignInError::ForeignForm)?;
    let flow = Flow::read(app, entry, visit.segment(), visit.query()).await?;
    flow.check_person(&person.user)?;
    let is_here = flow
        .tenant
        .one()
        .is_none_or(|tenant| tenant.id == person.user.tenant);
    let application = flow.client().and_then(|client| client.application.as_ref());
    let (true, Some(application), Some(asked)) = (is_here, application, flow.asked()) else {
        return Err(SignInError::ForeignForm);
    };
    let proposal = Proposal::find(app, application, asked, &person.user).await?;
    let plan = proposal.plan().map_err(|error| refuse(&flow, error))?;
    let approval = Approval::of(&flow, &plan, &person);
    if !form.is_accepted {
        return decline(app, &flow, &person, approval, context).await;
    }
    if form.mark != plan.mark() {
        let message = "The application changed what it asks for since this page was shown. \
                       Please read it again.";
        return show(
            app,
            &flow,
            application,
            &plan,
            &person,
            Some(message),
            context,
        )
        .await;
    }
    let given = match approval {
        Approval::ForEveryone => Given::ByAdministrator,
        Approval::ForOneself { may_for_everyone } if may_for_everyone && form.is_for_everyone => {
            Given::ByAdministrator
        }
        Approval::ForOneself { .. } => Given::ByPerson,
        Approval::None => {
            return show(app, &flow, application, &plan, &person, None, context).await;
        }
    };
    let consent_type = match given {
        Given::ByAdministrator => ConsentType::AllPrincipals,
        Given::ByPerson => ConsentType::Principal(person.user.id),
    };
    let record = record(&person, &flow, "consent.give", context);
    let given_now = proposal.give(app, &plan, consent_type, context.now, record);
    match given_now.await {
        // The application or a resource went while the page was read.
        Err(StoreError::Conflict(_)) => {
            let id = application.app_id.to_string();
            return Err(refuse(&flow, AadError::ApplicationNotFound(id)));
        }
        outcome => outcome?,
    }
    finish(app, &flow, &person, Some(given), context).await
}

/// The person said no, or is one who cannot say yes and goes back.
async fn decline(
    app: &App,
    flow: &Flow,
    person: &SignedIn,
    approval: Approval,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let refusal = match approval {
        Approval::None => AadError::AdminConsentRequired,
        Approval::ForEveryone | Approval::ForOneself { .. } => AadError::ConsentRefused,
    };
    told(app, person, flow, "consent.refuse", &refusal, context).await?;
    if let Errand::AdminConsent(errand) = &flow.errand {
        let description = context.report(refusal.clone()).description();
        if let Some(answer) = errand.request.refused(description) {
            return Ok(pages::send_to_client(answer, context)?);
        }
    }
    Err(refuse(flow, refusal))
}

/// The page at the end of a consent that has no address to go to.
pub(super) fn kept(client: &Client, context: &RequestContext) -> Response {
    let page = Message {
        heading: "Consent was given",
        text: format!(
            "{} has the permissions in your organisation now. You can close this page.",
            client.sign_in.display_name
        ),
        detail: None,
    };
    pages::show(&page, StatusCode::OK, context)
}

fn record(
    person: &SignedIn,
    flow: &Flow,
    action: &'static str,
    context: &RequestContext,
) -> AuditRecord {
    AuditRecord::new(&person.user.upn, action, &flow.client_id())
        .at(context.now)
        .from(context.origin())
}

/// Keeps that no consent was given.
async fn told(
    app: &App,
    person: &SignedIn,
    flow: &Flow,
    action: &'static str,
    refusal: &AadError,
    context: &RequestContext,
) -> Result<(), SignInError> {
    let record = record(person, flow, action, context).refused(refusal.wire().code);
    Ok(app.audit.keep(Some(person.user.tenant), record).await?)
}
