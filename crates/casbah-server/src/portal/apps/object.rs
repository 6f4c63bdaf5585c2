//! What all pages of one application share: its name, and the way between them.

use casbah_identity::consent::{Ability, may};
use casbah_model::identity::{SignInAudience, Tenant};
use casbah_model::ids::ObjectId;

use crate::portal::error::PortalError;
use crate::portal::objects::{Application, Owner};
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
    /// Whether the visitor may change it. The directory decides; this only tells
    /// beforehand.
    pub(super) is_manageable: bool,
}

impl<'a> Object<'a> {
    pub(super) async fn read(
        visitor: &Visitor,
        app: &'a Application,
        tab: Tab,
    ) -> Result<Self, PortalError> {
        Ok(Self {
            app,
            tab,
            is_manageable: is_manageable(visitor, app).await?,
        })
    }

    /// The address of a page of the same application.
    pub(super) fn to(&self, tab: Tab) -> String {
        tab.address(self.app.id)
    }
}

async fn is_manageable(visitor: &Visitor, app: &Application) -> Result<bool, PortalError> {
    if may(&visitor.user, Ability::ManageApplications) {
        return Ok(true);
    }
    let path = format!("/applications/{}/owners?$top=999", app.id);
    let owners: Vec<Owner> = visitor.directory().list(&path).await?;
    Ok(owners.iter().any(|owner| owner.id == visitor.user.id))
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
