//! Client secrets.

use casbah_model::ids::{KeyId, ObjectId};
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{Kind, render};
use crate::portal::apps::object::find;
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// How long a secret is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Life {
    Days90,
    #[default]
    Days180,
    Days365,
    Days730,
    /// Until a day that is given.
    Custom,
}

impl Life {
    pub(super) const ALL: [Self; 5] = [
        Self::Days90,
        Self::Days180,
        Self::Days365,
        Self::Days730,
        Self::Custom,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Days90 => "90",
            Self::Days180 => "180",
            Self::Days365 => "365",
            Self::Days730 => "730",
            Self::Custom => "custom",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Days90 => "90 days (3 months)",
            Self::Days180 => "Recommended: 180 days (6 months)",
            Self::Days365 => "365 days (12 months)",
            Self::Days730 => "730 days (24 months)",
            Self::Custom => "Custom: on the end date below",
        }
    }

    /// When it ends; none where the day is no day.
    fn end(self, now: Timestamp, day: &str) -> Option<Timestamp> {
        let days = match self {
            Self::Days90 => 90,
            Self::Days180 => 180,
            Self::Days365 => 365,
            Self::Days730 => 730,
            Self::Custom => return Timestamp::parse(&format!("{day}T23:59:59")),
        };
        Some(now.minus_days(-days))
    }
}

/// What the form holds.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) description: String,
    pub(super) life: Life,
    pub(super) day: String,
}

/// A secret that was made just now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSecret {
    pub(super) key_id: KeyId,
    secret_text: SecretString,
    pub(super) end_date_time: Moment,
}

impl NewSecret {
    /// Its value.
    pub(super) fn value(&self) -> &str {
        self.secret_text.expose_secret()
    }
}

/// `POST /portal/apps/{id}/secrets`: the answer itself holds the value, so that it
/// stands in no address, no cookie and no store.
pub(super) async fn add(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let wanted = posted.text("life");
    let life = Life::ALL.into_iter().find(|life| life.name() == wanted);
    let entered = Entered {
        description: posted.text("description").to_owned(),
        life: life.ok_or(PortalError::Form)?,
        day: posted.text("day").to_owned(),
    };
    let made = match make(visitor, id, &entered).await {
        Ok(made) => made,
        Err(error) => {
            let complaint = Some(error.complaint()?);
            let app = find(visitor, id).await?;
            let entered = super::Entered {
                complaint,
                secret: entered,
                ..super::Entered::default()
            };
            return render(visitor, &app, Kind::Secrets, entered).await;
        }
    };
    let app = find(visitor, id).await?;
    let entered = super::Entered {
        new_secret: Some(made),
        ..super::Entered::default()
    };
    render(visitor, &app, Kind::Secrets, entered).await
}

async fn make(
    visitor: &Visitor,
    id: ObjectId,
    entered: &Entered,
) -> Result<NewSecret, PortalError> {
    let now = visitor.context.now;
    let end = entered.life.end(now, &entered.day);
    let end = end.ok_or_else(|| PortalError::Entry("Give the day on which the secret ends."))?;
    if end <= now {
        return Err(PortalError::Entry(
            "The end date is over: give a later one.",
        ));
    }
    let body = json!({ "passwordCredential": {
        "displayName": entered.description,
        "endDateTime": end.to_iso_seconds(),
    }});
    let path = format!("/applications/{id}/addPassword");
    let made = visitor.directory().post(&path, &body).await?;
    Ok(serde_json::from_value(made)?)
}

/// `GET /portal/apps/{id}/secrets/{key}/delete`
pub(super) async fn ask(visitor: Visitor, (id, key): (ObjectId, KeyId)) -> Answer {
    let app = find(&visitor, id).await?;
    let secret = app
        .password_credentials
        .iter()
        .find(|one| one.key_id == key);
    let secret = secret.ok_or(PortalError::NotFound)?;
    let name = secret
        .display_name
        .as_deref()
        .unwrap_or("without a description");
    let page = Confirm {
        frame: Frame::new(
            &visitor,
            Section::AppRegistrations,
            "Delete the client secret?",
        ),
        text: "Programs that use it can get no more tokens. This cannot be undone.".to_owned(),
        lines: vec![
            format!("Application: {}", app.display_name),
            format!("Description: {name}"),
            format!("Secret ID: {key}"),
            format!("Value: {}…", secret.hint),
        ],
        action: format!("/portal/apps/{id}/secrets/{key}/delete"),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: Kind::Secrets.address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/secrets/{key}/delete`
pub(super) async fn delete(posted: Posted, (id, key): (ObjectId, KeyId)) -> Answer {
    let path = format!("/applications/{id}/removePassword");
    let body = json!({ "keyId": key });
    posted.visitor.directory().post(&path, &body).await?;
    Ok(Done::SecretDeleted.at(&Kind::Secrets.address(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_ends_when_it_says() {
        let now = Timestamp::parse("2026-01-01T12:00:00Z").unwrap();
        for (life, day, end) in [
            (Life::Days90, "", Some("2026-04-01T12:00:00Z")),
            (Life::Days730, "2026-02-01", Some("2028-01-01T12:00:00Z")),
            (Life::Custom, "2026-02-01", Some("2026-02-01T23:59:59Z")),
            (Life::Custom, "", None),
            (Life::Custom, "tomorrow", None),
        ] {
            let found = life.end(now, day).map(Timestamp::to_iso_seconds);
            assert_eq!(found.as_deref(), end, "{life:?} {day}");
        }
    }
}
