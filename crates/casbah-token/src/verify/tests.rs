use aws_lc_rs::hmac;
use base64::Engine;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::access::TokenVersion;
use crate::compact::{MAX_TOKEN_BYTES, Part};
use crate::encoding::{decode, encode};
use crate::jwk::PublicKey;
use crate::key::SigningKey;
use crate::testing::{
    NOW, RESOURCE, RESOURCE_URI, TENANT, app_token, ec_key, id_token, key, keys, policy, user_token,
};

fn check(token: &str) -> Result<Claims, VerifyError> {
    verify(token, &keys(), &policy(), NOW)
}

fn good_header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": key().kid()})
}

fn good_claims() -> Value {
    serde_json::to_value(app_token(TokenVersion::V1).wire()).unwrap()
}

/// A token with these parts and a true signature of our key over them.
fn signed(header: &Value, claims: &Value) -> String {
    key()
        .sign_parts(&encode(header.to_string()), &encode(claims.to_string()))
        .unwrap()
}

fn with_header(name: &str, value: Value) -> String {
    let mut header = good_header();
    header[name] = value;
    signed(&header, &good_claims())
}

fn with_claim(name: &str, value: Value) -> String {
    let mut claims = good_claims();
    claims[name] = value;
    signed(&good_header(), &claims)
}

#[test]
fn our_own_tokens_of_every_kind_are_believed() {
    for version in [TokenVersion::V1, TokenVersion::V2] {
        for token in [app_token(version), user_token(version)] {
            let claims = check(&key().sign_access(&token).unwrap()).unwrap();
            assert_eq!(claims.version, Some(version));
            assert_eq!(claims.client_id.as_ref(), Some(&token.client.id));
            assert_eq!(claims.client_auth, Some(token.client.auth));
            assert_eq!(claims.roles, token.roles);
            assert_eq!(claims.tenant, TENANT);
        }
        let token = id_token(version);
        let own = Policy {
            audiences: vec![token.audience.clone()],
            ..policy()
        };
        let claims = verify(&key().sign_id(&token).unwrap(), &keys(), &own, NOW).unwrap();
        assert_eq!(claims.nonce, token.nonce);
        assert_eq!(claims.upn, Some(token.upn));
    }
}

#[test]
fn no_other_algorithm_is_believed() {
    for alg in [
        json!("none"),
        json!("None"),
        json!(""),
        json!("rs256"),
        json!("RS384"),
        json!("PS256"),
        json!("HS256"),
        json!("ES256"),
        json!(["RS256"]),
        Value::Null,
    ] {
        assert_eq!(
            check(&with_header("alg", alg.clone())),
            Err(VerifyError::Algorithm),
            "{alg}"
        );
    }
}

#[test]
fn a_key_is_believed_with_its_own_algorithm_alone() {
    let mut keys = keys();
    keys.insert(&ec_key().jwk()).unwrap();
    let check = |token: &str| verify(token, &keys, &policy(), NOW);
    for key in [key(), ec_key()] {
        let token = key.sign_access(&app_token(TokenVersion::V1)).unwrap();
        assert!(check(&token).is_ok(), "{}", key.algorithm());
        let other = match key.algorithm() {
            Algorithm::Rs256 => "ES256",
            Algorithm::Es256 => "RS256",
        };
        // Truly signed, by the key that is named, but called the other's.
        let header = json!({"typ": "JWT", "alg": other, "kid": key.kid()});
        let claims = encode(good_claims().to_string());
        let token = key.sign_parts(&encode(header.to_string()), &claims);
        assert_eq!(
            check(&token.unwrap()),
            Err(VerifyError::Algorithm),
            "{other}"
        );
    }
    // Signed by one key under the name of the other.
    for (signer, named) in [(key(), ec_key()), (ec_key(), key())] {
        let claims = encode(good_claims().to_string());
        for (algorithm, expected) in [
            (signer.algorithm(), VerifyError::Algorithm),
            (named.algorithm(), VerifyError::Signature),
        ] {
            let header = json!({"typ": "JWT", "alg": algorithm.name(), "kid": named.kid()});
            let token = signer.sign_parts(&encode(header.to_string()), &claims);
            assert_eq!(check(&token.unwrap()), Err(expected));
        }
    }
}

#[test]
fn an_ecdsa_signature_is_two_numbers_of_the_tokens_own() {
    let mut keys = KeyRing::default();
    keys.insert(&ec_key().jwk()).unwrap();
    let token = ec_key().sign_access(&app_token(TokenVersion::V2)).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let bytes = decode(signature).unwrap();
    assert_eq!(bytes.len(), 64);
    // Zeros pass in implementations that forget to look (CVE-2022-21449).
    for forged in [vec![0; 64], vec![0; 8], Vec::new(), bytes[..63].to_vec()] {
        let token = format!("{signed}.{}", encode(forged));
        let outcome = verify(&token, &keys, &policy(), NOW);
        assert_eq!(outcome, Err(VerifyError::Signature));
    }
}

#[test]
fn an_unsigned_token_is_not_believed() {
    let claims = encode(good_claims().to_string());
    let none = encode(json!({"alg": "none", "kid": key().kid()}).to_string());
    assert_eq!(
        check(&format!("{none}.{claims}.")),
        Err(VerifyError::Algorithm)
    );
    let rs256 = encode(good_header().to_string());
    assert_eq!(
        check(&format!("{rs256}.{claims}.")),
        Err(VerifyError::Signature)
    );
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let mut header = good_header();
    header["alg"] = json!("HS256");
    let parts = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(good_claims().to_string())
    );
    let jwk = key().jwk();
    let PublicKey::Rsa { n, .. } = jwk.key else {
        panic!("an rsa key");
    };
    for secret in [
        decode(&n).unwrap(),
        n.into_bytes(),
        jwk.x5c[0].clone().into_bytes(),
    ] {
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &secret),
            parts.as_bytes(),
        );
        assert_eq!(
            check(&format!("{parts}.{}", encode(tag))),
            Err(VerifyError::Algorithm)
        );
    }
}

#[test]
fn a_key_that_the_token_brings_along_is_ignored() {
    let thief = SigningKey::generate(NOW).unwrap();
    let jwk = serde_json::to_value(thief.jwk()).unwrap();
    let offers = json!({
        "jwk": jwk, "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert",
        "x5c": jwk["x5c"],
    });
    for kid in [thief.kid(), key().kid()] {
        let mut header = good_header();
        header["kid"] = json!(kid);
        for (name, value) in offers.as_object().unwrap() {
            header[name] = value.clone();
        }
        let token = thief
            .sign_parts(
                &encode(header.to_string()),
                &encode(good_claims().to_string()),
            )
            .unwrap();
        let expected = if kid == key().kid() {
            VerifyError::Signature
        } else {
            VerifyError::UnknownKey { kid: kid.into() }
        };
        assert_eq!(check(&token), Err(expected));
    }
    let offered = with_header("jku", json!("https://evil.example/keys"));
    assert!(check(&offered).is_ok(), "ignored, not refused");
}

#[test]
fn header_members_that_change_the_meaning_are_refused() {
    for (name, value, expected) in [
        ("crit", json!(["exp"]), VerifyError::Critical),
        ("crit", json!([]), VerifyError::Critical),
        ("typ", json!("JOSE"), VerifyError::Type),
        ("typ", json!("dpop+jwt"), VerifyError::Type),
        ("typ", json!(1), VerifyError::Type),
        ("kid", Value::Null, VerifyError::NoKeyId),
        (
            "kid",
            json!("x"),
            VerifyError::UnknownKey { kid: "x".into() },
        ),
    ] {
        assert_eq!(check(&with_header(name, value)), Err(expected), "{name}");
    }
    assert!(check(&with_header("typ", json!("at+JWT"))).is_ok());
}

#[test]
fn a_name_twice_is_refused_though_truly_signed() {
    let header = good_header().to_string();
    let claims = good_claims().to_string();
    let doubled = |text: &str, member: &str| encode(text.replacen('{', &format!("{{{member},"), 1));
    let token = key()
        .sign_parts(&doubled(&header, r#""alg":"none""#), &encode(&claims))
        .unwrap();
    assert_eq!(
        check(&token),
        Err(FormatError::Duplicate(Part::Header).into())
    );
    let token = key()
        .sign_parts(
            &encode(&header),
            &doubled(&claims, r#""aud":"someone else""#),
        )
        .unwrap();
    assert_eq!(
        check(&token),
        Err(FormatError::Duplicate(Part::Payload).into())
    );
}

#[test]
fn another_spelling_of_the_same_token_is_refused() {
    let token = key().sign_access(&app_token(TokenVersion::V1)).unwrap();
    let (parts, signature) = token.rsplit_once('.').unwrap();
    let bytes = decode(signature).unwrap();
    let standard = base64::engine::general_purpose::STANDARD.encode(bytes);
    for spelling in [
        format!("{parts}.{signature}="),
        format!("{parts}.{signature}=="),
        format!("{parts}.{standard}"),
        format!("{parts}.{signature}\n"),
        format!("{parts}. {signature}"),
    ] {
        assert_eq!(
            check(&spelling),
            Err(FormatError::Encoding(Part::Signature).into())
        );
    }
    assert_eq!(check(&format!("{token}.")), Err(FormatError::Parts.into()));
    assert!(check(&format!("Bearer {token}")).is_err());
}

#[test]
fn a_token_that_is_too_long_is_not_looked_at() {
    let token = with_claim("pad", json!("x".repeat(MAX_TOKEN_BYTES)));
    assert_eq!(check(&token), Err(FormatError::TooLong.into()));
}

#[test]
fn times_are_kept_with_five_minutes_for_clocks() {
    let token = key().sign_access(&app_token(TokenVersion::V1)).unwrap();
    let at = |now| verify(&token, &keys(), &policy(), now);
    let exp = NOW + 3599;
    let nbf = NOW - 300;
    assert!(at(exp + 299).is_ok());
    assert_eq!(at(exp + 300), Err(VerifyError::Expired { expired_at: exp }));
    assert!(at(nbf - 300).is_ok());
    assert_eq!(
        at(nbf - 301),
        Err(VerifyError::NotYetValid { not_before: nbf })
    );
    assert!(at(i64::MIN).is_err());
    assert!(at(i64::MAX).is_err());

    let strict = policy().with_leeway(Leeway::seconds(0));
    assert!(verify(&token, &keys(), &strict, exp - 1).is_ok());
    assert!(verify(&token, &keys(), &strict, exp).is_err());
    assert_eq!(Leeway::seconds(9_000), Leeway::MAX);
}

#[test]
fn a_token_without_an_end_is_refused() {
    let mut claims = good_claims();
    claims.as_object_mut().unwrap().remove("exp");
    assert_eq!(
        check(&signed(&good_header(), &claims)),
        Err(ClaimError::Missing("exp").into())
    );
}

#[test]
fn issuer_and_tenant_must_be_the_same_tenant() {
    for issuer in [
        "https://casbah.example/other-tenant/".to_owned(),
        format!("https://casbah.example/{TENANT}"),
        format!("https://casbah.example/{TENANT}/v2.0/"),
        format!("http://casbah.example/{TENANT}/"),
        format!("https://casbah.example.evil/{TENANT}/"),
        "https://casbah.example/{tenantid}/".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            check(&with_claim("iss", json!(issuer))),
            Err(VerifyError::Issuer),
            "{issuer}"
        );
    }
    assert_eq!(
        check(&with_claim("tid", json!("other-tenant"))),
        Err(VerifyError::Issuer)
    );
}

#[test]
fn a_reader_of_one_tenant_refuses_the_others() {
    let token = key().sign_access(&app_token(TokenVersion::V2)).unwrap();
    let own = policy().for_tenant(TENANT);
    assert!(verify(&token, &keys(), &own, NOW).is_ok());
    let other = policy().for_tenant("other-tenant");
    assert_eq!(
        verify(&token, &keys(), &other, NOW),
        Err(VerifyError::Tenant)
    );
}

#[test]
fn the_audience_is_one_of_the_readers_names() {
    for (audience, expected) in [
        (json!(RESOURCE), true),
        (json!(RESOURCE.to_uppercase()), true),
        (json!(format!("{RESOURCE}/")), true),
        (json!(RESOURCE_URI), true),
        (json!(format!("{RESOURCE_URI}/")), true),
        (json!(["else", RESOURCE]), true),
        (json!(format!("{RESOURCE_URI}//")), false),
        (json!(format!("{RESOURCE_URI}/path")), false),
        (json!(RESOURCE_URI.to_uppercase()), false),
        (json!("00000003-0000-0000-c000-000000000000"), false),
        (json!(""), false),
        (json!([]), false),
    ] {
        let token = with_claim("aud", audience.clone());
        let outcome = check(&token);
        if expected {
            assert!(outcome.is_ok(), "{audience}");
        } else {
            assert_eq!(outcome, Err(VerifyError::Audience), "{audience}");
        }
    }
    let nobody = Policy::new(policy().issuers, Vec::new());
    let token = key().sign_access(&app_token(TokenVersion::V1)).unwrap();
    assert_eq!(
        verify(&token, &keys(), &nobody, NOW),
        Err(VerifyError::Audience)
    );
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let token = key().sign_access(&app_token(TokenVersion::V1)).unwrap();
    for index in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(check(&changed).is_err(), "byte {index}");
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(text: String, parts in "[A-Za-z0-9_.-]{0,300}") {
        prop_assert!(check(&text).is_err());
        prop_assert!(check(&parts).is_err());
    }

    #[test]
    fn signed_garbage_never_panics(header: Vec<u8>, claims: Vec<u8>) {
        let token = key().sign_parts(&encode(header), &encode(claims)).unwrap();
        prop_assert!(check(&token).is_err());
    }
}
