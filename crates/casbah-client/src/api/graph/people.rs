//! People of the tenant and their roles.

use casbah_model::identity::PASSWORD_METHOD;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GraphClient, quoted};
use crate::api::segment;
use crate::error::Error;
use crate::transport::Repeat;

/// A person. Members not named here are kept in `rest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The object's id.
    pub id: String,
    /// The sign-in name.
    pub user_principal_name: String,
    /// The name that others read.
    pub display_name: String,
    /// Whether the person may sign in.
    pub account_enabled: bool,
    /// Everything else.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

/// A person who is to be.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson<'a> {
    /// The sign-in name, in one of the tenant's domains.
    pub user_principal_name: &'a str,
    /// The name that others read.
    pub display_name: &'a str,
    /// A password, to be changed at the first sign-in.
    pub password: &'a str,
}

impl std::fmt::Debug for NewPerson<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPerson")
            .field("user_principal_name", &self.user_principal_name)
            .field("display_name", &self.display_name)
            .finish_non_exhaustive()
    }
}

/// A link with which a person chooses the first password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Whom it is for.
    pub invited_user_email_address: String,
    /// The link, which is a secret.
    pub invite_redeem_url: String,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation")
            .field(
                "invited_user_email_address",
                &self.invited_user_email_address,
            )
            .finish_non_exhaustive()
    }
}

/// Something that a person proves herself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationMethod {
    /// What it is, in Graph's words.
    #[serde(rename = "@odata.type")]
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The name that the person gave it.
    #[serde(default)]
    pub display_name: Option<String>,
    /// When it was added.
    #[serde(default)]
    pub created_date_time: Option<String>,
}

impl AuthenticationMethod {
    /// The collection that it is deleted from; a password has none.
    fn set(&self) -> Option<&'static str> {
        match self.kind.as_str() {
            "#microsoft.graph.softwareOathAuthenticationMethod" => Some("softwareOathMethods"),
            "#microsoft.graph.fido2AuthenticationMethod" => Some("fido2Methods"),
            _ => None,
        }
    }
}

/// A role that people can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleDefinition {
    /// Its id, the same in every tenant.
    pub id: String,
    /// The name.
    pub display_name: String,
    /// What its holder may do.
    #[serde(default)]
    pub description: String,
}

/// A role that a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// The assignment's id.
    pub id: String,
    /// Who has it.
    pub principal_id: String,
    /// The role.
    pub role_definition_id: String,
}

impl GraphClient {
    /// The tenant's people.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        self.collection("/v1.0/users".to_owned()).await
    }

    /// The person with this sign-in name or object id.
    ///
    /// # Errors
    /// [`Error::Graph`] with 404 when there is none.
    pub async fn person(&self, key: &str) -> Result<Person, Error> {
        self.json(Method::GET, &path(key, ""), Repeat::Safe, None)
            .await
    }

    /// Makes a person.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn create_person(&self, new: &NewPerson<'_>) -> Result<Person, Error> {
        let nickname = new.user_principal_name.split('@').next();
        let body = json!({
            "accountEnabled": true,
            "displayName": new.display_name,
            "mailNickname": nickname,
            "userPrincipalName": new.user_principal_name,
            "passwordProfile": {
                "password": new.password, "forceChangePasswordNextSignIn": true,
            },
        });
        self.json(Method::POST, "/v1.0/users", Repeat::Unsafe, Some(&body))
            .await
    }

    /// Makes a person without a password, and a link with which to choose it; of a person
    /// who has none yet, a link in place of the one before.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn invite_person(
        &self,
        user_principal_name: &str,
        display_name: Option<&str>,
    ) -> Result<Invitation, Error> {
        let body = json!({
            "invitedUserEmailAddress": user_principal_name,
            "invitedUserDisplayName": display_name,
            "sendInvitationMessage": false,
        });
        let path = "/v1.0/invitations";
        self.json(Method::POST, path, Repeat::Unsafe, Some(&body))
            .await
    }

    /// Lets a person sign in, or not.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn enable_person(&self, key: &str, enabled: bool) -> Result<(), Error> {
        let body = json!({ "accountEnabled": enabled });
        self.send(Method::PATCH, &path(key, ""), Repeat::Safe, Some(&body))
            .await?;
        Ok(())
    }

    /// Deletes a person, for good.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn delete_person(&self, key: &str) -> Result<(), Error> {
        self.send(Method::DELETE, &path(key, ""), Repeat::Safe, None)
            .await?;
        Ok(())
    }

    /// Gives a person a password that the server makes, to be changed at the next sign-in.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn reset_person_password(&self, key: &str) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Reset {
            new_password: String,
        }
        let path = path(
            key,
            &format!("/authentication/methods/{PASSWORD_METHOD}/resetPassword"),
        );
        let body = json!({});
        let reset: Reset = self
            .json(Method::POST, &path, Repeat::Unsafe, Some(&body))
            .await?;
        Ok(reset.new_password)
    }

    /// What a person proves herself with beside the password.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn second_factors(&self, key: &str) -> Result<Vec<AuthenticationMethod>, Error> {
        let all = self.collection(path(key, "/authentication/methods"));
        let all: Vec<AuthenticationMethod> = all.await?;
        Ok(all
            .into_iter()
            .filter(|method| method.set().is_some())
            .collect())
    }

    /// Takes one of them away.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn delete_second_factor(
        &self,
        key: &str,
        method: &AuthenticationMethod,
    ) -> Result<(), Error> {
        if let Some(set) = method.set() {
            let id = segment(&method.id);
            let path = path(key, &format!("/authentication/{set}/{id}"));
            self.send(Method::DELETE, &path, Repeat::Safe, None).await?;
        }
        Ok(())
    }

    /// Ends all that came of a person's sign-ins until now.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn end_sign_ins(&self, key: &str) -> Result<(), Error> {
        let path = path(key, "/revokeSignInSessions");
        let body = json!({});
        self.send(Method::POST, &path, Repeat::Safe, Some(&body))
            .await?;
        Ok(())
    }

    /// The roles that there are.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn role_definitions(&self) -> Result<Vec<RoleDefinition>, Error> {
        self.collection("/v1.0/roleManagement/directory/roleDefinitions".to_owned())
            .await
    }

    /// The roles of everybody, or of one person.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn role_assignments(
        &self,
        person_id: Option<&str>,
    ) -> Result<Vec<RoleAssignment>, Error> {
        let mut path = ASSIGNMENTS.to_owned();
        if let Some(id) = person_id {
            let filter = format!("principalId eq '{}'", quoted(id));
            path = format!("{path}?$filter={}", segment(&filter));
        }
        self.collection(path).await
    }

    /// Gives a person a role.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn assign_role(
        &self,
        person_id: &str,
        role_id: &str,
    ) -> Result<RoleAssignment, Error> {
        let body = json!({
            "principalId": person_id, "roleDefinitionId": role_id, "directoryScopeId": "/",
        });
        self.json(Method::POST, ASSIGNMENTS, Repeat::Unsafe, Some(&body))
            .await
    }

    /// Takes a role away.
    ///
    /// # Errors
    /// [`Error::Graph`]
    pub async fn remove_role(&self, assignment_id: &str) -> Result<(), Error> {
        let path = format!("{ASSIGNMENTS}/{}", segment(assignment_id));
        self.send(Method::DELETE, &path, Repeat::Safe, None).await?;
        Ok(())
    }
}

const ASSIGNMENTS: &str = "/v1.0/roleManagement/directory/roleAssignments";

fn path(key: &str, rest: &str) -> String {
    format!("/v1.0/users/{}{rest}", segment(key))
}
