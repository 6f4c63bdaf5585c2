//! People sign in through their company's own provider.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use casbah_identity::random::digest_of;
use casbah_model::identity::NameClaim;
use casbah_token::decode_unverified;
use serde_json::{Value, json};

use super::company::{Company, SECRET, at_provider, back, press};
use super::graph::admin;
use super::sign_in::{authorize, redeem, submit};
use crate::testing::directory::PASSWORD;

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_its_code() {
    let company = Company::start().await;
    let ada = company.directory.person("ada", &[]).await;
    let mut browser = company.browser();
    let at = company.go(&mut browser).await;
    assert_eq!(at.address.path(), "/authorize");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "casbah@fabrikam"),
        (
            "redirect_uri",
            "https://localhost:8443/casbah/sign_in/callback",
        ),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(at.sent(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(at.sent("prompt"), None);
    company.provider.signs_in(&at.nonce(), &json!({}));
    let sent = browser.get(&at.back()).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_eq!(sent.sent("state").as_deref(), Some("s&1"));
    let code = sent.sent("code").unwrap();
    let tokens = redeem(&mut browser, &code, &[]).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let claims = decode_unverified(token).unwrap().claims;
    assert_eq!(claims["oid"], ada.id.to_string());

    let [redemption] = <[_; 1]>::try_from(company.provider.received()).unwrap();
    let basic = format!("casbah%40fabrikam:{}", "s%3Ae%25c%26ret");
    let basic = format!("Basic {}", STANDARD.encode(basic));
    assert_eq!(redemption.authorization.as_deref(), Some(basic.as_str()));
    assert_eq!(redemption.field("code"), Some("c&1"));
    assert_eq!(redemption.field("grant_type"), Some("authorization_code"));
    assert_eq!(
        redemption.field("redirect_uri"),
        at.sent("redirect_uri").as_deref()
    );
    let verifier = digest_of(redemption.field("code_verifier").unwrap());
    let challenge = URL_SAFE_NO_PAD.encode(verifier.as_bytes());
    assert_eq!(at.sent("code_challenge"), Some(challenge));
    assert_eq!(redemption.field("client_secret"), None);

    let signed_in = company.audited("sign_in").await;
    let (actor, code, detail) = &signed_in[0];
    assert_eq!((actor, *code), (&ada.upn, None));
    assert!(
        detail.contains("Fabrikam ID") && detail.contains("mfa"),
        "{detail}"
    );
    assert_eq!(company.audited("identity_provider.link").await.len(), 1);

    // The session is one like any other.
    let again = browser.get(&authorize("common", &[])).await;
    assert_eq!(again.status, 303);
}

#[tokio::test]
async fn the_portal_is_reached_on_the_page_that_was_wanted() {
    let company = Company::start().await;
    company.directory.person("ada", &[]).await;
    let mut browser = company.browser();
    let page = browser.get("/portal/sign_in?to=/portal/").await;
    let at =
        at_provider(&press(&mut browser, &page, &[("username", "ada@fabrikam.example")]).await);
    assert_eq!(
        at.sent("login_hint").as_deref(),
        Some("ada@fabrikam.example")
    );
    company.provider.signs_in(&at.nonce(), &json!({}));
    let sent = browser.get(&at.back()).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/portal/"));
    assert_eq!(browser.get("/portal/").await.status, 200);
}

#[tokio::test]
async fn a_secret_goes_into_the_form_where_the_provider_wants_it_there() {
    let company = Company::start().await;
    company.directory.person("ada", &[]).await;
    let methods = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
    company.provider.publish(&methods);
    let answer = company.sign_in(&mut company.browser(), &json!({})).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let redemption = &company.provider.received()[0];
    assert_eq!(redemption.authorization, None);
    assert_eq!(redemption.field("client_secret"), Some(SECRET));
}

#[tokio::test]
async fn who_must_sign_in_there_is_led_there_by_the_password_form() {
    let company =
        Company::start_with(|one| one.domains = vec!["fabrikam.example".to_owned()]).await;
    let ada = company.directory.person("ada", &[]).await;
    for address in [
        "common",
        "organizations",
        &company.directory.tenant.to_string(),
    ] {
        let mut browser = company.browser();
        let page = browser.get(&authorize(address, &[])).await;
        let fields = [("username", ada.upn.as_str()), ("password", PASSWORD)];
        let at = at_provider(&submit(&mut browser, &page, &fields).await);
        assert_eq!(at.sent("login_hint"), Some(ada.upn.clone()), "{address}");
    }
    // The Kelvin sign folds to the letter k, in the names of people as in domains.
    for name in ["ADA@Fabrikam.EXAMPLE", "ada@fabri\u{212a}am.example"] {
        let mut browser = company.browser();
        let page = company.page(&mut browser).await;
        let fields = [("username", name), ("password", PASSWORD)];
        at_provider(&submit(&mut browser, &page, &fields).await);
    }
    let mut off = company.stored.clone();
    off.enabled = false;
    let store = &company.directory.server.app.store;
    let record = crate::testing::audit_record();
    let changed: Result<_, ()> = store
        .change_identity_provider(off.tenant, off.id, None, record, move |_| Ok(off.clone()))
        .await
        .unwrap();
    changed.unwrap();
    let mut browser = company.browser();
    let page = company.page(&mut browser).await;
    assert!(!page.text.contains("formaction"), "{}", page.text);
    let fields = [("username", ada.upn.as_str()), ("password", PASSWORD)];
    let answer = submit(&mut browser, &page, &fields).await;
    assert_eq!(answer.status, 303, "by the password again: {}", answer.text);
}

#[tokio::test]
async fn the_name_decides_where_no_tenant_is_in_the_address() {
    let company = Company::start().await;
    let mut browser = company.browser();
    let page = browser.get(&authorize("common", &[])).await;
    assert!(page.text.contains("Sign in with your organisation"));
    assert!(
        !page.text.contains("Fabrikam ID"),
        "whose providers is nobody's business"
    );
    let id = company.stored.id.to_string();
    for (fields, status) in [
        (vec![("username", "ada@fabrikam.example")], 200),
        (vec![("username", "ada@contoso.example")], 400),
        (vec![("username", "")], 400),
        (vec![("username", ""), ("provider", &id)], 400),
        (
            vec![("username", "ada@contoso.example"), ("provider", &id)],
            400,
        ),
    ] {
        let answer = press(&mut browser, &page, &fields).await;
        assert_eq!(answer.status, status, "{fields:?} {}", answer.text);
    }
    let without = crate::testing::directory::Directory::new().await;
    let page = without.browser().get(&authorize("common", &[])).await;
    assert!(!page.text.contains("formaction"), "{}", page.text);
}

#[tokio::test]
async fn unknown_people_are_created_where_that_was_said() {
    let company = Company::start_with(|one| one.creates_people = true).await;
    let answer = company.sign_in(&mut company.browser(), &json!({})).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let store = &company.directory.server.app.store;
    let found = store.user_by_upn(company.directory.tenant, "ADA@fabrikam.example");
    let ada = found.await.unwrap().unwrap();
    assert_eq!(ada.display_name, "Ada Lovelace");
    assert!(ada.roles.is_empty() && ada.password.is_none());
    assert_eq!(company.audited("user.create").await.len(), 1);
    let again = company.sign_in(&mut company.browser(), &json!({})).await;
    assert_eq!(again.status, 303);
    assert_eq!(company.audited("user.create").await.len(), 1, "once");
}

#[tokio::test]
async fn another_claim_may_name_people() {
    let company = Company::start_with(|one| one.name_claim = NameClaim::PreferredUsername).await;
    company.directory.person("grace", &[]).await;
    let changes = json!({"preferred_username": "grace@fabrikam.example", "sub": "g"});
    let answer = company.sign_in(&mut company.browser(), &changes).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(
        company.audited("sign_in").await[0].0,
        "grace@fabrikam.example"
    );
}

#[tokio::test]
async fn what_the_client_wants_of_the_sign_in_is_wanted_of_the_provider() {
    let company = Company::start().await;
    let tenant = company.directory.tenant.to_string();
    let choice = ("prompt", "select_account");
    for (change, prompt, max_age) in [
        (&[("prompt", "login")][..], Some("login"), Some("0")),
        (&[choice], Some("select_account"), None),
        (&[("max_age", "3600")], Some("login"), Some("0")),
        (&[choice, ("max_age", "0")], Some("login"), Some("0")),
        (&[("prompt", "consent")], None, None),
    ] {
        let mut browser = company.browser();
        let page = browser.get(&authorize(&tenant, change)).await;
        let at = at_provider(&press(&mut browser, &page, &[]).await);
        assert_eq!(at.sent("prompt").as_deref(), prompt, "{change:?}");
        assert_eq!(at.sent("max_age").as_deref(), max_age, "{change:?}");
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_shown_and_kept() {
    let company = Company::start().await;
    let mut browser = company.browser();
    let at = company.go(&mut browser).await;
    let (state, words) = (at.state(), "<b>You are not in the group</b>");
    let parameters = [
        ("error", "access_denied"),
        ("error_description", words),
        ("state", &state),
    ];
    let page = browser.get(&back(&parameters)).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("access_denied"), "{}", page.text);
    assert!(!page.text.contains("<b>"), "{}", page.text);
    assert!(company.provider.received().is_empty());
    let (actor, code, detail) = &company.audited("sign_in").await[0];
    assert_eq!((actor.as_str(), *code), ("Fabrikam ID", Some(50_012)));
    assert!(detail.contains("access_denied"), "{detail}");
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_is_for_the_administrator_alone() {
    let company = Company::start().await;
    let mut browser = company.browser();
    let at = company.go(&mut browser).await;
    company
        .provider
        .answers(401, json!({"error": "invalid_client"}));
    let page = browser.get(&at.back()).await;
    assert_eq!(page.status, 502);
    assert!(!page.text.contains("invalid_client"), "{}", page.text);
    let (_, _, detail) = &company.audited("sign_in").await[0];
    assert!(detail.contains("401: invalid_client"), "{detail}");
}

#[tokio::test]
async fn an_administrator_unlinks_an_account() {
    let company = Company::start().await;
    let ada = company.directory.person("ada", &[]).await;
    let sign_in = async |subject: &str| {
        let changes = json!({ "sub": subject });
        let answer = company.sign_in(&mut company.browser(), &changes).await;
        answer.status
    };
    assert_eq!(sign_in("old").await, 303);
    assert_eq!(sign_in("new").await, 403);
    let admin = admin(&company.directory).await;
    let path = format!(
        "/v1.0/identity/identityProviders/{}/links",
        company.stored.id
    );
    let links = admin.get(&path).await;
    assert_eq!(links["value"][0]["id"], ada.id.to_string());
    assert_eq!(links["value"][0]["issuerAssignedId"], "old");
    for status in [204, 404] {
        let path = format!("{path}/{}", ada.id);
        let removed = admin.call("DELETE", &path, Value::Null).await;
        assert_eq!(removed.status, status, "{}", removed.text);
    }
    assert_eq!(sign_in("new").await, 303);
    assert_eq!(sign_in("old").await, 403);
    assert_eq!(company.audited("identity_provider.unlink").await.len(), 1);
}

#[tokio::test]
async fn a_claim_may_come_from_user_info() {
    let company = Company::start().await;
    let ada = company.directory.person("ada", &[]).await;
    let without = json!({"email": null, "email_verified": null});
    for (info, status) in [
        (
            json!({"sub": "another", "email": ada.upn, "email_verified": true}),
            403,
        ),
        (
            json!({"sub": "00u1", "email": ada.upn, "email_verified": false}),
            403,
        ),
        (
            json!({"sub": "00u1", "email": ada.upn, "email_verified": true}),
            303,
        ),
    ] {
        company.provider.informs(info.clone());
        let answer = company.sign_in(&mut company.browser(), &without).await;
        assert_eq!(answer.status, status, "{info} {}", answer.text);
    }
}
