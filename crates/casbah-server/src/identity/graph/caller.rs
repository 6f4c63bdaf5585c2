//! Who calls, and what the tenant lets the caller do by now.

use axum::http::HeaderMap;
use casbah_identity::consent::{Ability, may};
use casbah_model::identity::{FirstPartyApp, MICROSOFT_GRAPH, RESOURCE_MANAGER, Tenant, User};
use casbah_model::ids::{AppId, ObjectId};
use casbah_model::time::Timestamp;
use casbah_store::AuditRecord;
use casbah_token::{CallerKind, Claims};

use super::error::GraphError;
use crate::auth::{bearer, speaks_for, verify_bearer};
use crate::standing::Standing;
use crate::state::App;

const APPLICATIONS: &str = "Application.ReadWrite.All";
const ASSIGNMENTS: &str = "AppRoleAssignment.ReadWrite.All";
const OWN_PROFILE: &str = "User.Read";
/// Scopes that stand for all that the person may do.
const AS_PERSON: [&str; 2] = ["Directory.AccessAsUser.All", "user_impersonation"];

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Read applications, principals and what they were granted.
    Read,
    /// Read one's own profile.
    ReadOneself,
    /// Read people.
    ReadPeople,
    /// Make, change and delete people, give them roles and passwords.
    ManagePeople,
    /// End one's own sign-ins.
    SignOutOneself,
    /// Register an application or bring one into the tenant.
    Register,
    /// Change or delete anybody's applications and principals, give them secrets.
    Manage,
    /// Say what people without a role may do.
    SetPolicies,
    /// Say what the organisation is called.
    RenameOrganization,
    /// Read and say through which other providers people sign in.
    ManageSignIn,
    /// Grant app roles.
    GrantRoles,
    /// Grant delegated scopes.
    GrantScopes,
}

/// Who calls.
pub(crate) struct Caller {
    /// The caller's tenant, which every operation is about.
    pub(super) tenant: Tenant,
    kind: Kind,
}

enum Kind {
    App {
        client: AppId,
        principal: ObjectId,
        roles: Vec<String>,
    },
    Person {
        user: User,
        scopes: Vec<String>,
    },
}

impl Caller {
    /// The caller that a request's token names.
    pub(super) async fn find(app: &App, headers: &HeaderMap) -> Result<Self, GraphError> {
        let token = bearer(headers).ok_or(GraphError::Unauthenticated)?;
        let now = Timestamp::now();
        let (resource, claims) = [MICROSOFT_GRAPH, RESOURCE_MANAGER]
            .into_iter()
            .find_map(|resource| Some((resource, verify_bearer(app, token, &resource, now).ok()?)))
            .ok_or(GraphError::Unauthenticated)?;
        let tenant = claims
            .tenant
            .parse()
            .map_err(|_| GraphError::Unauthenticated)?;
        let tenant = app.store.tenant(tenant).await?;
        let tenant = tenant.ok_or(GraphError::Unauthenticated)?;
        let kind = match claims.caller() {
            CallerKind::App => application(app, &tenant, &claims).await?,
            CallerKind::User => person(app, &tenant, &resource, claims).await?,
        };
        Ok(Self { tenant, kind })
    }

    /// A person who is signed in here, and may do all that the person's roles allow.
    pub(crate) fn signed_in(tenant: Tenant, user: User) -> Self {
        let scopes = AS_PERSON.map(str::to_owned).to_vec();
        let kind = Kind::Person { user, scopes };
        Self { tenant, kind }
    }

    /// Refuses who may not.
    pub(super) fn require(&self, right: Right) -> Result<(), GraphError> {
        if self.may(right) {
            Ok(())
        } else {
            Err(GraphError::Forbidden)
        }
    }

    /// Whether the caller has a right.
    pub(crate) fn may(&self, right: Right) -> bool {
        match &self.kind {
            Kind::App { roles, .. } => app_may(roles, right),
            Kind::Person { user, scopes } => {
                scopes_reach(scopes, right) && person_may(user, &self.tenant, right)
            }
        }
    }

    /// Refuses who neither manages everything nor owns this object.
    pub(super) async fn require_over(&self, app: &App, object: ObjectId) -> Result<(), GraphError> {
        let refused = match self.require(Right::Manage) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let Kind::Person { user, scopes } = &self.kind else {
            return Err(refused);
        };
        let owns = scopes_reach(scopes, Right::Manage)
            && app.store.is_owner(user.tenant, object, user.id).await?;
        if owns { Ok(()) } else { Err(refused) }
    }

    /// Whether the caller registers by the tenant's leave alone, without a role.
    pub(super) fn is_mere_member(&self) -> bool {
        match &self.kind {
            Kind::App { .. } => false,
            Kind::Person { user, .. } => !may(user, Ability::RegisterApplications),
        }
    }

    /// The object that owns what the caller creates.
    pub(super) const fn object_id(&self) -> ObjectId {
        match &self.kind {
            Kind::App { principal, .. } => *principal,
            Kind::Person { user, .. } => user.id,
        }
    }

    /// The person who calls and reads what is there of herself.
    pub(super) fn oneself(&self) -> Result<&User, GraphError> {
        match &self.kind {
            Kind::App { .. } => Err(GraphError::NoPerson),
            Kind::Person { user, .. } => {
                self.require(Right::ReadOneself)?;
                Ok(user)
            }
        }
    }

    /// The person who calls, if that is somebody with this right; rules say over whom.
    pub(super) fn person_with(&self, right: Right) -> Result<&User, GraphError> {
        self.require(right)?;
        match &self.kind {
            Kind::App { .. } => Err(GraphError::Forbidden),
            Kind::Person { user, .. } => Ok(user),
        }
    }

    /// What the audit keeps of a change by this caller.
    pub(super) fn record(
        &self,
        now: Timestamp,
        action: &'static str,
        target: &impl ToString,
    ) -> AuditRecord {
        let actor = match &self.kind {
            Kind::App { client, .. } => client.to_string(),
            Kind::Person { user, .. } => user.upn.clone(),
        };
        AuditRecord::new(&actor, action, target).at(now)
    }
}

/// An application with the roles that it holds by now, which may be fewer than
/// its token says. The Azure CLI sends the token of its resource manager here,
/// which carries no roles, so those of the directory count either way.
async fn application(app: &App, tenant: &Tenant, claims: &Claims) -> Result<Kind, GraphError> {
    let client = client_of(claims)?;
    let roles = Standing::find(app, tenant.id, client, &MICROSOFT_GRAPH)
        .await?
        .and_then(|standing| standing.roles(claims.object_id.as_deref()))
        .ok_or(GraphError::Unauthenticated)?;
    let principal = claims.object_id.as_deref().and_then(|id| id.parse().ok());
    Ok(Kind::App {
        client,
        principal: principal.ok_or(GraphError::Unauthenticated)?,
        roles,
    })
}

/// A person with those of the token's scopes that the client still has.
async fn person(
    app: &App,
    tenant: &Tenant,
    resource: &FirstPartyApp,
    claims: Claims,
) -> Result<Kind, GraphError> {
    let standing = Standing::find(app, tenant.id, client_of(&claims)?, resource).await?;
    let standing = standing.ok_or(GraphError::Unauthenticated)?;
    let id = claims.object_id.as_deref().and_then(|id| id.parse().ok());
    let id: ObjectId = id.ok_or(GraphError::Unauthenticated)?;
    let user = app.store.user(tenant.id, id).await?;
    let user = user
        .filter(|user| speaks_for(&claims, user))
        .ok_or(GraphError::Unauthenticated)?;
    let claimed = claims.scopes.unwrap_or_default();
    let scopes = standing.scopes(app, id, &claimed).await?;
    Ok(Kind::Person { user, scopes })
}

fn client_of(claims: &Claims) -> Result<AppId, GraphError> {
    let client = claims.client_id.as_deref().and_then(|id| id.parse().ok());
    client.ok_or(GraphError::Unauthenticated)
}

fn app_may(roles: &[String], right: Right) -> bool {
    let has = |wanted: &str| roles.iter().any(|role| role == wanted);
    match right {
        Right::Read => has(APPLICATIONS) || has(ASSIGNMENTS),
        // People are managed by people.
        Right::ReadOneself
        | Right::ReadPeople
        | Right::ManagePeople
        | Right::ManageSignIn
        | Right::SignOutOneself
        | Right::RenameOrganization
        | Right::SetPolicies => false,
        Right::Register | Right::Manage => has(APPLICATIONS),
        Right::GrantRoles | Right::GrantScopes => has(ASSIGNMENTS),
    }
}

fn scopes_reach(scopes: &[String], right: Right) -> bool {
    let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
    AS_PERSON.into_iter().any(has)
        || match right {
            Right::Read => has(APPLICATIONS) || has(ASSIGNMENTS),
            Right::ReadOneself => has(OWN_PROFILE),
            Right::ReadPeople
            | Right::ManagePeople
            | Right::ManageSignIn
            | Right::SignOutOneself
            | Right::RenameOrganization
            | Right::SetPolicies => false,
            Right::Register | Right::Manage => has(APPLICATIONS),
            Right::GrantRoles | Right::GrantScopes => has(ASSIGNMENTS),
        }
}

fn person_may(user: &User, tenant: &Tenant, right: Right) -> bool {
    match right {
        Right::Read | Right::ReadOneself | Right::ReadPeople | Right::SignOutOneself => {
            user.enabled
        }
        Right::ManagePeople => may(user, Ability::ManagePeople),
        Right::Register => {
            may(user, Ability::RegisterApplications) || (user.enabled && tenant.members_register)
        }
        Right::SetPolicies => may(user, Ability::ManagePolicies),
        Right::RenameOrganization => may(user, Ability::ManageOrganization),
        Right::ManageSignIn => may(user, Ability::ManageSignIn),
        Right::Manage => may(user, Ability::ManageApplications),
        Right::GrantRoles => may(user, Ability::ConsentToAppRoles),
        Right::GrantScopes => may(user, Ability::ConsentForEveryone),
    }
}
