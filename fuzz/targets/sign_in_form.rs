//! Any bytes as what a form of sign-in, a cookie or an address to return to holds.

#![no_main]

use casbah_identity::random::{csrf_token, csrf_token_matches};
use casbah_identity::signin::{OpaqueKind, tenant_of, user_code_digest};
use libfuzzer_sys::fuzz_target;
use url::Url;

#[path = "../../crates/casbah-server/src/portal/sign_in/fields.rs"]
mod fields;
#[allow(dead_code)]
#[path = "../../crates/casbah-server/src/portal/local_path.rs"]
mod local_path;

fuzz_target!(|form: &[u8]| {
    let values = ["csrf", "code", "to", "user_code"].map(|name| fields::text(form, name));
    let base = Url::parse("https://casbah.example/portal/").expect("an address");
    for value in &values {
        let _ = user_code_digest(value);
        for kind in [OpaqueKind::Code, OpaqueKind::Refresh] {
            let _ = tenant_of(kind, value);
        }
        assert!(csrf_token_matches(value, &csrf_token(value)));
        if let Some(path) = local_path::LocalPath::parse(value) {
            let there = base.join(path.as_str()).expect("an address");
            assert_eq!(there.origin(), base.origin(), "{path}");
        }
    }
});
