use casbah_model::identity::SignInAddress;
use casbah_model::ids::TenantId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::IdTokenRefusal as NoToken;
use super::NameRefusal as NoName;
use super::*;
use crate::crypto::{MasterKey, Vault};
use crate::random::digest_of;
use crate::testing::{ForeignKey, unsigned};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn tenant() -> Tenant {
    Tenant {
        id: TenantId::random(),
        display_name: "Fabrikam".into(),
        default_domain: "fabrikam.example".into(),
        domains: vec!["fabrikam.example".into(), "labs.example".into()],
        is_home: false,
        members_register: true,
        auth_epoch: 1,
        created: NOW,
    }
}

fn good() -> ProviderChanges {
    ProviderChanges {
        display_name: Some("Fabrikam ID".into()),
        issuer: Some("https://idp.fabrikam.example/realms/main".into()),
        client_id: Some("casbah".into()),
        ..ProviderChanges::default()
    }
}

fn provider(tenant: &Tenant, changes: ProviderChanges) -> IdentityProvider {
    new_provider(tenant, ObjectId::random(), changes, NOW).unwrap()
}

#[test]
fn a_provider_begins_careful() {
    let one = provider(&tenant(), good());
    assert_eq!(one.scopes, ["openid", "profile", "email"]);
    assert_eq!(one.name_claim, NameClaim::Email);
    assert!(one.domains.is_empty() && !one.creates_people && one.enabled);
}

#[test]
fn what_cannot_be_is_refused() {
    let with = |change: fn(&mut ProviderChanges)| {
        let mut changes = good();
        change(&mut changes);
        new_provider(&tenant(), ObjectId::random(), changes, NOW).map(|_| ())
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(with(|_| ()), Ok(()));
    for (name, refused) in [
        ("no name", with(|one| one.display_name = None)),
        (
            "blank name",
            with(|one| one.display_name = Some(" ".into())),
        ),
        ("no issuer", with(|one| one.issuer = None)),
        (
            "http",
            with(|one| one.issuer = Some("http://idp.example".into())),
        ),
        (
            "query",
            with(|one| one.issuer = Some("https://idp.example/?a".into())),
        ),
        (
            "user",
            with(|one| one.issuer = Some("https://a@idp.example".into())),
        ),
        ("no client", with(|one| one.client_id = None)),
        ("no openid", with(|one| one.scope = Some("email".into()))),
        (
            "bad scope",
            with(|one| one.scope = Some("openid a\"b".into())),
        ),
        ("claim", with(|one| one.name_claim = Some("sub".into()))),
        (
            "domain",
            with(|one| one.domains = Some(vec!["other.example".into()])),
        ),
    ] {
        assert!(refused.is_err(), "{name}");
    }
    let one = provider(&tenant(), good());
    let change = ProviderChanges {
        issuer: text("https://evil.example"),
        ..ProviderChanges::default()
    };
    assert!(
        change_provider(&tenant(), one, change).is_err(),
        "another issuer"
    );
    assert!(check_secret("").is_err() && check_secret(" x").is_err());
    assert!(check_secret("x&=%:").is_ok());
}

#[test]
fn changes_keep_what_they_do_not_name() {
    let tenant = tenant();
    let before = provider(&tenant, good());
    let changes = ProviderChanges {
        scope: Some("openid  email openid".into()),
        domains: Some(vec!["LABS.example".into(), "labs.example".into()]),
        enabled: Some(false),
        ..ProviderChanges::default()
    };
    let after = change_provider(&tenant, before.clone(), changes).unwrap();
    let expected = IdentityProvider {
        scopes: vec!["openid".into(), "email".into()],
        domains: vec!["labs.example".into()],
        enabled: false,
        ..before
    };
    assert_eq!(after, expected);
}

/// The claims of a good answer with these changed.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://idp.example", "aud": "casbah", "sub": "1", "nonce": "n",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 300,
        "email": "ada@fabrikam.example", "email_verified": true, "amr": ["pwd"],
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

#[test]
fn only_the_answer_to_this_sign_in_is_believed() {
    let (key, other) = (ForeignKey::new(), ForeignKey::new());
    let keys = key.published();
    let expected = ExpectedToken {
        issuer: "https://idp.example",
        client_id: "casbah",
        nonce: digest_of("n"),
        keys: &keys,
        begun: NOW.plus_millis(-60_000),
        now: NOW,
    };
    let verify = |text: &str| verify_id_token(text, &expected);
    let person = verify(&key.sign(&claims(&json!({})))).unwrap();
    assert_eq!(person.subject, "1");
    assert_eq!(
        person.verified_email.as_deref(),
        Some("ada@fabrikam.example")
    );
    assert_eq!(person.methods, ["pwd"]);
    assert!(!person.proved_several_factors());
    let several = verify(&key.sign(&claims(&json!({"amr": ["pwd", "mfa"]}))));
    assert!(several.unwrap().proved_several_factors());
    let unverified = verify(&key.sign(&claims(&json!({"email_verified": false})))).unwrap();
    assert_eq!(unverified.verified_email, None);
    let ended = NOW.seconds() - 300;
    for (changes, refusal) in [
        (json!({"iss": "https://idp.example/"}), NoToken::Issuer),
        (json!({"iss": null}), NoToken::Issuer),
        (json!({"aud": "other"}), NoToken::Audience),
        (json!({"aud": ["casbah", "other"]}), NoToken::Audience),
        (json!({"azp": "other"}), NoToken::Audience),
        (json!({"exp": ended}), NoToken::Time),
        (json!({"iat": null}), NoToken::Time),
        (json!({"nbf": NOW.seconds() + 301}), NoToken::Time),
        (json!({"nonce": "m"}), NoToken::Nonce),
        (json!({"nonce": null}), NoToken::Nonce),
        (json!({"sub": ""}), NoToken::Subject),
        (json!({"sub": "x".repeat(256)}), NoToken::Subject),
        (json!({"sub": 1}), NoToken::Subject),
    ] {
        assert_eq!(
            verify(&key.sign(&claims(&changes))),
            Err(refusal),
            "{changes}"
        );
    }
    assert_eq!(
        verify(&other.sign(&claims(&json!({})))),
        Err(NoToken::Signature)
    );
    assert_eq!(
        verify(&unsigned(&claims(&json!({})))),
        Err(NoToken::Signature)
    );
    assert_eq!(verify("x"), Err(NoToken::Format));
}

#[test]
fn a_sign_in_is_new_if_it_took_no_longer_than_the_way_there_and_back() {
    let key = ForeignKey::new();
    let keys = key.published();
    let expected = ExpectedToken {
        issuer: "https://idp.example",
        client_id: "casbah",
        nonce: digest_of("n"),
        keys: &keys,
        begun: NOW.plus_millis(-60_000),
        now: NOW,
    };
    let now = NOW.seconds();
    for (changes, age) in [
        (json!({}), SignInAge::Unknown),
        (json!({ "auth_time": now }), SignInAge::Now),
        (json!({ "auth_time": now - 60 }), SignInAge::Now),
        (json!({ "auth_time": now - 63 }), SignInAge::Earlier),
        (json!({ "auth_time": 0 }), SignInAge::Earlier),
        // The provider's clock goes wrong, but by itself alone.
        (
            json!({ "auth_time": now - 260, "iat": now - 200 }),
            SignInAge::Now,
        ),
        (
            json!({ "auth_time": now, "iat": now + 200 }),
            SignInAge::Earlier,
        ),
        (json!({ "auth_time": now * 1000 }), SignInAge::Unknown),
        (json!({ "auth_time": now.to_string() }), SignInAge::Unknown),
        (json!({ "auth_time": null }), SignInAge::Unknown),
    ] {
        let person = verify_id_token(&key.sign(&claims(&changes)), &expected).unwrap();
        assert_eq!(person.age, age, "{changes}");
    }
}

fn person(email: Option<&str>) -> ProvenPerson {
    ProvenPerson {
        subject: "1".into(),
        verified_email: email.map(str::to_owned),
        preferred_username: Some("grace@labs.example".into()),
        upn: None,
        display_name: None,
        methods: Vec::new(),
        age: SignInAge::Unknown,
    }
}

#[test]
fn a_provider_speaks_for_the_tenants_own_people_alone() {
    let tenant = tenant();
    let one = provider(&tenant, good());
    for (email, expected) in [
        (Some("ada@fabrikam.example"), Ok("ada@fabrikam.example")),
        (Some("Ada@FABRIKAM.example"), Ok("Ada@FABRIKAM.example")),
        (Some("zoë@labs.example"), Ok("zoë@labs.example")),
        (None, Err(NoName::Missing(NameClaim::Email))),
        (Some("ada@evil.example"), Err(NoName::Domain)),
        (Some("ada@a.fabrikam.example"), Err(NoName::Domain)),
        (Some("ada@fabrikam.example@evil.example"), Err(NoName::Form)),
        (Some("ada@evil.example@fabrikam.example"), Err(NoName::Form)),
        (Some("ada fabrikam@fabrikam.example"), Err(NoName::Form)),
        (Some("\u{212a}im@fabrikam.example"), Err(NoName::Form)),
        (Some("fabrikam.example"), Err(NoName::Form)),
        (Some("@fabrikam.example"), Err(NoName::Form)),
    ] {
        let person = person(email);
        let all = [one.clone()];
        assert_eq!(name_of(&person, &one, &all, &tenant), expected, "{email:?}");
    }
    let elsewhere = self::tenant();
    let all = [one.clone()];
    let ada = person(Some("ada@fabrikam.example"));
    assert_eq!(name_of(&ada, &one, &all, &elsewhere), Err(NoName::Domain));
}

#[test]
fn people_who_must_sign_in_elsewhere_do() {
    let tenant = tenant();
    let one = provider(&tenant, good());
    let mut other = provider(&tenant, good());
    other.domains = vec!["fabrikam.example".into()];
    let ada = person(Some("ada@Fabrikam.example"));
    let all = [one.clone(), other.clone()];
    assert_eq!(
        name_of(&ada, &one, &all, &tenant),
        Err(NoName::OtherProvider)
    );
    assert!(name_of(&ada, &other, &all, &tenant).is_ok());
    other.enabled = false;
    let all = [one.clone(), other];
    assert!(name_of(&ada, &one, &all, &tenant).is_ok());
}

#[test]
fn the_claim_that_names_people_is_the_one_that_was_chosen() {
    let tenant = tenant();
    let mut one = provider(&tenant, good());
    one.name_claim = NameClaim::PreferredUsername;
    let ada = person(Some("ada@fabrikam.example"));
    let all = [one.clone()];
    assert_eq!(name_of(&ada, &one, &all, &tenant), Ok("grace@labs.example"));
    one.name_claim = NameClaim::Upn;
    assert_eq!(
        name_of(&ada, &one, &all, &tenant),
        Err(NoName::Missing(NameClaim::Upn))
    );
    let new = new_person(&ada, "ada@fabrikam.example", &one, NOW);
    assert!(new.roles.is_empty() && new.password.is_none() && new.enabled);
}

#[test]
fn a_request_holds_what_the_answer_must_prove() {
    let mut vault = Vault::new(MasterKey::generate().unwrap());
    vault.add_data_key(NOW).unwrap();
    let one = provider(&tenant(), good());
    let return_to = SignInAddress {
        entry: "portal".into(),
        segment: "organizations".into(),
        query: "to=/".into(),
    };
    let new = begin(&vault, &one, "cookie", return_to, NOW).unwrap();
    let request = AuthorizationRequest {
        provider: &one,
        redirect_uri: "https://casbah.example/casbah/sign_in/callback",
        login_hint: "ada@fabrikam.example",
        ask: Ask::SignIn,
    };
    let endpoint = Url::parse("https://idp.example/authorize?tenant=1").unwrap();
    let address = request.address(endpoint, &new);
    let sent = |name: &str| {
        let mut pairs = address.query_pairs();
        pairs
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .into_owned()
    };
    for (name, value) in [
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "casbah"),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
        ("login_hint", "ada@fabrikam.example"),
        ("prompt", "login"),
        ("max_age", "0"),
    ] {
        assert_eq!(sent(name), value, "{name}");
    }
    assert_eq!(state_tenant(&sent("state")), Some(one.tenant));
    assert_eq!(digest_of(&sent("state")), new.stored.state);
    assert_eq!(digest_of(&sent("nonce")), new.stored.nonce);
    assert_eq!(digest_of("cookie"), new.stored.browser);
    let text = verifier(&vault, &new.stored).unwrap();
    let challenge = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        digest_of(text.expose_secret()).as_bytes(),
    );
    assert_eq!(sent("code_challenge"), challenge);
    let mut moved = new.stored.clone();
    moved.state = digest_of("another");
    assert!(verifier(&vault, &moved).is_err(), "sealed for its row");
}

#[test]
fn user_info_adds_what_the_token_lacks_of_the_same_person() {
    let person = ProvenPerson {
        verified_email: None,
        ..person(None)
    };
    let with = |info: Value| person.clone().with_user_info(info.to_string().as_bytes());
    let email = "ada@fabrikam.example";
    let full = with(json!({"sub": "1", "email": email, "email_verified": true,
        "preferred_username": "mallory@labs.example", "name": "Ada"}))
    .unwrap();
    assert_eq!(full.verified_email.as_deref(), Some(email));
    assert_eq!(full.display_name.as_deref(), Some("Ada"));
    let kept = full.preferred_username.as_deref();
    assert_eq!(
        kept,
        Some("grace@labs.example"),
        "the token's own words stay"
    );
    for verified in [json!(false), json!("true"), json!(null)] {
        let info = json!({"sub": "1", "email": email, "email_verified": verified});
        assert_eq!(with(info).unwrap().verified_email, None);
    }
    for info in [
        json!({"sub": "2", "email": email, "email_verified": true}),
        json!({"email": email, "email_verified": true}),
        json!([]),
    ] {
        assert_eq!(with(info), Err(NoToken::UserInfo));
    }
}
