//! *Add a permission*: first the API, then its permissions.

use askama::Template;
use casbah_model::identity::{
    CLOUD_APP_SECURITY, RequiredResourceAccess, ResourceAccess, ResourceAccessType,
};
use casbah_model::ids::{AppId, KeyId, ObjectId};
use serde_json::json;

use super::super::object::{Object, Tab, find};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::{Application, Principal};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::permissions::{Offered, kind_name, kind_of};
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// Names that a resource is searched by beside its own: the API keeps its first name,
/// while its documentation calls it by the new one.
const OTHER_NAMES: [(AppId, &str); 1] = [(
    CLOUD_APP_SECURITY.app_id,
    "Microsoft Defender for Cloud Apps",
)];

struct Resource {
    principal: Principal,
    other_name: &'static str,
    permissions: usize,
}

impl Resource {
    fn new(principal: Principal) -> Self {
        let mut names = OTHER_NAMES.iter();
        let other = names.find(|(app, _)| *app == principal.app_id);
        let count = |kind| principal.offers(kind).len();
        Self {
            permissions: count(ResourceAccessType::Role) + count(ResourceAccessType::Scope),
            other_name: other.map_or("", |(_, name)| name),
            principal,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/apps/permissions_resources.html")]
struct Resources<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    table: Table<Resource>,
}

/// `GET /portal/apps/{id}/permissions/add`: the APIs of the organisation.
pub(super) async fn resources(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find(&visitor, id).await?;
    let all: Vec<Principal> = visitor
        .directory()
        .list("/servicePrincipals?$top=999")
        .await?;
    let mut rows: Vec<_> = all.into_iter().map(Resource::new).collect();
    rows.retain(|row| row.permissions > 0);
    // The API of this server is what most people come for.
    rows.sort_by_cached_key(|row| {
        let is_other = row.principal.app_id != CLOUD_APP_SECURITY.app_id;
        (is_other, row.principal.display_name.to_lowercase())
    });
    let columns = [
        Column::new("name", "Name", |row: &Resource| {
            Key::text(&row.principal.display_name)
        }),
        Column::new("app_id", "Application (client) ID", |row| {
            Key::text(&row.principal.app_id.to_string())
        }),
        Column::new("permissions", "Permissions", |row| {
            Key::Number(i64::try_from(row.permissions).unwrap_or(i64::MAX))
        }),
    ];
    let text = |row: &Resource| {
        let Principal {
            display_name,
            app_id,
            ..
        } = &row.principal;
        format!("{display_name} {} {app_id}", row.other_name)
    };
    let path = format!("/portal/apps/{id}/permissions/add");
    let page = Resources {
        frame: Frame::new(
            &visitor,
            Section::AppRegistrations,
            "Request API permissions",
        ),
        object: Object::read(&visitor, &app, Tab::Permissions).await?,
        table: Table::new(&path, &visitor.query, &[], &columns, rows, text),
    };
    Ok(page::show(&page, &visitor.context)?)
}

#[derive(Template)]
#[template(path = "portal/apps/permissions_add.html")]
struct Add<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    resource: &'a Principal,
    kind: ResourceAccessType,
    offered: Vec<Choice>,
    complaint: Option<&'static str>,
}

struct Choice {
    offered: Offered,
    is_listed: bool,
}

impl Add<'_> {
    fn is_role(&self) -> bool {
        self.kind == ResourceAccessType::Role
    }

    /// The page for permissions of a kind.
    fn of(&self, kind: &str) -> String {
        let (id, resource) = (self.object.app.id, self.resource.app_id);
        format!("/portal/apps/{id}/permissions/add/{resource}?kind={kind}")
    }

    fn kind_name(&self) -> &'static str {
        kind_name(self.kind)
    }
}

/// `GET /portal/apps/{id}/permissions/add/{resource}`
pub(super) async fn show(visitor: Visitor, (id, resource): (ObjectId, AppId)) -> Answer {
    let app = find(&visitor, id).await?;
    let kind = kind_of(visitor.query.text("kind")).unwrap_or(ResourceAccessType::Role);
    render(&visitor, &app, resource, kind, None).await
}

async fn render(
    visitor: &Visitor,
    app: &Application,
    resource: AppId,
    kind: ResourceAccessType,
    complaint: Option<&'static str>,
) -> Answer {
    let resource = Principal::of_app(&visitor.directory(), resource).await?;
    let resource = resource.ok_or(PortalError::NotFound)?;
    let is_listed = |one: &Offered| {
        let mut all = app.required_resource_access.iter();
        let of_resource = all.find(|all| all.resource_app_id == resource.app_id);
        of_resource.is_some_and(|all| {
            let mut all = all.resource_access.iter();
            all.any(|access| access.kind == kind && access.id == one.id)
        })
    };
    let offered = resource.offers(kind).into_iter().map(|offered| Choice {
        is_listed: is_listed(&offered),
        offered,
    });
    let page = Add {
        frame: Frame::new(
            visitor,
            Section::AppRegistrations,
            "Request API permissions",
        ),
        object: Object::read(visitor, app, Tab::Permissions).await?,
        resource: &resource,
        kind,
        offered: offered.collect(),
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/permissions/add/{resource}`
pub(super) async fn add(posted: Posted, (id, resource): (ObjectId, AppId)) -> Answer {
    let visitor = &posted.visitor;
    let app = find(visitor, id).await?;
    let kind = kind_of(posted.text("kind")).ok_or(PortalError::Form)?;
    let chosen: Vec<KeyId> = posted
        .all("permission")
        .into_iter()
        .map(|id| id.parse().map_err(|_| PortalError::Form))
        .collect::<Result<_, _>>()?;
    if chosen.is_empty() {
        let complaint = Some("Choose at least one permission.");
        return render(visitor, &app, resource, kind, complaint).await;
    }
    // Nobody can consent to what the resource does not offer.
    let offering = Principal::of_app(&visitor.directory(), resource).await?;
    let offering = offering.ok_or(PortalError::NotFound)?;
    if chosen.iter().any(|id| offering.offer(kind, *id).is_none()) {
        return Err(PortalError::Form);
    }
    let mut required = app.required_resource_access;
    let place = required
        .iter()
        .position(|one| one.resource_app_id == resource);
    let place = place.unwrap_or_else(|| {
        required.push(RequiredResourceAccess {
            resource_app_id: resource,
            resource_access: Vec::new(),
        });
        required.len() - 1
    });
    let listed = &mut required[place].resource_access;
    for id in chosen {
        let access = ResourceAccess { id, kind };
        if !listed.contains(&access) {
            listed.push(access);
        }
    }
    let body = json!({ "requiredResourceAccess": required });
    visitor
        .directory()
        .patch(&format!("/applications/{id}"), &body)
        .await?;
    Ok(Done::PermissionsAdded.at(&Tab::Permissions.address(id)))
}
