//! Any answers of a company's provider: the first line is what the browser comes back with,
//! the second an ID token, the rest metadata, a key set or claims.

#![no_main]

use casbah_identity::identity_provider::{
    ExpectedToken, ProviderAnswer, ProviderMetadata, ProvenPerson, SignInAge, state_tenant,
    verify_id_token,
};
use casbah_identity::random::digest_of;
use casbah_model::time::Timestamp;
use casbah_token::IssuerKeys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (query, token, document) = (next(), next(), next());
    if let Ok(query) = std::str::from_utf8(query)
        && let Some(answer) = ProviderAnswer::parse(query)
    {
        let _ = state_tenant(&answer.state);
    }
    if let Ok(metadata) = serde_json::from_slice::<ProviderMetadata>(document) {
        if let Ok(address) = metadata.authorization_endpoint() {
            assert_eq!(address.scheme(), "https");
        }
        let _ = (metadata.token_endpoint(), metadata.client_method());
        let _ = metadata.is_answer_of(Some("https://idp.example"));
    }
    if let Ok(keys) = IssuerKeys::parse(document)
        && let Ok(token) = std::str::from_utf8(token)
    {
        let now = Timestamp::from_seconds(1_790_000_000);
        let expected = ExpectedToken {
            issuer: "https://idp.example",
            client_id: "casbah",
            nonce: digest_of("n"),
            keys: &keys,
            begun: now,
            now,
        };
        assert!(verify_id_token(token, &expected).is_err(), "nobody signed it");
    }
    let person = ProvenPerson {
        subject: "1".to_owned(),
        verified_email: None,
        preferred_username: None,
        upn: None,
        display_name: None,
        methods: Vec::new(),
        age: SignInAge::Unknown,
    };
    if let Ok(person) = person.with_user_info(document) {
        assert_eq!(person.subject, "1");
    }
});
