//! Pages that ask once more before something is lost.

use askama::Template;

use super::page::Frame;

/// A question with a form behind it.
#[derive(Template)]
#[template(path = "portal/confirm.html")]
pub(super) struct Confirm<'a> {
    /// The frame; its title is the question.
    pub(super) frame: Frame<'a>,
    /// What will happen.
    pub(super) text: String,
    /// What it happens to, one line each.
    pub(super) lines: Vec<String>,
    /// Where the form is sent.
    pub(super) action: String,
    /// Fields that the form sends along.
    pub(super) fields: Vec<(&'static str, String)>,
    /// What the button says.
    pub(super) button: &'static str,
    /// Whether something is lost by it.
    pub(super) is_dangerous: bool,
    /// Where the person goes who does not want it.
    pub(super) back: String,
    /// A text that must be typed.
    pub(super) typed: Option<&'a str>,
    /// What was wrong with the last attempt.
    pub(super) complaint: Option<String>,
}
