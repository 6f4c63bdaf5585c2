//! Federated credentials: trust in the tokens of another issuer.

use casbah_identity::federated::DEFAULT_AUDIENCE;
use casbah_model::ids::{KeyId, ObjectId};
use serde_json::json;

use super::{Kind, render};
use crate::portal::apps::object::find;
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::form::Posted;
use crate::portal::objects::Federated;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// Where the tokens come from: fields that are filled in already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Template {
    GitHub,
    Kubernetes,
    #[default]
    Other,
}

impl Template {
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
            Self::GitHub => "GitHub Actions deploying Azure resources",
            Self::Kubernetes => "Kubernetes accessing Azure resources",
            Self::Other => "Other issuer",
        }
    }

    pub(super) const fn short_title(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::Kubernetes => "Kubernetes",
            Self::Other => "Other issuer",
        }
    }

    /// What to put in place of the words in capitals.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::GitHub => {
                "Write your organisation, repository and branch in place of ORGANISATION, \
                 REPOSITORY and BRANCH. For an environment the subject ends in \
                 environment:NAME, for pull requests in pull_request."
            }
            Self::Kubernetes => {
                "The issuer is the cluster's own: kubectl get --raw \
                 /.well-known/openid-configuration shows it. Write the namespace and the service \
                 account in place of NAMESPACE and ACCOUNT."
            }
            Self::Other => {
                "Issuer, subject and audience must equal iss, sub and aud of the issuer's tokens \
                 letter by letter."
            }
        }
    }

    /// The fields as they are filled in.
    pub(super) fn entered(self) -> Entered {
        let (issuer, subject) = match self {
            Self::GitHub => (
                "https://token.actions.githubusercontent.com",
                "repo:ORGANISATION/REPOSITORY:ref:refs/heads/BRANCH",
            ),
            Self::Kubernetes => ("", "system:serviceaccount:NAMESPACE:ACCOUNT"),
            Self::Other => ("", ""),
        };
        Entered {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audience: DEFAULT_AUDIENCE.to_owned(),
            ..Entered::default()
        }
    }
}

/// What the form holds.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) description: String,
}

/// `POST /portal/apps/{id}/federated`
pub(super) async fn add(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let field = |name: &str| posted.text(name).to_owned();
    let entered = Entered {
        name: field("name"),
        issuer: field("issuer"),
        subject: field("subject"),
        audience: field("audience"),
        description: field("description"),
    };
    let description = Some(&entered.description).filter(|text| !text.is_empty());
    let body = json!({
        "name": entered.name,
        "issuer": entered.issuer,
        "subject": entered.subject,
        "audiences": [entered.audience],
        "description": description,
    });
    let path = format!("/applications/{id}/federatedIdentityCredentials");
    match visitor.directory().post(&path, &body).await {
        Ok(_) => Ok(Done::FederatedAdded.at(&Kind::Federated.address(id))),
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
