//! Federated credentials: trust in the tokens of another issuer.

use casbah_identity::federated::DEFAULT_AUDIENCE;
use casbah_model::ids::{KeyId, ObjectId};
use serde_json::json;

use super::{Kind, render};
use crate::portal::apps::object::find;
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::objects::Federated;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// Where the tokens come from, which tells what the form asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scenario {
    GitHub,
    Kubernetes,
    #[default]
    Other,
}

impl Scenario {
    pub(super) const ALL: [Self; 3] = [Self::GitHub, Self::Kubernetes, Self::Other];

    pub(super) fn from_name(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.name() == name).unwrap_or_default()
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Kubernetes => "kubernetes",
            Self::Other => "other",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::Kubernetes => "Kubernetes",
            Self::Other => "Other issuer",
        }
    }

    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::GitHub => "Workflows of one branch, tag or environment of a repository.",
            Self::Kubernetes => {
                "Pods of one service account. The cluster names its issuer: kubectl get --raw \
                 /.well-known/openid-configuration"
            }
            Self::Other => {
                "Issuer, subject and audience must equal iss, sub and aud of the issuer's tokens \
                 letter by letter."
            }
        }
    }
}

/// What in a repository the workflows run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Entity {
    Environment,
    #[default]
    Branch,
    PullRequest,
    Tag,
}

impl Entity {
    pub(super) const ALL: [Self; 4] = [
        Self::Environment,
        Self::Branch,
        Self::PullRequest,
        Self::Tag,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Branch => "branch",
            Self::PullRequest => "pull_request",
            Self::Tag => "tag",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Environment => "Environment",
            Self::Branch => "Branch",
            Self::PullRequest => "Pull request",
            Self::Tag => "Tag",
        }
    }
}

/// What the form holds.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) scenario: Scenario,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) description: String,
    pub(super) organization: String,
    pub(super) repository: String,
    pub(super) entity: Entity,
    pub(super) entity_name: String,
    pub(super) namespace: String,
    pub(super) account: String,
}

impl Entered {
    /// The form as it is shown first.
    pub(super) fn first(scenario: Scenario) -> Self {
        let issuer = match scenario {
            Scenario::GitHub => "https://token.actions.githubusercontent.com",
            Scenario::Kubernetes | Scenario::Other => "",
        };
        Self {
            scenario,
            issuer: issuer.to_owned(),
            audience: DEFAULT_AUDIENCE.to_owned(),
            ..Self::default()
        }
    }

    fn read(posted: &Posted) -> Self {
        let field = |name: &str| posted.text(name).to_owned();
        let entity = posted.text("entity");
        let entity = Entity::ALL.into_iter().find(|one| one.name() == entity);
        Self {
            scenario: Scenario::from_name(posted.text("scenario")),
            name: field("name"),
            issuer: field("issuer"),
            subject: field("subject"),
            audience: field("audience"),
            description: field("description"),
            organization: field("organization"),
            repository: field("repository"),
            entity: entity.unwrap_or_default(),
            entity_name: field("entity_name"),
            namespace: field("namespace"),
            account: field("account"),
        }
    }

    /// `sub` of the tokens. GitHub's is told in its documentation of OpenID Connect for
    /// Actions, Kubernetes' in that of service accounts.
    fn subject(&self) -> Result<String, PortalError> {
        match self.scenario {
            Scenario::Other => Ok(self.subject.clone()),
            Scenario::Kubernetes => match (self.namespace.as_str(), self.account.as_str()) {
                ("", _) | (_, "") => Err(PortalError::Entry(
                    "Give the namespace and the service account.",
                )),
                (namespace, account) => Ok(format!("system:serviceaccount:{namespace}:{account}")),
            },
            Scenario::GitHub => self.github_subject(),
        }
    }

    fn github_subject(&self) -> Result<String, PortalError> {
        let (organization, repository) = (&self.organization, &self.repository);
        if organization.is_empty() || repository.is_empty() {
            return Err(PortalError::Entry(
                "Give the organization and the repository.",
            ));
        }
        let name = &self.entity_name;
        if name.is_empty() && self.entity != Entity::PullRequest {
            return Err(PortalError::Entry(
                "Give the name of the environment, branch or tag.",
            ));
        }
        let what = match self.entity {
            // A colon separates the parts of a subject, so GitHub writes it otherwise.
            Entity::Environment => format!("environment:{}", name.replace(':', "%3A")),
            Entity::Branch => format!("ref:refs/heads/{name}"),
            Entity::Tag => format!("ref:refs/tags/{name}"),
            Entity::PullRequest => "pull_request".to_owned(),
        };
        Ok(format!("repo:{organization}/{repository}:{what}"))
    }
}

/// `POST /portal/apps/{id}/federated`
pub(super) async fn add(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let entered = Entered::read(&posted);
    match create(visitor, id, &entered).await {
        Ok(()) => Ok(Done::FederatedAdded.at(&Kind::Federated.address(id))),
        Err(error) => {
            let complaint = Some(error.complaint()?);
            let app = find(visitor, id).await?;
            let entered = super::Entered {
                complaint,
                federated: Some(entered),
                ..super::Entered::default()
            };
            render(visitor, &app, Kind::Federated, entered).await
        }
    }
}

async fn create(visitor: &Visitor, id: ObjectId, entered: &Entered) -> Result<(), PortalError> {
    let description = Some(&entered.description).filter(|text| !text.is_empty());
    let body = json!({
        "name": entered.name,
        "issuer": entered.issuer,
        "subject": entered.subject()?,
        "audiences": [entered.audience],
        "description": description,
    });
    let path = format!("/applications/{id}/federatedIdentityCredentials");
    visitor.directory().post(&path, &body).await.map(drop)
}

fn path(id: ObjectId, key: KeyId) -> String {
    format!("/applications/{id}/federatedIdentityCredentials/{key}")
}

/// `GET /portal/apps/{id}/federated/{key}/delete`
pub(super) async fn ask(visitor: Visitor, (id, key): (ObjectId, KeyId)) -> Answer {
    let app = find(&visitor, id).await?;
    let one: Federated = visitor.directory().get(&path(id, key)).await?;
    let page = Confirm {
        frame: Frame::new(
            &visitor,
            Section::AppRegistrations,
            "Delete the federated credential?",
        ),
        text: "Programs that prove themselves with this issuer's tokens can get no more tokens \
               here."
            .to_owned(),
        lines: vec![
            format!("Application: {}", app.display_name),
            format!("Name: {}", one.name),
            format!("Issuer: {}", one.issuer),
            format!("Subject identifier: {}", one.subject),
        ],
        action: format!("/portal/apps/{id}/federated/{key}/delete"),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: Kind::Federated.address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/federated/{key}/delete`
pub(super) async fn delete(posted: Posted, (id, key): (ObjectId, KeyId)) -> Answer {
    posted.visitor.directory().delete(&path(id, key)).await?;
    Ok(Done::FederatedDeleted.at(&Kind::Federated.address(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_those_of_the_issuers_tokens() {
        let github = |entity, name: &str| Entered {
            organization: "contoso".to_owned(),
            repository: "siem".to_owned(),
            entity,
            entity_name: name.to_owned(),
            ..Entered::first(Scenario::GitHub)
        };
        let kubernetes = |account: &str| Entered {
            namespace: "prod".to_owned(),
            account: account.to_owned(),
            ..Entered::first(Scenario::Kubernetes)
        };
        for (entered, expected) in [
            (
                github(Entity::Branch, "main"),
                Some("repo:contoso/siem:ref:refs/heads/main"),
            ),
            (
                github(Entity::Tag, "v1"),
                Some("repo:contoso/siem:ref:refs/tags/v1"),
            ),
            (
                github(Entity::Environment, "a:b"),
                Some("repo:contoso/siem:environment:a%3Ab"),
            ),
            (
                github(Entity::PullRequest, ""),
                Some("repo:contoso/siem:pull_request"),
            ),
            (github(Entity::Branch, ""), None),
            (
                kubernetes("agent"),
                Some("system:serviceaccount:prod:agent"),
            ),
            (kubernetes(""), None),
        ] {
            assert_eq!(entered.subject().ok().as_deref(), expected);
        }
    }
}
