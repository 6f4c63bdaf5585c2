//! Any bytes as what a form of sign-in, a cookie or an address to return to holds.

#![no_main]

use casbah_identity::random::{csrf_token, csrf_token_matches};
use casbah_identity::signin::{OpaqueKind, tenant_of, user_code_digest};
use libfuzzer_sys::fuzz_target;
use url::Url;

mod sign_in {
    #[path = "../../crates/casbah-server/src/portal/sign_in/fields.rs"]
    mod fields;

    pub(super) fn read(form: &[u8]) -> Vec<String> {
        assert_eq!(fields::find(form, "csrf").unwrap_or_default(), fields::text(form, "csrf"));
        ["csrf", "code", "to", "user_code"].map(|name| fields::text(form, name)).into()
    }
}

#[allow(dead_code)]
mod portal {
    #[path = "../../crates/casbah-server/src/portal/local_path.rs"]
    mod local_path;

    pub(super) fn path(text: &str) -> Option<String> {
        local_path::LocalPath::parse(text).map(|path| path.to_string())
    }
}

fuzz_target!(|form: &[u8]| {
    let values = sign_in::read(form);
    let base = Url::parse("https://casbah.example/portal/").expect("an address");
    for value in &values {
        drop(user_code_digest(value));
        for kind in [OpaqueKind::Code, OpaqueKind::Refresh] {
            let _ = tenant_of(kind, value);
        }
        assert!(csrf_token_matches(value, &csrf_token(value)));
        if let Some(path) = portal::path(value) {
            let there = base.join(&path).expect("an address");
            assert_eq!(there.origin(), base.origin(), "{path}");
        }
    }
});
