//! A line as another issuer's token, and what follows it as that issuer's key set.

#![no_main]

use casbah_token::{ClientAssertion, IssuerKeys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let line = input.iter().position(|byte| *byte == b'\n');
    let (token, set) = input.split_at(line.unwrap_or(0));
    let Ok(keys) = IssuerKeys::parse(set) else {
        return;
    };
    if let Ok(token) = std::str::from_utf8(token)
        && let Ok(assertion) = ClientAssertion::parse(token)
    {
        let _ = assertion.key_id().map(|key| keys.contains(key));
        assert!(!assertion.is_signed_by(&keys), "nobody signed it");
    }
});
