//! A key and tokens for this crate's tests.

use std::sync::LazyLock;

use crate::access::{AccessToken, Client, ClientAuth, Life, Subject, TokenVersion, UserSubject};
use crate::algorithm::Algorithm;
use crate::id_token::IdToken;
use crate::issuer::IssuerPattern;
use crate::key::SigningKey;
use crate::keyring::KeyRing;
use crate::verify::Policy;

/// The time of every test, 2026-09-21.
pub(crate) const NOW: i64 = 1_790_000_000;
pub(crate) const TENANT: &str = "7d4bd1c6-7a1f-4f7e-9d55-6f0c4c7c1b0a";
pub(crate) const RESOURCE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";
pub(crate) const RESOURCE_URI: &str = "https://portal.casbah.example";

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(NOW).expect("a key is made"));

/// One key for all tests: making one takes long.
pub(crate) fn key() -> &'static SigningKey {
    &KEY
}

static EC_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate_for(Algorithm::Es256, NOW).expect("a key is made"));

/// A key on P-256.
pub(crate) fn ec_key() -> &'static SigningKey {
    &EC_KEY
}

pub(crate) fn keys() -> KeyRing {
    let mut keys = KeyRing::default();
    keys.insert(&key().jwk()).expect("our own key is read");
    keys
}

pub(crate) fn policy() -> Policy {
    let issuers = [
        "https://casbah.example/{tenantid}/",
        "https://casbah.example/{tenantid}/v2.0",
    ]
    .map(|text| IssuerPattern::new(text).expect("a pattern"));
    Policy::new(issuers.to_vec(), vec![RESOURCE.into(), RESOURCE_URI.into()])
}

fn issuer(version: TokenVersion) -> String {
    match version {
        TokenVersion::V1 => format!("https://casbah.example/{TENANT}/"),
        TokenVersion::V2 => format!("https://casbah.example/{TENANT}/v2.0"),
    }
}

pub(crate) fn app_token(version: TokenVersion) -> AccessToken {
    AccessToken {
        version,
        audience: RESOURCE.into(),
        issuer: issuer(version),
        tenant: TENANT.into(),
        client: Client {
            id: "2c0f8f5e-5a0c-4f58-b9a2-5d6a1d0f6a11".into(),
            auth: ClientAuth::Secret,
        },
        subject: Subject::App {
            object_id: "5b9f0c1e-1f5a-4a86-8c53-f7e3a54a6a77".into(),
        },
        roles: vec!["investigation.read".into(), "discovery.manage".into()],
        life: Life::starting(NOW, 3599),
        token_id: "AAAAAAAAAAAAAAAAAAAAAA".into(),
    }
}

pub(crate) fn user_token(version: TokenVersion) -> AccessToken {
    AccessToken {
        subject: Subject::User(UserSubject {
            object_id: "a3b1c5d2-1111-4222-8333-444455556666".into(),
            subject: "h0ZxQy3kqk8sQ9r7v1n5w2b4c6d8e0f2g4h6i8j0k2l".into(),
            upn: "ada@contoso.example".into(),
            name: "Ada Lovelace".into(),
            scopes: vec!["investigation.read".into(), "settings.read".into()],
            methods: vec!["pwd".into()],
            ip_address: Some("192.0.2.7".into()),
        }),
        client: Client {
            id: "2c0f8f5e-5a0c-4f58-b9a2-5d6a1d0f6a11".into(),
            auth: ClientAuth::Public,
        },
        roles: Vec::new(),
        ..app_token(version)
    }
}

pub(crate) fn id_token(version: TokenVersion) -> IdToken {
    IdToken {
        version,
        audience: "2c0f8f5e-5a0c-4f58-b9a2-5d6a1d0f6a11".into(),
        issuer: issuer(version),
        tenant: TENANT.into(),
        object_id: "a3b1c5d2-1111-4222-8333-444455556666".into(),
        subject: "m2ZxQy3kqk8sQ9r7v1n5w2b4c6d8e0f2g4h6i8j0k2l".into(),
        upn: "ada@contoso.example".into(),
        name: "Ada Lovelace".into(),
        nonce: Some("n-0S6_WzA2Mj".into()),
        auth_time: None,
        life: Life::starting(NOW, 3599),
        token_id: "AAAAAAAAAAAAAAAAAAAAAA".into(),
    }
}
