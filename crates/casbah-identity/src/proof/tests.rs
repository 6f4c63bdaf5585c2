use casbah_model::ids::{KeyId, ObjectId};
use casbah_token::{AccessToken, ClientKey, Life, SigningKey, Subject};

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);
const DAY: i64 = 86_400;

/// A client with a certificate, and its tenant.
struct Client {
    app_id: AppId,
    tenant: TenantId,
    key: ClientKey,
    credential: KeyCredential,
    place: AssertionPlace,
}

impl Client {
    fn new() -> Self {
        let authority = Authority::parse("https://casbah.example").unwrap();
        let tenant = TenantId::random();
        let signing = SigningKey::generate(NOW.seconds()).unwrap();
        let pem = |label: &str, der: &[u8]| {
            format!(
                "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
                STANDARD.encode(der)
            )
        };
        let file = pem("PRIVATE KEY", &signing.to_pkcs8().unwrap())
            + &pem("CERTIFICATE", signing.certificate_der());
        Self {
            app_id: AppId::random(),
            tenant,
            key: ClientKey::from_pem(file.as_bytes()).unwrap(),
            credential: KeyCredential {
                key_id: KeyId::random(),
                display_name: "CN=test".to_owned(),
                start: NOW.minus_days(1),
                end: NOW.minus_days(-30),
                custom_key_identifier: String::new(),
                certificate: STANDARD.encode(signing.certificate_der()),
            },
            place: AssertionPlace::tenant(&authority, tenant, &["contoso.example".to_owned()]),
        }
    }

    fn assertion(&self, audience: &str, seconds: i64) -> String {
        let client = self.app_id.to_string();
        self.key.assertion(&client, audience, seconds).unwrap()
    }

    fn check(&self, assertion: &str, now: Timestamp) -> Result<(), AadError> {
        let facts = ProofFacts {
            secrets: &[],
            certificates: std::slice::from_ref(&self.credential),
            federated: &[],
            issuer_keys: None,
            peppers: &Peppers::default(),
            place: &self.place,
        };
        let proven = check_assertion(self.app_id, &assertion.into(), facts, now)?;
        assert_eq!(proven, Proven::Certificate(self.credential.key_id));
        Ok(())
    }
}

#[test]
fn an_assertion_may_name_a_host_that_a_laboratory_answers_for() {
    let mut client = Client::new();
    let id = client.tenant;
    let named = |host: &str| format!("https://{host}/{id}/oauth2/v2.0/token");
    let assertion = client.assertion(&named("login.microsoftonline.com"), NOW.seconds());
    let refused = client.check(&assertion, NOW);
    assert_eq!(refused, Err(AadError::AssertionAudience));

    let aliases = ["login.microsoftonline.com", "*.portal.example"];
    let aliases = aliases.map(|alias| alias.parse().unwrap()).to_vec();
    let authority = Authority::parse("https://casbah.example").unwrap();
    let authority = authority.with_aliases(aliases);
    client.place = AssertionPlace::tenant(&authority, id, &[]);
    assert_eq!(client.check(&assertion, NOW), Ok(()));
    for (host, is_right) in [
        ("casbah.example", true),
        ("login.microsoftonline.us", false),
        ("x.login.microsoftonline.com", false),
        ("contoso.portal.example", false),
    ] {
        let assertion = client.assertion(&named(host), NOW.seconds());
        assert_eq!(client.check(&assertion, NOW).is_ok(), is_right, "{host}");
    }
    let common = AssertionPlace::alias(&authority, "common");
    let name = "https://login.microsoftonline.com/common/oauth2/token";
    assert!(common.0.iter().any(|one| one == name));
}

#[test]
fn an_assertion_is_for_any_name_of_the_tenants_endpoints() {
    let client = Client::new();
    let id = client.tenant;
    for (audience, is_right) in [
        (
            format!("https://casbah.example/{id}/oauth2/v2.0/token"),
            true,
        ),
        (format!("https://casbah.example/{id}/oauth2/token"), true),
        (format!("https://casbah.example/{id}/v2.0"), true),
        (format!("https://casbah.example/{id}/"), true),
        (
            "https://casbah.example/contoso.example/oauth2/v2.0/token".to_owned(),
            true,
        ),
        (
            "https://casbah.example/common/oauth2/v2.0/token".to_owned(),
            false,
        ),
        (
            format!(
                "https://casbah.example/{}/oauth2/v2.0/token",
                TenantId::random()
            ),
            false,
        ),
        (
            format!("https://evil.example/{id}/oauth2/v2.0/token"),
            false,
        ),
        (format!("https://casbah.example/{id}"), false),
        ("https://casbah.example".to_owned(), false),
        (String::new(), false),
    ] {
        let assertion = client.assertion(&audience, NOW.seconds());
        let expected = if is_right {
            Ok(())
        } else {
            Err(AadError::AssertionAudience)
        };
        assert_eq!(client.check(&assertion, NOW), expected, "{audience}");
        // The same one again is as good: real clients send it for minutes.
        assert_eq!(client.check(&assertion, NOW), expected, "{audience}");
    }
}

#[test]
fn an_assertion_has_its_time() {
    let client = Client::new();
    let audience = format!("https://casbah.example/{}/v2.0", client.tenant);
    for (made, expected) in [
        (0, Ok(())),
        (-600, Ok(())),
        (-899, Ok(())),
        (-900, Err(AadError::AssertionTime)),
        (300, Ok(())),
        (301, Err(AadError::AssertionTime)),
        (DAY, Err(AadError::AssertionTime)),
    ] {
        let assertion = client.assertion(&audience, NOW.seconds() + made);
        assert_eq!(client.check(&assertion, NOW), expected, "made at {made}");
    }
}

#[test]
fn an_assertion_is_the_clients_own() {
    let client = Client::new();
    let audience = format!("https://casbah.example/{}/v2.0", client.tenant);
    let sign = |name: &str| {
        client
            .key
            .assertion(name, &audience, NOW.seconds())
            .unwrap()
    };
    let own = client.app_id.to_string();
    for (assertion, expected) in [
        (sign(&own.to_uppercase()), Ok(())),
        (
            sign(&AppId::random().to_string()),
            Err(AadError::AssertionClient),
        ),
        (sign(""), Err(AadError::AssertionClient)),
        (
            sign("https://tokens.example"),
            Err(AadError::NoFederatedCredential),
        ),
        ("a.b".to_owned(), Err(AadError::AssertionMalformed)),
        (
            sign(&own).replace('.', ".."),
            Err(AadError::AssertionMalformed),
        ),
        (
            Client::new()
                .key
                .assertion(&own, &audience, NOW.seconds())
                .unwrap(),
            Err(AadError::AssertionSignature),
        ),
    ] {
        assert_eq!(client.check(&assertion, NOW), expected);
    }
}

#[test]
fn a_certificate_has_its_time() {
    let mut client = Client::new();
    let audience = format!("https://casbah.example/{}/v2.0", client.tenant);
    let assertion = client.assertion(&audience, NOW.seconds());
    let expired = Err(AadError::SecretExpired(client.app_id.to_string()));
    for (start, end, expected) in [
        (NOW, NOW.plus_millis(1), Ok(())),
        (NOW.minus_days(9), NOW, expired.clone()),
        (NOW.plus_millis(1), NOW.minus_days(-9), expired),
    ] {
        client.credential.start = start;
        client.credential.end = end;
        assert_eq!(client.check(&assertion, NOW), expected);
    }
}

/// An issuer that the application trusts, and its tokens.
struct Issuer {
    key: SigningKey,
    trusted: FederatedCredential,
}

impl Issuer {
    fn new() -> Self {
        Self {
            key: SigningKey::generate(NOW.seconds()).unwrap(),
            trusted: FederatedCredential {
                id: KeyId::random(),
                name: "pipeline".to_owned(),
                issuer: "https://tokens.example".to_owned(),
                subject: "repo:contoso/siem".to_owned(),
                audience: "api://AzureADTokenExchange".to_owned(),
                description: None,
            },
        }
    }

    fn keys(&self) -> IssuerKeys {
        let set = casbah_token::JwkSet {
            keys: vec![self.key.jwk()],
        };
        IssuerKeys::parse(&serde_json::to_vec(&set).unwrap()).unwrap()
    }

    fn token(&self, change: impl FnOnce(&mut AccessToken)) -> String {
        let mut token = AccessToken {
            version: casbah_token::TokenVersion::V2,
            audience: self.trusted.audience.clone(),
            issuer: self.trusted.issuer.clone(),
            tenant: String::new(),
            client: casbah_token::Client {
                id: String::new(),
                auth: ClientAuth::Secret,
            },
            subject: Subject::App {
                object_id: self.trusted.subject.clone(),
            },
            roles: Vec::new(),
            life: Life::starting(NOW.seconds(), 600),
            token_id: "id".to_owned(),
        };
        change(&mut token);
        self.key.sign_access(&token).unwrap()
    }

    fn check(&self, token: &str, keys: Option<&IssuerKeys>) -> Result<Proven, AadError> {
        let facts = ProofFacts {
            secrets: &[],
            certificates: &[],
            federated: std::slice::from_ref(&self.trusted),
            issuer_keys: keys,
            peppers: &Peppers::default(),
            place: &AssertionPlace::default(),
        };
        check_assertion(AppId::random(), &token.into(), facts, NOW)
    }

    /// Whether a token makes the server ask for the issuer's keys.
    fn is_asked(&self, token: &str) -> bool {
        let credential = Credential::Assertion(token.into());
        let trusted = std::slice::from_ref(&self.trusted);
        foreign_issuer(&credential, trusted, NOW).is_some()
    }
}

type Change = fn(&mut AccessToken);

#[test]
fn a_token_of_a_trusted_issuer_is_a_proof() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    let token = issuer.token(|_| {});
    let proven = Proven::Federated {
        id: issuer.trusted.id,
        name: "pipeline".to_owned(),
    };
    assert_eq!(issuer.check(&token, Some(&keys)), Ok(proven.clone()));
    assert_eq!(proven.auth(), ClientAuth::Certificate);
    assert_eq!(issuer.check(&token, None), Err(AadError::FederatedKeys));
    let wanted = foreign_issuer(
        &Credential::Assertion(token.into()),
        std::slice::from_ref(&issuer.trusted),
        NOW,
    );
    let wanted = wanted.unwrap();
    assert_eq!(wanted.issuer, issuer.trusted.issuer);
    assert!(keys.contains(&wanted.key_id));
}

#[test]
fn no_keys_are_asked_for_a_token_whose_claims_would_not_do() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    let cases: [(&str, Change, AadError); 6] = [
        (
            "issuer",
            |token| token.issuer = "https://evil.example".into(),
            AadError::FederatedIssuer,
        ),
        (
            "audience",
            |token| token.audience = "api://other".into(),
            AadError::FederatedAudience,
        ),
        (
            "subject",
            |token| {
                token.subject = Subject::App {
                    object_id: "repo:contoso/other".into(),
                };
            },
            AadError::FederatedSubject,
        ),
        (
            "ended",
            |token| token.life = Life::starting(NOW.seconds() - 900, 600),
            AadError::AssertionTime,
        ),
        (
            "not begun",
            |token| token.life = Life::starting(NOW.seconds() + 900, 600),
            AadError::AssertionTime,
        ),
        (
            "no issuer but a name",
            |token| token.issuer = "tokens.example".into(),
            AadError::AssertionClient,
        ),
    ];
    for (what, change, expected) in cases {
        let token = issuer.token(change);
        assert_eq!(issuer.check(&token, Some(&keys)), Err(expected), "{what}");
        assert!(!issuer.is_asked(&token), "{what}");
    }
    assert!(issuer.is_asked(&issuer.token(|_| {})));
}

#[test]
fn another_issuers_key_of_the_same_name_signs_nothing() {
    let (issuer, thief) = (Issuer::new(), Issuer::new());
    let mut jwk = issuer.key.jwk();
    jwk.kid = thief.key.jwk().kid;
    let set = casbah_token::JwkSet { keys: vec![jwk] };
    let keys = IssuerKeys::parse(&serde_json::to_vec(&set).unwrap()).unwrap();
    let token = thief.token(|_| {});
    assert!(issuer.is_asked(&token));
    let checked = issuer.check(&token, Some(&keys));
    assert_eq!(checked, Err(AadError::AssertionSignature));
}

#[test]
fn times_that_nobody_can_read_are_never_now() {
    let issuer = Issuer::new();
    let trusted = &issuer.trusted;
    let claims = |change: serde_json::Value| {
        let mut claims = serde_json::json!({"iss": trusted.issuer, "sub": trusted.subject,
            "aud": trusted.audience, "exp": NOW.seconds() + 60});
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        crate::testing::unsigned(&claims)
    };
    assert!(issuer.is_asked(&claims(serde_json::json!({}))));
    for change in [
        serde_json::json!({"exp": null}),
        serde_json::json!({"exp": "soon"}),
        serde_json::json!({"exp": -1}),
        serde_json::json!({"nbf": "soon"}),
        serde_json::json!({"iat": "soon"}),
        serde_json::json!({"iat": NOW.seconds() + 301}),
        serde_json::json!({"nbf": NOW.seconds() + 301}),
    ] {
        let token = claims(change.clone());
        let checked = issuer.check(&token, Some(&issuer.keys()));
        assert_eq!(checked, Err(AadError::AssertionTime), "{change}");
        assert!(!issuer.is_asked(&token), "{change}");
    }
}

#[test]
fn a_single_use_is_named_by_what_was_signed() {
    let mut application = Application::new(TenantId::random(), "a", NOW);
    let named = |application: &Application, claims: serde_json::Value, signature: &str| {
        let text = crate::testing::unsigned(&claims) + signature;
        assertion_use(&Credential::Assertion(text.into()), Some(application))
    };
    let claims = |id: Option<&str>, issuer: &str| serde_json::json!({"jti": id, "iss": issuer, "exp": NOW.seconds()});
    assert_eq!(named(&application, claims(Some("1"), "i"), ""), None);
    application.single_use_assertions = true;
    let use_of =
        |id, issuer, signature| named(&application, claims(id, issuer), signature).unwrap();
    let first = use_of(Some("1"), "i", "");
    assert_eq!(first.tenant, application.tenant);
    assert_eq!(first.expires.seconds(), NOW.seconds() + 2 * LEEWAY);
    assert_eq!(use_of(Some("1"), "i", "A"), first);
    assert_ne!(use_of(Some("2"), "i", ""), first);
    assert_ne!(use_of(Some("1"), "j", ""), first);
    let nameless = use_of(None, "i", "");
    assert_eq!(use_of(None, "i", "A"), nameless);
    assert_ne!(use_of(None, "j", ""), nameless);
    let secret = Credential::Secret("s".into());
    assert_eq!(assertion_use(&secret, Some(&application)), None);
}

/// The least time of many, microseconds: what else the machine does only adds to it.
fn least_time(call: impl Fn() -> bool) -> f64 {
    let times = (0..300).map(|_| {
        let began = std::time::Instant::now();
        std::hint::black_box(call());
        began.elapsed().as_secs_f64() * 1e6
    });
    times.fold(f64::MAX, f64::min)
}

#[test]
fn the_time_tells_neither_whether_a_secret_is_right_nor_which() {
    let mut vault = crate::crypto::Vault::new(crate::crypto::MasterKey::generate().unwrap());
    vault.add_data_key(NOW).unwrap();
    let mut peppers = Peppers::default();
    peppers.add(&vault, NOW).unwrap();
    let made = (0..64).map(|_| {
        let options = crate::secret::SecretOptions::default();
        let (tenant, application) = (TenantId::random(), ObjectId::random());
        crate::secret::new_client_secret(&peppers, tenant, application, options, NOW).unwrap()
    });
    let (texts, stored): (Vec<_>, Vec<_>) = made.map(|made| (made.text, made.stored)).unzip();
    let time = |secret: &SecretString| {
        let facts = ProofFacts {
            secrets: &stored,
            certificates: &[],
            federated: &[],
            issuer_keys: None,
            peppers: &peppers,
            place: &AssertionPlace::default(),
        };
        least_time(|| check_secret(AppId::random(), secret, facts, NOW).is_ok())
    };
    let (first, last) = (time(&texts[0]), time(&texts[63]));
    let wrong = time(&"x".repeat(40).into());
    let slowest = first.max(last).max(wrong);
    let quickest = first.min(last).min(wrong);
    assert!(slowest < 3.0 * quickest, "{first} {last} {wrong}");
}
