//! `/roleManagement/directory`: the roles of people.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::people::PersonChanges;
use casbah_model::identity::DirectoryRole;
use casbah_model::ids::ObjectId;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{change_person, find};
use crate::identity::graph::body;
use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;
use crate::identity::graph::wire;

/// The only scope of an assignment: the whole tenant.
const WHOLE_TENANT: &str = "/";
/// What an assignment's id ends with.
const ID_END: &str = "-1";

/// A role that a person has. There is no object of it: the person's record has the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Assignment {
    role: DirectoryRole,
    person: ObjectId,
}

impl Assignment {
    /// Its id says all of it: role and person, bytes in Microsoft's order of a GUID,
    /// base64url, as in the ids that Graph gives.
    fn id(self) -> String {
        let bytes = [
            self.role.template_id().to_bytes_le(),
            self.person.uuid().to_bytes_le(),
        ]
        .concat();
        format!("{}{ID_END}", URL_SAFE_NO_PAD.encode(bytes))
    }

    fn parse(id: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id.strip_suffix(ID_END)?).ok()?;
        let (role, person) = bytes.split_at_checked(16)?;
        let role = Uuid::from_bytes_le(role.try_into().ok()?);
        let person = Uuid::from_bytes_le(person.try_into().ok()?);
        Some(Self {
            role: DirectoryRole::by_template_id(role)?,
            person: ObjectId::new(person),
        })
    }

    fn wire(self) -> Value {
        json!({
            "id": self.id(),
            "principalId": self.person,
            "roleDefinitionId": self.role.template_id(),
            "directoryScopeId": WHOLE_TENANT,
        })
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "principalId")]
    person: ObjectId,
    #[serde(rename = "roleDefinitionId")]
    role: Uuid,
    #[serde(rename = "directoryScopeId", default = "whole_tenant")]
    scope: String,
}

fn whole_tenant() -> String {
    WHOLE_TENANT.to_owned()
}

/// `GET /roleManagement/directory/roleDefinitions`
pub(in crate::identity::graph) fn definitions(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let kept = call
        .options
        .keep(DirectoryRole::ALL.to_vec(), |role, name| match name {
            "id" | "templateid" => Some(vec![role.template_id().to_string()]),
            "displayname" => Some(vec![role.display_name().to_owned()]),
            _ => None,
        })?;
    let set = "roleManagement/directory/roleDefinitions";
    let page = call.options.page(&call.app.authority, set, &kept, |role| {
        wire::role_definition(*role)
    });
    Ok(Reply::Ok(page))
}

/// `GET /roleManagement/directory/roleDefinitions/{id}`
pub(in crate::identity::graph) fn definition(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let id = key.parse().ok();
    let role = id.and_then(DirectoryRole::by_template_id);
    let role = role.ok_or_else(|| GraphError::NotFound(key.to_owned()))?;
    Ok(Reply::Ok(call.options.select(wire::role_definition(role))))
}

/// `GET /roleManagement/directory/roleAssignments`
pub(in crate::identity::graph) async fn assignments(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let people = call.app.store.users(call.caller.tenant.id).await?;
    let all = people.into_iter().flat_map(|user| {
        let person = user.id;
        let assignment = move |role| Assignment { role, person };
        user.roles.into_iter().map(assignment)
    });
    let kept = call
        .options
        .keep(all.collect(), |assignment, name| match name {
            "id" => Some(vec![assignment.id()]),
            "principalid" => Some(vec![assignment.person.to_string()]),
            "roledefinitionid" => Some(vec![assignment.role.template_id().to_string()]),
            "directoryscopeid" => Some(vec![whole_tenant()]),
            _ => None,
        })?;
    let set = "roleManagement/directory/roleAssignments";
    let page = call
        .options
        .page(&call.app.authority, set, &kept, |one| one.wire());
    Ok(Reply::Ok(page))
}

/// `GET /roleManagement/directory/roleAssignments/{id}`
pub(in crate::identity::graph) async fn assignment(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let assignment = held(call, key).await?;
    Ok(Reply::Ok(call.options.select(assignment.wire())))
}

/// `POST /roleManagement/directory/roleAssignments`
pub(in crate::identity::graph) async fn assign(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::ManagePeople)?;
    let wanted: Wanted = body::read(&call.body)?;
    if wanted.scope != WHOLE_TENANT {
        return Err(GraphError::Invalid(
            "directoryScopeId must be '/': a role is for the whole tenant.".to_owned(),
        ));
    }
    let unknown = || GraphError::NotFound(wanted.role.to_string());
    let role = DirectoryRole::by_template_id(wanted.role).ok_or_else(unknown)?;
    let user = find(call, &wanted.person.to_string()).await?;
    if user.roles.contains(&role) {
        return Err(GraphError::Invalid(
            "A conflicting object with one or more of the specified property values is present \
             in the directory."
                .to_owned(),
        ));
    }
    let changes = PersonChanges {
        give: Some(role),
        ..PersonChanges::default()
    };
    let record = call.record("role.assign", &user.id);
    let record = record.detail(role.display_name());
    change_person(call, user.id, Right::ManagePeople, changes, record).await?;
    let person = user.id;
    Ok(Reply::Created(Assignment { role, person }.wire()))
}

/// `DELETE /roleManagement/directory/roleAssignments/{id}`
pub(in crate::identity::graph) async fn unassign(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::ManagePeople)?;
    let Assignment { role, person } = held(call, key).await?;
    let changes = PersonChanges {
        take: Some(role),
        ..PersonChanges::default()
    };
    let record = call.record("role.unassign", &person);
    let record = record.detail(role.display_name());
    change_person(call, person, Right::ManagePeople, changes, record).await?;
    Ok(Reply::Done)
}

/// The assignment with this id, if the person has the role.
async fn held(call: &Call<'_>, key: &str) -> Result<Assignment, GraphError> {
    let missing = || GraphError::NotFound(key.to_owned());
    let assignment = Assignment::parse(key).ok_or_else(missing)?;
    let user = call
        .app
        .store
        .user(call.caller.tenant.id, assignment.person)
        .await?;
    user.filter(|user| user.roles.contains(&assignment.role))
        .map(|_| assignment)
        .ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_role_and_person_as_those_of_graph_do() {
        let person: ObjectId = "4ab6b090-479b-47ff-8eaf-1e32f41d2187".parse().unwrap();
        for role in DirectoryRole::ALL {
            let assignment = Assignment { role, person };
            assert_eq!(Assignment::parse(&assignment.id()), Some(assignment));
        }
        let global = Assignment {
            role: DirectoryRole::GlobalAdministrator,
            person,
        };
        assert!(
            global.id().starts_with("lAPpYvVpN0KRkAEhdxReE"),
            "{}",
            global.id()
        );
        for id in [
            "",
            "-1",
            "lAPpYvVpN0KRkAEhdxReEA-1",
            &global.id()[1..],
            "é-1",
        ] {
            assert_eq!(Assignment::parse(id), None, "{id}");
        }
    }
}
