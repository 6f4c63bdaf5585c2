//! One application as the tenant has it: its properties, and taking it out again.

use askama::Template;
use casbah_model::identity::FIRST_PARTY_TENANT;
use casbah_model::ids::{ObjectId, TenantId};
use serde_json::json;

use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::Principal;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// Whose application it is.
#[derive(Debug, Clone)]
pub(super) struct Publisher {
    /// The domain of the organisation, or its id where no more is known.
    pub(super) name: String,
    /// Whether it comes with the server.
    pub(super) is_built_in: bool,
    /// Whether it is the visitor's own.
    pub(super) is_own: bool,
}

impl Publisher {
    /// Who publishes the applications of a tenant. The domain is what consent pages
    /// show of it, too.
    pub(super) async fn find(visitor: &Visitor, owner: TenantId) -> Result<Self, PortalError> {
        let is_built_in = owner == FIRST_PARTY_TENANT;
        let name = if is_built_in {
            "Casbah".to_owned()
        } else {
            let tenant = visitor.app.store.tenant(owner).await?;
            tenant.map_or_else(|| owner.to_string(), |tenant| tenant.default_domain)
        };
        Ok(Self {
            name,
            is_built_in,
            is_own: owner == visitor.tenant.id,
        })
    }
}

/// The head of an application's page.
pub(super) struct Object {
    pub(super) principal: Principal,
    pub(super) publisher: Publisher,
    pub(super) tab: Tab,
}

/// A page of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Properties,
    Permissions,
}

impl Tab {
    pub(super) const ALL: [Self; 2] = [Self::Properties, Self::Permissions];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Properties => "Properties",
            Self::Permissions => "Permissions",
        }
    }

    /// The address of this page of an application.
    pub(super) fn address(self, id: ObjectId) -> String {
        match self {
            Self::Properties => format!("/portal/enterprise_apps/{id}"),
            Self::Permissions => format!("/portal/enterprise_apps/{id}/permissions"),
        }
    }
}

impl Object {
    /// The application of the visitor's tenant with this id.
    pub(super) async fn find(
        visitor: &Visitor,
        id: ObjectId,
        tab: Tab,
    ) -> Result<Self, PortalError> {
        let path = format!("/servicePrincipals/{id}");
        let principal: Principal = visitor.directory().get(&path).await?;
        let publisher = Publisher::find(visitor, principal.app_owner_organization_id).await?;
        Ok(Self {
            principal,
            publisher,
            tab,
        })
    }

    /// The address of a page of the same application.
    pub(super) fn to(&self, tab: Tab) -> String {
        tab.address(self.principal.id)
    }
}

#[derive(Template)]
#[template(path = "portal/enterprise/properties.html")]
struct Properties<'a> {
    frame: Frame<'a>,
    object: &'a Object,
}

/// `GET /portal/enterprise_apps/{id}`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let object = Object::find(&visitor, id, Tab::Properties).await?;
    let title = object.principal.display_name.as_str();
    let page = Properties {
        frame: Frame::new(&visitor, Section::EnterpriseApps, title),
        object: &object,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/enterprise_apps/{id}`
pub(super) async fn save(posted: Posted, id: ObjectId) -> Answer {
    let body = json!({
        "accountEnabled": posted.text("enabled") == "yes",
        "appRoleAssignmentRequired": posted.text("assignment_required") == "yes",
    });
    let path = format!("/servicePrincipals/{id}");
    posted.visitor.directory().patch(&path, &body).await?;
    Ok(Done::PrincipalChanged.at(&Tab::Properties.address(id)))
}

/// `GET /portal/enterprise_apps/{id}/delete`
pub(super) async fn ask_delete(visitor: Visitor, id: ObjectId) -> Answer {
    let object = Object::find(&visitor, id, Tab::Properties).await?;
    render_delete(&visitor, &object, None)
}

fn render_delete(visitor: &Visitor, object: &Object, complaint: Option<String>) -> Answer {
    let (id, name) = (object.principal.id, object.principal.display_name.as_str());
    let title = format!("Delete {name}");
    let tenant = &visitor.tenant.display_name;
    let page = Confirm {
        frame: Frame::new(visitor, Section::EnterpriseApps, &title),
        text: format!(
            "The application loses everything that was granted to it in {tenant}, and its tokens \
             here end within seconds. To use it again, an administrator must consent anew."
        ),
        lines: vec![
            format!("Publisher: {}", object.publisher.name),
            format!("Application ID: {}", object.principal.app_id),
        ],
        action: format!("/portal/enterprise_apps/{id}/delete"),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: Tab::Properties.address(id),
        typed: Some(name),
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/enterprise_apps/{id}/delete`
pub(super) async fn delete(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let object = Object::find(visitor, id, Tab::Properties).await?;
    if posted.text("typed") != object.principal.display_name {
        let complaint = "The name is not the same: nothing was deleted.".to_owned();
        return render_delete(visitor, &object, Some(complaint));
    }
    let path = format!("/servicePrincipals/{id}");
    match visitor.directory().delete(&path).await {
        Ok(()) => Ok(Done::PrincipalDeleted.at("/portal/enterprise_apps")),
        Err(error) => render_delete(visitor, &object, Some(error.complaint()?)),
    }
}
