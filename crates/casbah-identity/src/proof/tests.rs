use casbah_model::ids::KeyId;
use casbah_token::{ClientKey, SigningKey};

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
            peppers: &Peppers::default(),
            place: &self.place,
        };
        check_assertion(self.app_id, &assertion.into(), facts, now)
    }
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
