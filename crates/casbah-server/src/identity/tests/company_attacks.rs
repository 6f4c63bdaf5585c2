//! Attacks by way of a company's provider: by other browsers, by other answers, by accounts
//! that are not the person's, and on the server's place in the network.

use casbah_model::ids::ObjectId;
use serde_json::{Value, json};

use super::company::{
    AtProvider, Company, SECRET, TestProvider, add, at_provider, back, kept, press,
};
use super::issuer::{IssuerKey, header};
use super::sign_in::authorize;
use crate::testing::browser::Page;
use crate::testing::directory::Directory;
use crate::testing::save_user;

/// Nobody was signed in by this answer.
fn assert_refused(answer: &Page, why: &str) {
    assert_eq!(answer.status, 403, "{why}: {}", answer.text);
    assert_eq!(answer.header("set-cookie"), "", "{why}");
    assert_eq!(answer.header("location"), "", "{why}");
}

async fn with_ada() -> Company {
    let company = Company::start().await;
    company.directory.person("ada", &[]).await;
    company
}

#[tokio::test]
async fn an_answer_is_for_the_browser_that_asked_and_counts_once() {
    let company = with_ada().await;
    let (mut own, mut attacker) = (company.browser(), company.browser());
    let at = company.go(&mut own).await;
    company.provider.signs_in(&at.nonce(), &json!({}));
    // The attacker's browser has a sign-in of its own, and so a cookie; another has none.
    company.go(&mut attacker).await;
    assert_refused(&attacker.get(&at.back()).await, "another browser");
    assert_refused(&company.browser().get(&at.back()).await, "no cookie");
    let wrong = format!("{}x", at.state());
    for state in [
        "",
        "x",
        wrong.as_str(),
        at.state().split_once('.').unwrap().1,
    ] {
        let address = back(&[("code", "c"), ("state", state)]);
        assert_refused(&own.get(&address).await, state);
    }
    let elsewhere = ObjectId::random();
    let (_, random) = wrong.split_once('.').unwrap();
    let address = back(&[("code", "c"), ("state", &format!("{elsewhere}.{random}"))]);
    assert_refused(&own.get(&address).await, "another tenant's");
    assert!(
        company.provider.received().is_empty(),
        "no code was sent on"
    );
    let good = own.get(&at.back()).await;
    assert_eq!(good.status, 303, "{}", good.text);
    assert_refused(&own.get(&at.back()).await, "a second time");
    assert_eq!(company.provider.received().len(), 1);
}

#[tokio::test]
async fn a_sign_in_that_took_too_long_is_over() {
    let company = with_ada().await;
    let mut browser = company.browser();
    let at = company.go(&mut browser).await;
    company.provider.signs_in(&at.nonce(), &json!({}));
    let database = company.directory.server.database();
    let aged = "UPDATE identity_provider_sign_in SET expires = expires - 600001";
    assert_eq!(database.execute(aged, []).unwrap(), 1);
    assert_refused(&browser.get(&at.back()).await, "after ten minutes");
}

#[tokio::test]
async fn a_token_must_be_the_answer_to_this_very_sign_in() {
    let company = with_ada().await;
    let mut browser = company.browser();
    let before = company.go(&mut browser).await;
    let now = casbah_model::time::Timestamp::now().seconds();
    for (changes, why) in [
        (json!({"nonce": before.nonce()}), "another's nonce"),
        (json!({"nonce": null}), "no nonce"),
        (json!({"aud": "another client"}), "another audience"),
        (
            json!({"aud": ["casbah@fabrikam", "another"]}),
            "others, and no azp",
        ),
        (json!({"azp": "another client"}), "another's azp"),
        (json!({"iss": "https://evil.example"}), "another issuer"),
        (
            json!({"iss": format!("{}/", company.provider.url())}),
            "almost the issuer",
        ),
        (json!({"exp": now - 301}), "ended"),
        (json!({"exp": null}), "no end"),
        (
            json!({"iat": now + 900, "exp": now + 1200}),
            "of the future",
        ),
        (json!({"nbf": now + 900}), "not yet"),
        (json!({"sub": null}), "nobody"),
    ] {
        let answer = company.sign_in(&mut browser, &changes).await;
        assert_refused(&answer, why);
        let (_, code, _) = &company.audited("sign_in").await[0];
        assert_eq!(*code, Some(50_012), "{why}");
    }
    let answer = company.sign_in(&mut browser, &json!({})).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

#[tokio::test]
async fn a_token_must_be_signed_by_the_provider() {
    let company = with_ada().await;
    let other = IssuerKey::new();
    let mut browser = company.browser();
    let jwk = other.jwk("one");
    for (header, key, why) in [
        (header("one"), &other, "by another key"),
        (
            header("two"),
            &company.provider.key,
            "a key that is not published",
        ),
        (json!({"alg": "none"}), &other, "by nobody"),
        (
            json!({"alg": "none", "kid": "one"}),
            &company.provider.key,
            "by nobody's algorithm",
        ),
        (
            json!({"alg": "HS256", "kid": "one"}),
            &company.provider.key,
            "by a shared secret",
        ),
        (
            json!({"alg": "RS256", "kid": "one", "jwk": jwk}),
            &other,
            "by a key of its own",
        ),
    ] {
        let at = company.go(&mut browser).await;
        let token = key.sign(&header, &company.provider.claims(&at.nonce()));
        for token in [token.clone(), unsigned(&token)] {
            company.provider.answers(200, json!({ "id_token": token }));
            assert_refused(&browser.get(&at.back()).await, why);
        }
    }
}

/// The token without its signature.
fn unsigned(token: &str) -> String {
    format!("{}.", token.rsplit_once('.').unwrap().0)
}

#[tokio::test]
async fn an_answer_that_names_another_issuer_is_none() {
    let company = with_ada().await;
    let url = company.provider.url();
    for (names, issuer, is_good) in [
        (false, None, true),
        (false, Some(url.as_str()), true),
        (false, Some("https://evil.example"), false),
        (true, None, false),
        (true, Some("https://evil.example"), false),
        (true, Some(url.as_str()), true),
    ] {
        // Metadata are read once an hour.
        let company = if names {
            named().await
        } else {
            with_ada().await
        };
        let mut browser = company.browser();
        let at = company.go(&mut browser).await;
        company.provider.signs_in(&at.nonce(), &json!({}));
        let state = at.state();
        let mut parameters = vec![("code", "c"), ("state", state.as_str())];
        let own = company.provider.url();
        let issuer = issuer.map(|issuer| if issuer == url { &own } else { issuer });
        parameters.extend(issuer.map(|issuer| ("iss", issuer)));
        let answer = browser.get(&back(&parameters)).await;
        if is_good {
            assert_eq!(answer.status, 303, "{issuer:?} {}", answer.text);
        } else {
            assert_refused(&answer, "mixed up");
            assert!(
                company.provider.received().is_empty(),
                "the code stays here"
            );
        }
    }
}

/// A company whose provider says that its answers name it.
async fn named() -> Company {
    let company = with_ada().await;
    let names = json!({"authorization_response_iss_parameter_supported": true});
    company.provider.publish(&names);
    company
}

#[tokio::test]
async fn a_provider_speaks_for_its_own_tenants_people_alone() {
    let company = Company::start_with(|one| one.creates_people = true).await;
    let store = &company.directory.server.app.store;
    // The home tenant's administrator, and another tenant with a person and the same
    // provider under another name.
    let other = company
        .directory
        .server
        .create_tenant("Other", "other.example")
        .await;
    let mut browser = company.browser();
    for email in [
        "admin@contoso.example",
        other.administrator.upn.as_str(),
        "ada@nobody.example",
        "ada@sub.fabrikam.example",
        "admin@other.example@fabrikam.example",
    ] {
        let answer = company
            .sign_in(&mut browser, &json!({ "email": email }))
            .await;
        assert_refused(&answer, email);
        let (_, code, _) = &company.audited("sign_in").await[0];
        assert_eq!(*code, Some(50_034), "{email}");
    }
    assert_eq!(
        store.users(company.directory.tenant).await.unwrap().len(),
        1
    );

    // By its id, another tenant's provider is not even begun.
    let id = company.stored.id.to_string();
    let page = browser.get(&authorize("other.example", &[])).await;
    assert!(!page.text.contains("formaction"), "{}", page.text);
    let action = page
        .attribute("action=\"")
        .replace("/sign_in/", "/provider/");
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let fields = [
        ("csrf", csrf.as_str()),
        ("provider", &id),
        ("username", &other.administrator.upn),
    ];
    assert_eq!(browser.post(&action, &fields).await.status, 400);
}

#[tokio::test]
async fn a_subject_of_one_tenants_provider_is_nobody_at_anothers() {
    let company = with_ada().await;
    let mut browser = company.browser();
    assert_eq!(company.sign_in(&mut browser, &json!({})).await.status, 303);
    let other = company
        .directory
        .server
        .create_tenant("Other", "other.example")
        .await;
    let theirs = kept(other.tenant.id, &company.provider.url());
    add(&company.directory, &theirs).await;
    let mut browser = company.browser();
    let page = browser.get(&authorize("other.example", &[])).await;
    let at = at_provider(&press(&mut browser, &page, &[]).await);
    company.provider.signs_in(&at.nonce(), &json!({}));
    assert_refused(&browser.get(&at.back()).await, "ada is the first tenant's");
}

#[tokio::test]
async fn only_a_verified_address_is_a_name() {
    let company = with_ada().await;
    company.provider.informs(json!({"sub": "00u1"}));
    let mut browser = company.browser();
    for changes in [
        json!({"email_verified": false}),
        json!({"email_verified": null}),
        json!({"email_verified": "true"}),
        json!({"email_verified": 1}),
        json!({"email": null, "preferred_username": "ada@fabrikam.example"}),
        json!({"email": ["ada@fabrikam.example"]}),
    ] {
        let answer = company.sign_in(&mut browser, &changes).await;
        assert_refused(&answer, &changes.to_string());
    }
    assert!(company.audited("identity_provider.link").await.is_empty());
}

#[tokio::test]
async fn a_changed_account_takes_over_nobody() {
    let company = with_ada().await;
    company.directory.person("grace", &[]).await;
    let signed_in = async |changes: &Value| {
        let answer = company.sign_in(&mut company.browser(), changes).await;
        let (actor, _, _) = company.audited("sign_in").await.swap_remove(0);
        (answer.status, actor)
    };
    let ada = (303, "ada@fabrikam.example".to_owned());
    assert_eq!(signed_in(&json!({})).await, ada);
    // The account's address becomes another person's.
    let as_grace = json!({"email": "grace@fabrikam.example"});
    assert_eq!(signed_in(&as_grace).await, ada, "still the same person");
    // Another account gets the address that the first one had.
    let again = json!({"sub": "another"});
    assert_eq!(signed_in(&again).await.0, 403, "ada has an account");
    let grace = json!({"sub": "g", "email": "grace@fabrikam.example"});
    assert_eq!(
        signed_in(&grace).await,
        (303, "grace@fabrikam.example".to_owned())
    );
    let swapped = json!({"sub": "g", "email": "ada@fabrikam.example"});
    assert_eq!(signed_in(&swapped).await.1, "grace@fabrikam.example");
    assert_eq!(company.audited("identity_provider.link").await.len(), 2);
}

#[tokio::test]
async fn who_is_switched_off_stays_out() {
    let company = with_ada().await;
    let store = &company.directory.server.app.store;
    let found = store.user_by_upn(company.directory.tenant, "ada@fabrikam.example");
    let mut ada = found.await.unwrap().unwrap();
    ada.enabled = false;
    save_user(store, &ada).await;
    let refused = async |why| {
        let answer = company.sign_in(&mut company.browser(), &json!({})).await;
        assert_refused(&answer, why);
    };
    refused("before the first sign-in").await;
    let (_, code, _) = &company.audited("sign_in").await[0];
    assert_eq!(*code, Some(50_057));
    assert!(company.audited("identity_provider.link").await.is_empty());
    ada.enabled = true;
    save_user(store, &ada).await;
    let answer = company.sign_in(&mut company.browser(), &json!({})).await;
    assert_eq!(answer.status, 303);
    ada.enabled = false;
    save_user(store, &ada).await;
    refused("after it").await;
}

#[tokio::test]
async fn a_provider_that_is_switched_off_or_gone_signs_nobody_in() {
    let company = with_ada().await;
    let mut browser = company.browser();
    let at = company.go(&mut browser).await;
    company.provider.signs_in(&at.nonce(), &json!({}));
    let store = &company.directory.server.app.store;
    let (tenant, id) = (company.stored.tenant, company.stored.id);
    let record = crate::testing::audit_record;
    let changed: Result<_, ()> = store
        .change_identity_provider(tenant, id, None, record(), |found| {
            let mut found = found.ok_or(())?;
            found.enabled = false;
            Ok(found)
        })
        .await
        .unwrap();
    changed.unwrap();
    assert_refused(&browser.get(&at.back()).await, "switched off meanwhile");
    assert!(company.provider.received().is_empty());
}

#[tokio::test]
async fn no_form_of_another_place_begins_a_sign_in() {
    let company = with_ada().await;
    let mut browser = company.browser();
    let page = company.page(&mut browser).await;
    let action = page.attribute("formaction=\"");
    let id = company.stored.id.to_string();
    for csrf in ["", "x"] {
        let fields = [("provider", id.as_str()), ("csrf", csrf)];
        assert_eq!(browser.post(&action, &fields).await.status, 403);
    }
}

#[tokio::test]
async fn no_metadata_lead_into_a_private_network() {
    for endpoint in [
        "https://127.0.0.1:PORT/token",
        "https://[::1]:PORT/token",
        "https://169.254.169.254/token",
        "https://10.0.0.1/token",
        "http://localhost:PORT/token",
    ] {
        let company = with_ada().await;
        let url = company.provider.url();
        let port = url.rsplit_once(':').unwrap().1;
        let endpoint = endpoint.replace("PORT", port);
        company
            .provider
            .publish(&json!({ "token_endpoint": endpoint }));
        let mut browser = company.browser();
        let answer = company.sign_in(&mut browser, &json!({})).await;
        assert_eq!(answer.status, 502, "{endpoint} {}", answer.text);
        assert!(company.provider.received().is_empty(), "{endpoint}");
        let (_, _, detail) = &company.audited("sign_in").await[0];
        assert!(!detail.contains(SECRET), "{detail}");
    }
    let company = with_ada().await;
    let inside = json!({"userinfo_endpoint": "https://127.0.0.1/userinfo"});
    company.provider.publish(&inside);
    let changes = json!({ "email": null });
    let answer = company.sign_in(&mut company.browser(), &changes).await;
    assert_eq!(answer.status, 502, "{}", answer.text);
    // And no browser anywhere but to https.
    for endpoint in ["javascript:alert(1)", "http://localhost/authorize", ""] {
        let company = with_ada().await;
        let change = json!({ "authorization_endpoint": endpoint });
        company.provider.publish(&change);
        let mut browser = company.browser();
        let page = company.page(&mut browser).await;
        let answer = press(&mut browser, &page, &[]).await;
        assert_eq!(answer.status, 502, "{endpoint}");
        assert!(!answer.text.contains("javascript:"), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_issuer_in_a_private_network_is_not_called() {
    let provider = TestProvider::start();
    let directory = Directory::new().await;
    let stored = kept(directory.tenant, &provider.url());
    add(&directory, &stored).await;
    let mut browser = directory.browser();
    let page = browser.get(&authorize("fabrikam.example", &[])).await;
    let answer = press(&mut browser, &page, &[]).await;
    assert_eq!(answer.status, 502, "{}", answer.text);
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_row_is_not_sent() {
    let company = with_ada().await;
    let mut second = kept(company.directory.tenant, "https://evil.example");
    second.display_name = "Second".to_owned();
    add(&company.directory, &second).await;
    let database = company.directory.server.database();
    let moved = "UPDATE identity_provider SET secret = (SELECT secret FROM identity_provider
        WHERE issuer = 'https://evil.example')";
    database.execute(moved, []).unwrap();
    let mut browser = company.browser();
    let at: AtProvider = company.go(&mut browser).await;
    company.provider.signs_in(&at.nonce(), &json!({}));
    assert_eq!(browser.get(&at.back()).await.status, 500);
    assert!(company.provider.received().is_empty());
}
