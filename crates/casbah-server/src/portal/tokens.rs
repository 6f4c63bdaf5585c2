//! Tools for whoever writes a client: looking into a token, asking for one.

mod advice;
mod ask;
mod decode;

use super::pages::Pages;

/// One of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Decode,
    Ask,
}

impl Tool {
    const ALL: [Self; 2] = [Self::Decode, Self::Ask];

    const fn title(self) -> &'static str {
        match self {
            Self::Decode => "Decode a token",
            Self::Ask => "Ask for a token with a secret",
        }
    }

    const fn address(self) -> &'static str {
        match self {
            Self::Decode => "/portal/tokens",
            Self::Ask => "/portal/tokens/request",
        }
    }
}

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(Tool::Decode.address(), decode::show)
        .page(Tool::Ask.address(), ask::show)
        .form(Tool::Ask.address(), ask::ask)
}
