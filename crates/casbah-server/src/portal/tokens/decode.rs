//! Looking into a token. The page's script does it: the token is sent nowhere.

use askama::Template;
use casbah_model::claims::{API_AUDIENCE, API_HOST, MEANINGS, Meaning};
use casbah_model::permission::{Action, Permission};

use super::Tool;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// What the script reads from the page.
pub(super) struct Decoder {
    pub(super) meanings: &'static [Meaning],
    pub(super) permissions: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
    pub(super) audience: &'static str,
    pub(super) host: &'static str,
}

/// A line of the permission table.
pub(super) struct Row {
    pub(super) action: &'static str,
    /// The permissions that allow it, separated by spaces.
    pub(super) permissions: String,
    /// Whether each permission allows it, in the order of the columns.
    pub(super) allowed: Vec<bool>,
}

impl Decoder {
    pub(super) fn new() -> Self {
        let row = |action: Action| {
            let values: Vec<_> = action.permissions().iter().map(Permission::value).collect();
            Row {
                action: action.description(),
                permissions: values.join(" "),
                allowed: Permission::ALL.map(|one| one.allows(action)).to_vec(),
            }
        };
        Self {
            meanings: &MEANINGS,
            permissions: Permission::ALL.map(Permission::value).to_vec(),
            rows: Action::ALL.map(row).into(),
            audience: API_AUDIENCE,
            host: API_HOST,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/tokens/decode.html")]
struct Decode<'a> {
    frame: Frame<'a>,
    tool: Tool,
    decoder: Decoder,
    token: &'a str,
}

/// `GET /portal/tokens`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let page = Decode {
        frame: Frame::new(&visitor, Section::TokenTools, "Token tools"),
        tool: Tool::Decode,
        decoder: Decoder::new(),
        token: "",
    };
    Ok(page::show(&page, &visitor.context)?)
}
