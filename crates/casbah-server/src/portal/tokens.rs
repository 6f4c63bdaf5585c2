//! Tools for whoever writes a client: looking into a token, asking for one, code to
//! begin with.

mod advice;
mod ask;
mod code;
mod decode;

use super::pages::Pages;

/// One of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Decode,
    Ask,
    Code,
}

impl Tool {
    const ALL: [Self; 3] = [Self::Decode, Self::Ask, Self::Code];

    const fn title(self) -> &'static str {
        match self {
            Self::Decode => "Decode a token",
            Self::Ask => "Ask for a token with a secret",
            Self::Code => "Use it from code",
        }
    }

    const fn address(self) -> &'static str {
        match self {
            Self::Decode => "/portal/tokens",
            Self::Ask => "/portal/tokens/request",
            Self::Code => "/portal/tokens/code",
        }
    }
}

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(Tool::Decode.address(), decode::show)
        .page(Tool::Ask.address(), ask::show)
        .form(Tool::Ask.address(), ask::ask)
        .page(Tool::Code.address(), code::show)
}
