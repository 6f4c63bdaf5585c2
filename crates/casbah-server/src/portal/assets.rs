//! Files of the pages, part of the program.
//!
//! Their addresses hold a version, which is that of their content: a browser may keep what
//! it got by such an address for ever, and after an upgrade pages name another.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::random::digest_of;

use crate::state::AppState;

/// What was asked for by its version does not change (RFC 8246).
const KEEP: &str = "public, max-age=31536000, immutable";
/// Another version is that of another node while an upgrade is under way.
const ASK: &str = "no-cache";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A file.
pub(crate) struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
    version: LazyLock<String>,
}

macro_rules! assets {
    ($($name:ident = $file:literal, $kind:expr;)*) => {
        $(pub(crate) static $name: Asset = Asset {
            path: concat!("/casbah/assets/", $file),
            kind: $kind,
            text: include_str!(concat!("../../assets/", $file)),
            version: LazyLock::new(|| version(include_str!(concat!("../../assets/", $file)))),
        };)*

        /// All of them.
        static ALL: &[&Asset] = &[$(&$name),*];
    };
}

assets! {
    STYLE = "casbah.css", CSS;
    ICON = "icon.svg", SVG;
    START = "start.js", JAVASCRIPT;
    PORTAL = "portal.js", JAVASCRIPT;
    TOKEN_TOOLS = "token_tools.js", JAVASCRIPT;
    PASSKEY = "passkey.js", JAVASCRIPT;
    FORM_POST = "form_post.js", JAVASCRIPT;
}

fn version(text: &str) -> String {
    let mut version = URL_SAFE_NO_PAD.encode(digest_of(text).as_bytes());
    version.truncate(16);
    version
}

impl Asset {
    /// The address that pages name.
    pub(crate) fn address(&self) -> String {
        format!("{}?v={}", self.path, *self.version)
    }

    fn answer(&self, query: Option<&str>) -> impl IntoResponse + use<> {
        let asked = query.and_then(|query| query.strip_prefix("v="));
        let is_this = asked == Some(self.version.as_str());
        let keep = if is_this { KEEP } else { ASK };
        (
            [(CONTENT_TYPE, self.kind), (CACHE_CONTROL, keep)],
            self.text,
        )
    }
}

/// The files' routes.
pub(super) fn router() -> Router<AppState> {
    ALL.iter().fold(Router::new(), |router, asset| {
        let answer = async |RawQuery(query): RawQuery| asset.answer(query.as_deref());
        router.route(asset.path, get(answer))
    })
}
