//! What an operation of the API takes and answers, as its reference and `/openapi.json`
//! tell it.

use axum::http::StatusCode;
use casbah_model::filter::ListSpec;
use casbah_model::identity::DirectoryRole;
use casbah_model::permission::Permission;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::envelope::Envelope;
use super::lines::NDJSON;
use crate::auth::Need;

pub(crate) const JSON: &str = "application/json";

/// The largest number of the wire.
pub(crate) const LARGEST: u64 = 0x7fff_ffff;

/// An operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The resource that it is of.
    pub(crate) resource: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// The methods that call it, all alike.
    pub(crate) methods: &'static [&'static str],
    /// Its path below the prefix, without the last slash.
    pub(crate) path: String,
    /// What its caller needs.
    pub(crate) need: Need,
    /// What it takes beside its path.
    pub(crate) takes: Takes,
    /// What it answers where it does what it is asked to.
    pub(crate) answers: Vec<Answer>,
    /// The names that the variable part of its path may be; any, if there are none.
    pub(crate) names: Vec<&'static str>,
}

impl Operation {
    /// Its path as documents write it.
    pub(crate) fn documented_path(&self) -> String {
        let path = self.path.replace("{*", "{");
        match path.strip_prefix("/api/") {
            Some(rest) => format!("/api/v1/{rest}/"),
            None => path,
        }
    }

    /// The permissions of which one is enough; none if no application may call it.
    pub(crate) fn permissions(&self) -> Vec<&'static str> {
        match self.need {
            Need::Action(action) => Permission::ALL
                .into_iter()
                .filter(|permission| permission.allows(action))
                .map(Permission::value)
                .collect(),
            Need::Casbah(role) => vec![role.value()],
        }
    }

    /// The roles of which a person needs one.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &'static str> {
        let roles = DirectoryRole::ALL.into_iter();
        let roles = roles.filter(|role| self.need.is_met_by(*role));
        roles.map(DirectoryRole::display_name)
    }

    /// Who may call it, in words.
    pub(crate) fn callers(&self) -> String {
        let roles = self.roles().collect::<Vec<_>>().join(", ");
        let permissions = self.permissions();
        if permissions.is_empty() {
            return format!("For people alone: {roles}.");
        }
        let permissions = permissions.join("`, `");
        format!("Needs one of `{permissions}`; of a person also one of the roles {roles}.")
    }

    /// The names of the variable parts of its path.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            Some(name.trim_start_matches('*'))
        })
    }
}

/// What an operation takes beside its path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Takes {
    /// Nothing.
    #[default]
    Nothing,
    /// Parameters, in the query of GET and in the body of POST.
    Parameters(&'static [Parameter]),
    /// The parameters of a list, and these.
    List(&'static ListSpec, &'static [Parameter]),
    /// A body of any length, and parameters in the query.
    File {
        /// What the body may be.
        media_types: &'static [&'static str],
        /// The parameters.
        query: &'static [Parameter],
    },
}

/// A parameter, as it is best sent; [`Parameters`](super::parameters::Parameters) also
/// understands other ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_required: bool,
}

/// What the value of a parameter is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Text.
    Text,
    /// True or false.
    Flag,
    /// A whole number between these two.
    Whole(i64, i64),
    /// A whole number from 0 to this.
    UpTo(u64),
    /// A number between these two.
    Number(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of the words of a longer list.
    WordOf(fn() -> Vec<&'static str>),
    /// One of these numbers.
    Code(&'static [i64]),
    /// Several texts.
    Texts,
    /// What a list is filtered by.
    Filters(&'static ListSpec),
    /// An object, described elsewhere.
    Object,
}

impl Parameter {
    pub(crate) const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            name,
            about,
            kind,
            is_required: false,
        }
    }

    /// The same, which must be there.
    pub(crate) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

/// What an operation answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
}

/// The content of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    /// None.
    Nothing,
    /// A JSON document of this schema.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// A record of this schema a line.
    Lines(fn(&mut SchemaGenerator) -> Schema),
    /// Text of this media type.
    Text(&'static str, &'static str),
}

impl Answer {
    /// A document.
    pub(crate) fn json<T: JsonSchema>(status: StatusCode) -> Self {
        Self {
            status,
            content: Content::Json(SchemaGenerator::subschema_for::<T>),
        }
    }

    /// A page of a list.
    pub(super) fn page<T: JsonSchema>() -> Self {
        Self::json::<Envelope<T>>(StatusCode::OK)
    }

    /// A list as lines.
    pub(super) fn lines<T: JsonSchema>() -> Self {
        Self {
            status: StatusCode::OK,
            content: Content::Lines(SchemaGenerator::subschema_for::<T>),
        }
    }

    /// Its media type, if there is any content.
    pub(super) const fn media_type(&self) -> Option<&'static str> {
        match self.content {
            Content::Nothing => None,
            Content::Json(_) => Some(JSON),
            Content::Lines(_) => Some(NDJSON),
            Content::Text(media_type, _) => Some(media_type),
        }
    }
}
