//! Providers that know a person from before, where a sign-in of this moment is needed.

use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::company::{Company, at_provider, press};
use super::second_factor::code;
use super::sign_in::{authorize, submit};
use crate::testing::browser::{Browser, Page};

const SECURITY: &str = "/portal/security/authenticator";
const PORTAL: &str = "/portal/sign_in?to=/portal/security/authenticator&fresh=1";

/// What a provider says of a sign-in so many seconds ago.
fn signed_in(ago: i64) -> Value {
    json!({ "auth_time": Timestamp::now().seconds() - ago })
}

/// Signs in from this page on, with these claims changed.
async fn sign_in(company: &Company, browser: &mut Browser, address: &str, changes: &Value) -> Page {
    let page = browser.get(address).await;
    assert_eq!(page.status, 200, "{address}: {}", page.text);
    let fields = [("username", "ada@fabrikam.example")];
    let fields = if page.text.contains("Fabrikam ID") {
        &[][..]
    } else {
        &fields[..]
    };
    let at = at_provider(&press(browser, &page, fields).await);
    company.provider.signs_in(&at.nonce(), changes);
    browser.get(&at.back()).await
}

#[tokio::test]
async fn a_provider_that_did_not_ask_is_not_believed_where_that_was_wanted() {
    let company = Company::start_with(|one| one.creates_people = true).await;
    let tenant = company.directory.tenant.to_string();
    for address in [
        authorize(&tenant, &[("prompt", "login")]),
        authorize(&tenant, &[("max_age", "0")]),
        authorize(&tenant, &[("max_age", "86400")]),
        PORTAL.to_owned(),
    ] {
        for (changes, text) in [
            (signed_in(3600), "let you pass without asking"),
            (json!({}), "does not say when"),
            (json!({ "auth_time": "now" }), "does not say when"),
        ] {
            let mut browser = company.browser();
            let page = sign_in(&company, &mut browser, &address, &changes).await;
            assert_eq!(page.status, 403, "{address} {changes}: {}", page.text);
            assert!(page.text.contains(text), "{changes}: {}", page.text);
            assert!(!browser.cookies.contains_key("__Host-casbah-session"));
        }
    }
    assert!(company.audited("user.create").await.is_empty());
    let refused = company.audited("sign_in").await;
    assert!(refused.iter().all(|(_, code, _)| *code == Some(50_012)));
    assert!(
        refused
            .iter()
            .any(|(_, _, why)| why.contains("did not ask the person"))
    );
    for address in [
        authorize(&tenant, &[("prompt", "login")]),
        authorize(&tenant, &[("max_age", "0")]),
        PORTAL.to_owned(),
    ] {
        let mut browser = company.browser();
        let answer = sign_in(&company, &mut browser, &address, &signed_in(0)).await;
        assert_eq!(answer.status, 303, "{address}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_session_in_which_nobody_was_asked_is_no_recent_sign_in() {
    let company = Company::start().await;
    company.directory.person("ada", &[]).await;
    let tenant = company.directory.tenant.to_string();
    let usual = authorize(&tenant, &[]);
    let recent = authorize(&tenant, &[("max_age", "3600")]);
    let silent = authorize(&tenant, &[("max_age", "3600"), ("prompt", "none")]);
    for (changes, is_recent) in [
        (signed_in(0), true),
        (signed_in(3600), false),
        (json!({}), false),
    ] {
        let mut browser = company.browser();
        let answer = sign_in(&company, &mut browser, &usual, &changes).await;
        assert_eq!(answer.status, 303, "{changes}: {}", answer.text);
        assert_eq!(browser.get(&usual).await.status, 303, "a session");
        let status = if is_recent { 303 } else { 200 };
        assert_eq!(browser.get(&recent).await.status, status, "{changes}");
        let refusal = browser.get(&silent).await.sent("error");
        assert_eq!(refusal.is_none(), is_recent, "{changes}: {refusal:?}");
        let page = browser.get(SECURITY).await;
        let is_sent = page.header("location").contains("fresh=1");
        assert_eq!(is_sent, !is_recent, "{changes}: {}", page.text);
    }
}

#[tokio::test]
async fn a_factor_that_was_asked_for_here_is_a_recent_sign_in() {
    let company = Company::start().await;
    let ada = company.directory.person("ada", &[]).await;
    let secret = company.directory.authenticator(&ada).await;
    let tenant = company.directory.tenant.to_string();
    let mut browser = company.browser();
    let mut changes = signed_in(3600);
    changes["amr"] = json!(["pwd"]);
    let page = sign_in(&company, &mut browser, &authorize(&tenant, &[]), &changes).await;
    let typed = code(&secret, 0);
    let answer = submit(&mut browser, &page, &[("code", &typed)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(browser.get(SECURITY).await.status, 200);
}
