//! Tokens go both ways between this crate and another implementation of JWS.

use casbah_token::{
    AccessToken, CallerKind, Client, ClientAuth, IssuerPattern, JwkSet, KeyRing, Life, Policy,
    SigningKey, Subject, TokenVersion, VerifyError, verify,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

const TENANT: &str = "7d4bd1c6-7a1f-4f7e-9d55-6f0c4c7c1b0a";

fn now() -> i64 {
    let since_epoch = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
    i64::try_from(since_epoch.as_secs()).expect("a clock before the end of time")
}

fn policy() -> Policy {
    let issuer = IssuerPattern::new("https://casbah.example/{tenantid}/v2.0").expect("a pattern");
    Policy::new(vec![issuer], vec!["resource".into()])
}

#[test]
fn our_token_and_key_set_are_read_by_the_other() {
    for (ours, theirs) in [
        (casbah_token::Algorithm::Rs256, Algorithm::RS256),
        (casbah_token::Algorithm::Es256, Algorithm::ES256),
    ] {
        let key = SigningKey::generate_for(ours, now()).unwrap();
        let token = key
            .sign_access(&AccessToken {
                version: TokenVersion::V2,
                audience: "resource".into(),
                issuer: format!("https://casbah.example/{TENANT}/v2.0"),
                tenant: TENANT.into(),
                client: Client {
                    id: "client".into(),
                    auth: ClientAuth::Secret,
                },
                subject: Subject::App {
                    object_id: "principal".into(),
                },
                roles: vec!["discovery.read".into()],
                life: Life::starting(now(), 3599),
                token_id: casbah_token::token_id().unwrap(),
            })
            .unwrap();

        let published = serde_json::to_string(&JwkSet {
            keys: vec![key.jwk()],
        })
        .unwrap();
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&published).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        let jwk = set.find(&header.kid.unwrap()).unwrap();
        let mut validation = Validation::new(theirs);
        validation.set_audience(&["resource"]);
        validation.set_issuer(&[format!("https://casbah.example/{TENANT}/v2.0")]);
        validation.validate_nbf = true;
        let read = jsonwebtoken::decode::<Value>(
            &token,
            &DecodingKey::from_jwk(jwk).unwrap(),
            &validation,
        )
        .unwrap();
        assert_eq!(read.claims["roles"], json!(["discovery.read"]));
        assert_eq!(read.claims["azp"], "client");
    }
}

#[test]
fn the_others_token_is_read_by_us_and_only_with_its_algorithm() {
    let key = SigningKey::generate(now()).unwrap();
    let foreign = EncodingKey::from_rsa_der(&pkcs1(&key.to_pkcs8().unwrap()));
    let claims = json!({
        "aud": "resource", "iss": format!("https://casbah.example/{TENANT}/v2.0"), "tid": TENANT,
        "sub": "principal", "oid": "principal", "azp": "client", "exp": now() + 60,
        "roles": ["discovery.read"],
    });
    let mut keys = KeyRing::default();
    keys.insert(&key.jwk()).unwrap();

    for (algorithm, accepted) in [
        (Algorithm::RS256, true),
        (Algorithm::RS512, false),
        (Algorithm::PS256, false),
    ] {
        let mut header = Header::new(algorithm);
        header.kid = Some(key.kid().to_owned());
        let token = jsonwebtoken::encode(&header, &claims, &foreign).unwrap();
        let outcome = verify(&token, &keys, &policy(), now());
        if accepted {
            let claims = outcome.unwrap();
            assert_eq!(claims.roles, ["discovery.read"]);
            assert_eq!(claims.caller(), CallerKind::App);
        } else {
            assert_eq!(outcome, Err(VerifyError::Algorithm), "{algorithm:?}");
        }
    }
}

#[test]
fn the_others_ecdsa_token_is_read_by_us() {
    let key = SigningKey::generate_for(casbah_token::Algorithm::Es256, now()).unwrap();
    let foreign = EncodingKey::from_ec_der(&key.to_pkcs8().unwrap());
    let mut keys = KeyRing::default();
    keys.insert(&key.jwk()).unwrap();
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(key.kid().to_owned());
    let claims = json!({
        "aud": "resource", "iss": format!("https://casbah.example/{TENANT}/v2.0"), "tid": TENANT,
        "sub": "principal", "oid": "principal", "azp": "client", "exp": now() + 60,
    });
    let token = jsonwebtoken::encode(&header, &claims, &foreign).unwrap();
    assert!(verify(&token, &keys, &policy(), now()).is_ok());
}

/// The RSA key inside PKCS#8 (RFC 5208): after version and algorithm comes an
/// octet string with it, which for a 2048-bit key has a two-byte length.
fn pkcs1(pkcs8: &[u8]) -> Vec<u8> {
    let start = pkcs8
        .windows(2)
        .position(|pair| pair == [0x04, 0x82])
        .expect("an octet string");
    pkcs8[start + 4..].to_vec()
}
