use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::public_key::without_leading_zeros;
use crate::{ClientAssertion, ClientKey, encoding};

/// A key of each kind, as an issuer has them.
struct Issuer {
    rsa: ClientKey,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
}

fn curve(how: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    EcdsaKeyPair::generate(how).unwrap()
}

fn point(kid: &str, crv: &str, pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    json!({"kty": "EC", "kid": kid, "crv": crv, "x": encoding::encode(x), "y": encoding::encode(y)})
}

impl Issuer {
    fn new() -> Self {
        Self {
            rsa: ClientKey::for_tests(),
            p256: curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
        }
    }

    fn rsa_jwk(&self, kid: &str) -> Value {
        let der = self.rsa.certificate().der();
        let (_, certificate) = x509_parser::parse_x509_certificate(der).unwrap();
        let Ok(x509_parser::public_key::PublicKey::RSA(key)) = certificate.public_key().parsed()
        else {
            panic!("not an rsa key");
        };
        let (n, e) = (
            encoding::encode(without_leading_zeros(key.modulus)),
            encoding::encode(key.exponent),
        );
        json!({"kty": "RSA", "kid": kid, "use": "sig", "n": n, "e": e})
    }

    fn set(&self) -> Vec<Value> {
        vec![
            self.rsa_jwk("r"),
            point("e", "P-256", &self.p256),
            point("f", "P-384", &self.p384),
        ]
    }

    /// A token with this header, signed by the key that its algorithm is for.
    fn token(&self, header: &Value) -> String {
        let claims = json!({"iss": "https://i.example", "sub": "s"});
        let part = |value: &Value| encoding::encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(&claims));
        let ecdsa = |pair: &EcdsaKeyPair| {
            let signature = pair.sign(&SystemRandom::new(), signed.as_bytes());
            encoding::encode(signature.unwrap())
        };
        let signature = match header["alg"].as_str() {
            Some("ES256") => ecdsa(&self.p256),
            Some("ES384") => ecdsa(&self.p384),
            _ => return self.rsa.sign(header, &claims, false).unwrap(),
        };
        format!("{signed}.{signature}")
    }
}

fn keys(all: &[Value]) -> IssuerKeys {
    IssuerKeys::parse(json!({ "keys": all }).to_string().as_bytes()).unwrap()
}

fn believes(keys: &IssuerKeys, token: &str) -> bool {
    ClientAssertion::parse(token).is_ok_and(|one| one.is_signed_by(keys))
}

#[test]
fn a_key_checks_the_algorithms_that_it_is_for() {
    let issuer = Issuer::new();
    let known = keys(&issuer.set());
    for (alg, kid, expected) in [
        ("RS256", "r", true),
        ("PS256", "r", true),
        ("ES256", "e", true),
        ("ES384", "f", true),
        ("RS256", "e", false),
        ("ES256", "r", false),
        ("ES256", "f", false),
        ("ES384", "e", false),
        ("RS256", "unknown", false),
        ("RS256", "", false),
    ] {
        let token = issuer.token(&json!({"alg": alg, "kid": kid}));
        assert_eq!(believes(&known, &token), expected, "{alg} {kid}");
    }
    assert!(!believes(&known, &issuer.token(&json!({"alg": "RS256"}))));
    let stranger = Issuer::new();
    for (alg, kid) in [("RS256", "r"), ("ES256", "e"), ("ES384", "f")] {
        let token = stranger.token(&json!({"alg": alg, "kid": kid}));
        assert!(!believes(&known, &token), "{alg} of another key");
    }
}

#[test]
fn a_key_that_says_what_it_is_for_is_used_for_nothing_else() {
    let issuer = Issuer::new();
    for (name, value, alg, expected) in [
        ("alg", json!("RS256"), "RS256", true),
        ("alg", json!("RS256"), "PS256", false),
        ("alg", json!("PS256"), "PS256", true),
        ("alg", json!("RS512"), "RS256", false),
        ("alg", json!("RSA-OAEP"), "RS256", false),
        ("use", json!("enc"), "RS256", false),
        ("key_ops", json!(["verify"]), "RS256", true),
        ("key_ops", json!(["encrypt"]), "RS256", false),
        ("kty", json!("oct"), "RS256", false),
    ] {
        let mut jwk = issuer.rsa_jwk("r");
        jwk[name] = value.clone();
        let token = issuer.token(&json!({"alg": alg, "kid": "r"}));
        assert_eq!(believes(&keys(&[jwk]), &token), expected, "{name} {value}");
    }
}

#[test]
fn neither_no_signature_nor_a_public_key_as_a_secret_is_believed() {
    let issuer = Issuer::new();
    let jwk = issuer.rsa_jwk("r");
    let secret = json!({"kty": "oct", "kid": "h", "alg": "HS256", "k": encoding::encode("k")});
    let known = keys(&[jwk.clone(), secret]);
    let claims = encoding::encode(r#"{"iss":"https://i.example","sub":"s"}"#);
    let unsigned = |alg: &str, kid: &str| {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        format!("{}.{claims}", encoding::encode(header))
    };
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        for signature in ["", "AA"] {
            let token = format!("{}.{signature}", unsigned(alg, "r"));
            assert!(!believes(&known, &token), "{alg} {signature}");
        }
    }
    let modulus = encoding::decode(jwk["n"].as_str().unwrap()).unwrap();
    let der = issuer.rsa.certificate().der().to_vec();
    for (kid, secret) in [
        ("r", modulus),
        ("r", der),
        ("r", jwk.to_string().into_bytes()),
        ("r", Vec::new()),
        ("h", b"k".to_vec()),
    ] {
        let signed = unsigned("HS256", kid);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signature = encoding::encode(hmac::sign(&key, signed.as_bytes()));
        assert!(!believes(&known, &format!("{signed}.{signature}")), "{kid}");
    }
    for alg in ["RS1", "RS384", "RS512", "rs256", "RS256 ", "EdDSA"] {
        let token = issuer.token(&json!({"alg": alg, "kid": "r"}));
        assert!(!believes(&known, &token), "{alg}");
    }
}

#[test]
fn no_key_that_a_token_brings_along_is_believed() {
    let (issuer, thief) = (Issuer::new(), Issuer::new());
    let known = keys(&issuer.set());
    let certificate = encoding::encode_standard(thief.rsa.certificate().der());
    for (name, value) in [
        ("jwk", thief.rsa_jwk("r")),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!([certificate])),
        (
            "x5t",
            json!(encoding::encode(thief.rsa.certificate().sha1())),
        ),
        ("crit", json!(["exp"])),
    ] {
        let header = json!({"alg": "RS256", "kid": "r", name: value});
        assert!(!believes(&known, &thief.token(&header)), "{name}");
    }
    for kid in [
        json!("../../etc/passwd"),
        json!("r' OR '1'='1"),
        json!("https://evil.example/keys"),
        json!("r\u{0}"),
        json!(["r"]),
        json!(null),
    ] {
        let token = issuer.token(&json!({"alg": "RS256", "kid": kid}));
        assert!(!believes(&known, &token), "{kid}");
    }
    let token = issuer.token(&json!({"alg": "RS256", "kid": "r", "crit": ["exp"]}));
    assert!(!believes(&known, &token), "an extension nobody understands");
}

#[test]
fn keys_of_no_use_are_left_out() {
    let issuer = Issuer::new();
    let mut short = point("e", "P-256", &issuer.p256);
    short["x"] = json!("AA");
    let mut off_curve = point("e", "P-256", &issuer.p256);
    off_curve["x"] = off_curve["y"].clone();
    let weak = json!({"kty": "RSA", "kid": "r", "n": encoding::encode([0xff; 128]), "e": "AQAB"});
    for jwk in [json!(7), json!({}), short, off_curve, weak] {
        assert!(keys(std::slice::from_ref(&jwk)).keys.is_empty(), "{jwk}");
    }
    let stranger = Issuer::new();
    let known = keys(&[issuer.rsa_jwk("r"), stranger.rsa_jwk("r")]);
    let header = json!({"alg": "RS256", "kid": "r"});
    assert!(believes(&known, &issuer.token(&header)));
    assert!(!believes(&known, &stranger.token(&header)));
    let mut many = vec![json!({"kty": "oct", "kid": "x"}); MOST];
    many.push(issuer.rsa_jwk("r"));
    assert!(!keys(&many).contains("r") && keys(&many[1..]).contains("r"));
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
        assert!(IssuerKeys::parse(text.as_bytes()).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, x in "[A-Za-z0-9_-]{0,60}", alg: String) {
        drop(IssuerKeys::parse(&bytes));
        let known = keys(&[
            json!({"kty": "EC", "kid": "a", "crv": "P-256", "x": x, "y": x}),
            json!({"kty": "RSA", "kid": "a", "n": x, "e": x}),
        ]);
        prop_assert!(!known.verify("a", &alg, &bytes, &bytes));
    }
}
