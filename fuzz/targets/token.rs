//! Any text as a token, any bytes as a key set.

#![no_main]

use casbah_token::{IssuerPattern, JwkSet, KeyRing, Policy, decode_unverified, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str)| {
    let (keys, token) = input;
    let ring = JwkSet::parse(keys).map(|set| KeyRing::from_set(&set)).unwrap_or_default();
    let issuer = IssuerPattern::new("https://casbah.example/{tenantid}/").unwrap();
    let policy = Policy::new(vec![issuer], vec!["audience".to_owned()]);
    drop(decode_unverified(token));
    assert!(verify(token, &ring, &policy, 1_790_000_000).is_err());
});
