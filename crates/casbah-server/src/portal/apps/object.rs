//! What all pages of one application share: its name, and the way between them.

use casbah_model::identity::{SignInAudience, Tenant};
use casbah_model::ids::ObjectId;

use crate::portal::error::PortalError;
use crate::portal::objects::Application;
use crate::portal::visitor::Visitor;

/// A page of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Authentication,
    Credentials,
    Permissions,
    Owners,
    Usage,
}

impl Tab {
    pub(super) const ALL: [Self; 6] = [
        Self::Overview,
        Self::Authentication,
        Self::Credentials,
        Self::Permissions,
        Self::Owners,
        Self::Usage,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Authentication => "Authentication",
            Self::Credentials => "Certificates & secrets",
            Self::Permissions => "API permissions",
            Self::Owners => "Owners",
            Self::Usage => "Usage",
        }
    }

    const fn segment(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Authentication => "/authentication",
            Self::Credentials => "/credentials",
            Self::Permissions => "/permissions",
            Self::Owners => "/owners",
            Self::Usage => "/usage",
        }
    }

    /// The address of this page of an application.
    pub(super) fn address(self, id: ObjectId) -> String {
        format!("/portal/apps/{id}{}", self.segment())
    }
}

/// The head of an application's page.
pub(super) struct Object<'a> {
    pub(super) app: &'a Application,
    pub(super) tab: Tab,
}

impl<'a> Object<'a> {
    pub(super) const fn new(app: &'a Application, tab: Tab) -> Self {
        Self { app, tab }
    }

    /// The address of a page of the same application.
    pub(super) fn to(&self, tab: Tab) -> String {
        tab.address(self.app.id)
    }
}

/// The application of the visitor's tenant with this id.
pub(super) async fn find(visitor: &Visitor, id: ObjectId) -> Result<Application, PortalError> {
    visitor
        .directory()
        .get(&format!("/applications/{id}"))
        .await
}

/// Which accounts may use an application, in the words of Entra's portal.
pub(super) fn audience_title(audience: SignInAudience, tenant: &Tenant) -> String {
    match audience {
        SignInAudience::AzureADMyOrg => format!(
            "Accounts in this organizational directory only ({} only - Single tenant)",
            tenant.display_name
        ),
        SignInAudience::AzureADMultipleOrgs => {
            "Accounts in any organizational directory (Any directory - Multitenant)".to_owned()
        }
    }
}
