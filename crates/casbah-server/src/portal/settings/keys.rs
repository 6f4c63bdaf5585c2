//! The keys that sign tokens, for every tenant of the installation.

use askama::Template;
use casbah_token::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::portal::api::Data;
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::error::{PortalError, where_allowed};
use crate::portal::form::Posted;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key as SortKey, Table};
use crate::portal::visitor::Visitor;

const HERE: &str = "/portal/keys";
const ROTATE: &str = "/portal/keys/rotate";
const TITLE: &str = "Signing keys";

/// Who may see and rotate them.
const WHY: &str = "Signing keys belong to the whole installation: every tenant's tokens are \
    signed with them. So only Global Administrators of its home tenant see and rotate them.";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    kid: String,
    algorithm: String,
    state: String,
    signs_from: Moment,
    signs_until: Moment,
    published_until: Moment,
}

impl Key {
    /// The word for the state, and how it looks.
    fn state(&self) -> (&str, &'static str) {
        match self.state.as_str() {
            "signing" => ("Signing", "good"),
            "published" => ("Next", "soon"),
            "retired" => ("Retired", ""),
            other => (other, ""),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/settings/keys.html")]
struct Keys<'a> {
    frame: Frame<'a>,
    table: Table<Key>,
    /// What the newest key signs with.
    present: Algorithm,
}

/// When a new key begins to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// When all clients have seen it.
    Soon,
    /// At once, and the present keys are gone.
    Now,
}

impl When {
    const fn name(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Now => "now",
        }
    }
}

/// What the form chose.
#[derive(Debug, Clone, Copy)]
struct Choice {
    algorithm: Algorithm,
    when: When,
}

impl Choice {
    fn read(algorithm: &str, when: &str) -> Result<Self, PortalError> {
        let when = [When::Soon, When::Now]
            .into_iter()
            .find(|one| one.name() == when);
        match (algorithm.parse(), when) {
            (Ok(algorithm), Some(when)) => Ok(Self { algorithm, when }),
            _ => Err(PortalError::Entry(
                "Choose what the new key signs with, and from when.",
            )),
        }
    }

    /// What becomes of clients, in a sentence and in detail.
    fn told(self) -> (&'static str, Vec<String>) {
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => "RS256: every client knows it.".to_owned(),
            Algorithm::Es256 => {
                "ES256: whoever checks tokens by itself must know it, or refuses them.".to_owned()
            }
        };
        match self.when {
            When::Soon => (
                "The next key is made and published now, and signs in two days. By then whoever \
                 keeps the key set for a day has read it again, so no token ends and nobody has \
                 to do anything.",
                vec![algorithm],
            ),
            When::Now => (
                "The present keys are gone at once, and every token that they signed is refused. \
                 Do it if somebody else may have a key; nobody can undo it.",
                vec![
                    "Applications and people of all tenants have to get new tokens. Most \
                     programs do so by themselves; sign-ins in browsers stay."
                        .to_owned(),
                    "Whoever checks tokens by itself and keeps the key set, for a day at most, \
                     refuses new tokens until it reads the set again, and believes those of the \
                     old key as long. Restart what must be safe at once."
                        .to_owned(),
                    algorithm,
                ],
            ),
        }
    }
}

/// The keys, or nothing for whoever may not see them.
async fn find<T: serde::de::DeserializeOwned>(
    visitor: &Visitor,
) -> Result<Option<Vec<T>>, PortalError> {
    let found = where_allowed(visitor.api().get("/casbah/v1/keys").await)?;
    Ok(found.map(|Data { data }| data))
}

fn closed(visitor: &Visitor) -> Answer {
    page::closed(visitor, Section::Keys, TITLE, WHY)
}

/// `GET /portal/keys`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let Some(keys): Option<Vec<Key>> = find(&visitor).await? else {
        return closed(&visitor);
    };
    let present = keys.first().and_then(|key| key.algorithm.parse().ok());
    let columns = [
        Column::new("id", "Key ID", |key: &Key| SortKey::text(&key.kid)),
        Column::new("algorithm", "Algorithm", |key| {
            SortKey::text(&key.algorithm)
        }),
        Column::new("state", "State", |key| SortKey::text(key.state().0)),
        Column::new("from", "Signs from", |key| {
            SortKey::Number(key.signs_from.0.millis())
        }),
        Column::new("until", "Signs until", |key| {
            SortKey::Number(key.signs_until.0.millis())
        }),
        Column::new("published", "Published until", |key| {
            SortKey::Number(key.published_until.0.millis())
        }),
    ];
    let text = |key: &Key| format!("{} {} {}", key.kid, key.algorithm, key.state().0);
    let page = Keys {
        frame: Frame::new(&visitor, Section::Keys, TITLE),
        table: Table::new(HERE, &visitor.query, &[], &columns, keys, text),
        present: present.unwrap_or_default(),
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `GET /portal/keys/rotate`
pub(super) async fn ask_to_rotate(visitor: Visitor, (): ()) -> Answer {
    if find::<IgnoredAny>(&visitor).await?.is_none() {
        return closed(&visitor);
    }
    let query = &visitor.query;
    let choice = Choice::read(query.text("algorithm"), query.text("when"))?;
    let (text, lines) = choice.told();
    let (title, button) = match choice.when {
        When::Soon => ("Make the next signing key", "Make the next key"),
        When::Now => ("Replace the signing keys now", "Replace now"),
    };
    let page = Confirm {
        frame: Frame::new(&visitor, Section::Keys, title),
        text: text.to_owned(),
        lines,
        action: ROTATE.to_owned(),
        fields: vec![
            ("algorithm", choice.algorithm.name().to_owned()),
            ("when", choice.when.name().to_owned()),
        ],
        button,
        is_dangerous: choice.when == When::Now,
        back: HERE.to_owned(),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/keys/rotate`
pub(super) async fn rotate(posted: Posted, (): ()) -> Answer {
    let visitor = &posted.visitor;
    let choice = Choice::read(posted.text("algorithm"), posted.text("when"))?;
    let body = json!({
        "algorithm": choice.algorithm.name(),
        "now": choice.when == When::Now,
    });
    let path = "/casbah/v1/keys/rotate";
    let Some(IgnoredAny) = where_allowed(visitor.api().post(path, &body).await)? else {
        return closed(visitor);
    };
    let done = match choice.when {
        When::Soon => Done::KeyAdded,
        When::Now => Done::KeysReplaced,
    };
    Ok(done.at(HERE))
}
