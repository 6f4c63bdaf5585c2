//! The frame that all pages of the portal stand in, and the headers that guard them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use casbah_model::identity::{Tenant, User};
use casbah_model::permission::{Action, CasbahRole};

use super::done;
use super::html;
use super::pages::Answer;
use super::visitor::Visitor;
use crate::auth::Need;
use crate::identity::context::RequestContext;
use crate::identity::graph::Right;

/// A part of the portal, as the navigation shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The first page.
    Overview,
    /// What was found in what people did.
    Alerts,
    /// What people did in the apps.
    Activities,
    /// People and their roles.
    Users,
    /// How the visitor signs in, and where.
    Security,
    /// Applications of this tenant.
    AppRegistrations,
    /// Applications that are present in this tenant.
    EnterpriseApps,
    /// Looking into tokens and asking for them.
    TokenTools,
    /// The organisation: its name, domains and policies.
    Tenant,
    /// Other providers through which people sign in.
    IdentityProviders,
    /// Legacy API tokens.
    ApiTokens,
    /// Who did what.
    Audit,
    /// When credentials end.
    Credentials,
    /// Keys that sign tokens.
    Keys,
    /// Addresses and versions.
    About,
}

/// Parts that stand together in the navigation.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// What stands above them; empty where nothing does.
    pub(super) title: &'static str,
    /// The parts.
    pub(super) sections: Vec<Section>,
}

/// The navigation: titles, and what stands under each.
const NAVIGATION: &[(&str, &[Section])] = &[
    ("", &[Section::Overview]),
    ("Investigation", &[Section::Alerts, Section::Activities]),
    (
        "Applications",
        &[
            Section::AppRegistrations,
            Section::EnterpriseApps,
            Section::TokenTools,
        ],
    ),
    ("People", &[Section::Users, Section::Security]),
    (
        "Settings",
        &[
            Section::Tenant,
            Section::IdentityProviders,
            Section::ApiTokens,
            Section::Audit,
            Section::Credentials,
            Section::Keys,
            Section::About,
        ],
    ),
];

/// What of the navigation is for the visitor.
fn navigation(visitor: &Visitor) -> Vec<Group> {
    let groups = NAVIGATION.iter().map(|(title, sections)| {
        let sections = sections.iter().copied();
        Group {
            title,
            sections: sections.filter(|one| one.is_for(visitor)).collect(),
        }
    });
    groups.filter(|group| !group.sections.is_empty()).collect()
}

impl Section {
    /// Whether the visitor would be let in; the page itself asks again.
    fn is_for(self, visitor: &Visitor) -> bool {
        match self {
            Self::Alerts => visitor.api().lets_in(Need::Action(Action::AlertsRead)),
            Self::Activities => visitor.api().lets_in(Need::Action(Action::ActivitiesRead)),
            Self::IdentityProviders => visitor.directory().lets_do(Right::ManageSignIn),
            Self::Audit | Self::Credentials => {
                let need = Need::Casbah(CasbahRole::AuditRead);
                visitor.api().lets_in(need)
            }
            Self::ApiTokens => {
                let need = Need::Casbah(CasbahRole::ApiTokenManage);
                visitor.api().lets_in(need)
            }
            Self::Keys => {
                let need = Need::Casbah(CasbahRole::TenantManage);
                visitor.tenant.is_home && visitor.api().lets_in(need)
            }
            Self::Overview
            | Self::Users
            | Self::Security
            | Self::AppRegistrations
            | Self::EnterpriseApps
            | Self::TokenTools
            | Self::Tenant
            | Self::About => true,
        }
    }

    /// The name in the navigation.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Alerts => "Alerts",
            Self::Activities => "Activities",
            Self::Users => "Users and roles",
            Self::Security => "Security info",
            Self::AppRegistrations => "App registrations",
            Self::EnterpriseApps => "Enterprise applications",
            Self::TokenTools => "Token tools",
            Self::Tenant => "Tenant",
            Self::IdentityProviders => "Identity providers",
            Self::ApiTokens => "API tokens",
            Self::Audit => "Audit logs",
            Self::Credentials => "Credentials",
            Self::Keys => "Signing keys",
            Self::About => "About",
        }
    }

    /// Its first page.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Overview => "/portal/",
            Self::Alerts => "/portal/alerts",
            Self::Activities => "/portal/activities",
            Self::Users => "/portal/users",
            Self::Security => "/portal/security",
            Self::AppRegistrations => "/portal/apps",
            Self::EnterpriseApps => "/portal/enterprise_apps",
            Self::TokenTools => "/portal/tokens",
            Self::Tenant => "/portal/tenant",
            Self::IdentityProviders => "/portal/identity-providers",
            Self::ApiTokens => "/portal/api-tokens",
            Self::Audit => "/portal/audit",
            Self::Credentials => "/portal/credentials",
            Self::Keys => "/portal/keys",
            Self::About => "/portal/about",
        }
    }
}

/// What the frame of a page shows.
pub(super) struct Frame<'a> {
    /// The page's title.
    pub(super) title: &'a str,
    /// The part that it belongs to.
    pub(super) section: Section,
    /// Who looks at it.
    pub(super) user: &'a User,
    /// The person's tenant.
    pub(super) tenant: &'a Tenant,
    /// The token of its forms.
    pub(super) csrf: String,
    /// What the form that led here did; empty if none did.
    pub(super) done: &'static str,
    /// The navigation.
    pub(super) navigation: Vec<Group>,
}

impl<'a> Frame<'a> {
    /// The frame of a page for this visitor.
    pub(super) fn new(visitor: &'a Visitor, section: Section, title: &'a str) -> Self {
        Self {
            title,
            section,
            user: &visitor.user,
            tenant: &visitor.tenant,
            csrf: visitor.csrf(),
            done: done::text(visitor.query.text(done::PARAMETER)),
            navigation: navigation(visitor),
        }
    }
}

/// A part of the portal that is not for the visitor.
#[derive(Template)]
#[template(path = "portal/closed.html")]
struct Closed<'a> {
    frame: Frame<'a>,
    why: &'a str,
}

/// The answer in place of a page that is not for the visitor; `why` says who may see it, and
/// why nobody else.
pub(super) fn closed(visitor: &Visitor, section: Section, title: &str, why: &str) -> Answer {
    let page = Closed {
        frame: Frame::new(visitor, section, title),
        why,
    };
    let status = StatusCode::FORBIDDEN;
    Ok(html::page(page.render()?, status, RULES, &visitor.context))
}

/// A text alone.
#[derive(Template)]
#[template(path = "portal/notice.html")]
pub(super) struct Notice<'a> {
    /// The heading.
    pub(super) heading: &'a str,
    /// What the person can do.
    pub(super) text: &'a str,
    /// What helps to find the request in the log.
    pub(super) detail: &'a str,
}

/// Scripts and styles of our own files alone, forms to this server alone.
const RULES: &str = "script-src 'self'; img-src 'self'; form-action 'self'";

/// Shows a page.
pub(super) fn show(
    page: &impl Template,
    context: &RequestContext,
) -> Result<Response, askama::Error> {
    Ok(html::page(page.render()?, StatusCode::OK, RULES, context))
}

/// Sends the browser to another page of ours.
pub(super) fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Shows a text in place of a page.
pub(super) fn notice(page: &Notice<'_>, status: StatusCode, context: &RequestContext) -> Response {
    let text = page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be written");
        String::new()
    });
    html::page(text, status, RULES, context)
}
