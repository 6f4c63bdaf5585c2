//! *Security info*: the visitor's own methods and sign-ins.

use casbah_identity::signin::AuthenticatorSecret;
use casbah_model::identity::User;
use casbah_model::time::Timestamp;
use totp_rs::{Builder, Secret};

use super::{PASSWORD, administrator, post, sign_in_as, submit};
use crate::testing::audit_record;
use crate::testing::browser::{Browser, Page};
use crate::testing::directory::Directory;

const HERE: &str = "/portal/security";

fn code(base32: &str) -> String {
    let secret = AuthenticatorSecret::from_base32(base32).unwrap();
    let totp = Builder::new()
        .with_secret(Secret::from(secret.as_bytes()))
        .build()
        .unwrap();
    let now = Timestamp::now().seconds();
    totp.generate(now.try_into().unwrap()).to_string()
}

/// Sends one of several forms of a page.
async fn press(browser: &mut Browser, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let csrf = ("csrf", csrf.as_str());
    let fields: Vec<_> = [csrf].iter().chain(fields).copied().collect();
    browser.post(action, &fields).await
}

/// A session as it was when the person signed in so long ago.
fn age(directory: &Directory, user: &User, minutes: i64) {
    let database = directory.server.database();
    let sql = "UPDATE user_session SET auth_time = auth_time - ?1 WHERE user_id = ?2";
    let id = user.id.uuid();
    let changed = database
        .execute(sql, (minutes * 60_000, id.as_bytes().as_slice()))
        .unwrap();
    assert!(changed > 0);
}

#[tokio::test]
async fn an_authenticator_app_is_added_by_its_code_and_asked_for_afterwards() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let mut browser = directory.browser();
    sign_in_as(&mut browser, &ada.upn, PASSWORD, HERE).await;
    let page = browser.get(HERE).await;
    assert!(page.text.contains("password alone opens"), "{}", page.text);
    let page = browser.get("/portal/security/authenticator").await;
    assert!(page.text.contains("<svg"), "{}", page.text);
    assert!(!page.text.contains("<?xml"));
    let secret = page.attribute("name=\"secret\" value=\"");
    let wrong = [("secret", secret.as_str()), ("code", "000000")];
    let again = submit(&mut browser, &page, &wrong).await;
    assert!(again.text.contains("not the code"), "{}", again.text);
    assert_eq!(
        again.attribute("name=\"secret\" value=\""),
        secret,
        "the same picture"
    );
    let short = [("secret", "GEZDGNBV"), ("code", "000000")];
    assert_eq!(submit(&mut browser, &page, &short).await.status, 400);
    let right = code(&secret);
    let right = [("secret", secret.as_str()), ("code", right.as_str())];
    let page = submit(&mut browser, &again, &right).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for text in ["authenticator app was added", "Recovery codes"] {
        assert!(page.text.contains(text), "{}", page.text);
    }
    assert!(!page.text.contains(&secret));

    let mut other = directory.browser();
    let page = sign_in_as(&mut other, &ada.upn, PASSWORD, HERE).await;
    assert!(page.text.contains("name=\"code\""), "{}", page.text);

    let page = browser.get(HERE).await;
    let deleted = press(
        &mut browser,
        &page,
        "/portal/security/authenticator/delete",
        &[],
    )
    .await;
    assert_eq!(deleted.status, 303);
    let sent = sign_in_as(&mut directory.browser(), &ada.upn, PASSWORD, HERE).await;
    assert_eq!(sent.status, 303, "the password suffices again");
}

#[tokio::test]
async fn methods_are_changed_only_soon_after_a_sign_in() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let mut browser = directory.browser();
    sign_in_as(&mut browser, &ada.upn, PASSWORD, HERE).await;
    let page = browser.get("/portal/security/authenticator").await;
    age(&directory, &ada, 16);
    for path in ["/portal/security/authenticator", "/portal/security/passkey"] {
        let sent = browser.get(path).await;
        assert_eq!(sent.status, 303);
        let again = "/portal/sign_in?to=%2Fportal%2Fsecurity&fresh=1";
        assert_eq!(sent.header("location"), again);
        assert_eq!(
            browser.get(again).await.status,
            200,
            "the session is none for it"
        );
    }
    for action in [
        "/portal/security/authenticator",
        "/portal/security/authenticator/delete",
        "/portal/security/passkey",
        "/portal/security/passkey/delete",
    ] {
        let sent = press(&mut browser, &page, action, &[("id", "AA")]).await;
        let to = sent.header("location").to_owned();
        assert!(to.starts_with("/portal/sign_in?"), "{action}: {to}");
    }
}

#[tokio::test]
async fn sign_ins_elsewhere_are_listed_and_ended() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let mut here = directory.browser();
    let mut there = directory.browser();
    sign_in_as(&mut here, &ada.upn, PASSWORD, HERE).await;
    sign_in_as(&mut there, &ada.upn, PASSWORD, HERE).await;
    let page = here.get(HERE).await;
    assert_eq!(page.text.matches("/portal/security/session/end").count(), 1);
    let id = page.attribute("name=\"id\" value=\"");
    // Nobody ends what is another's.
    let mut admin = administrator(&directory).await;
    let admins = admin.get("/portal/security/authenticator").await;
    let action = "/portal/security/session/end";
    let refused = press(&mut admin, &admins, action, &[("id", &id)]).await;
    assert_eq!(refused.status, 404);
    assert_eq!(there.get(HERE).await.status, 200);
    let ended = press(&mut here, &page, action, &[("id", &id)]).await;
    assert_eq!(ended.status, 303);
    assert_eq!(there.get(HERE).await.status, 303, "signed out");
    assert_eq!(here.get(HERE).await.status, 200);
}

#[tokio::test]
async fn a_new_passkey_is_taken_only_as_the_answer_to_its_question() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get("/portal/security/passkey").await;
    let options = page.attribute("data-options=\"").replace("&#34;", "\"");
    let options: serde_json::Value = serde_json::from_str(&options).unwrap();
    assert_eq!(options["rp"]["id"], "localhost");
    assert_eq!(options["attestation"], "none");
    assert_eq!(
        options["authenticatorSelection"]["residentKey"],
        "preferred"
    );
    assert_eq!(
        options["authenticatorSelection"]["userVerification"],
        "required"
    );
    for answer in ["", "{}", "[1]", "{\"id\": \"AA\", \"rawId\": \"AA\"}"] {
        let refused = submit(&mut browser, &page, &[("passkey", answer), ("name", "x")]).await;
        assert!(
            refused.text.contains("could not be made"),
            "{}",
            refused.text
        );
    }
    let store = &directory.server.app.store;
    let factors = store.second_factors(directory.tenant, directory.admin.id);
    assert!(factors.await.unwrap().is_empty());
}

/// The codes that a page shows.
fn shown(page: &Page) -> Vec<String> {
    let items = page.text.split("<li><code>").skip(1);
    items
        .map(|item| item.split_once('<').unwrap().0.to_owned())
        .collect()
}

#[tokio::test]
async fn recovery_codes_are_shown_once_and_made_anew() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let mut browser = directory.browser();
    sign_in_as(&mut browser, &ada.upn, PASSWORD, HERE).await;
    let make = "/portal/security/recovery_codes";
    assert_eq!(browser.get(make).await.status, 400, "there is no factor");
    assert_eq!(post(&mut browser, make, &[]).await.status, 400);

    let add = "/portal/security/authenticator";
    let add_app = async |browser: &mut Browser| {
        let page = browser.get(add).await;
        let secret = page.attribute("name=\"secret\" value=\"");
        let code = code(&secret);
        let fields = [("secret", secret.as_str()), ("code", code.as_str())];
        submit(browser, &page, &fields).await
    };
    let page = add_app(&mut browser).await;
    let first = shown(&page);
    assert_eq!(first.len(), 10, "{}", page.text);
    assert_eq!(page.attribute("data-copy=\""), first.join("\n"));
    let file = page.attribute("href=\"data:text/plain;charset=utf-8,");
    assert!(file.contains(&first[9].replace('-', "%2D")), "{file}");
    let here = browser.get(HERE).await;
    assert!(here.text.contains("10 left"), "{}", here.text);
    assert!(!first.iter().any(|code| here.text.contains(code)));

    let again = add_app(&mut browser).await;
    assert_eq!(again.status, 303, "another device brings no new codes");
    let second = {
        let page = browser.get(make).await;
        shown(&submit(&mut browser, &page, &[]).await)
    };
    assert_eq!(second.len(), 10);
    assert!(!second.iter().any(|code| first.contains(code)));
    let store = &directory.server.app.store;
    let left = async || {
        let factors = store.second_factors(ada.tenant, ada.id).await.unwrap();
        factors.recovery_codes
    };
    assert_eq!(left().await, 10, "the earlier ones are gone");
    for (codes, status) in [(&first, 401), (&second, 303)] {
        let mut elsewhere = directory.browser();
        let page = sign_in_as(&mut elsewhere, &ada.upn, PASSWORD, HERE).await;
        let fields = [("recovery_code", codes[0].as_str())];
        let sent = submit(&mut elsewhere, &page, &fields).await;
        assert_eq!(sent.status, status, "{}", sent.text);
    }
    assert_eq!(left().await, 9);
    assert!(browser.get(HERE).await.text.contains("9 left"));

    age(&directory, &ada, 16);
    let sent = browser.get(make).await;
    assert!(sent.header("location").starts_with("/portal/sign_in?"));
    let deleted = post(&mut browser, "/portal/security/authenticator/delete", &[]).await;
    assert!(deleted.header("location").starts_with("/portal/sign_in?"));
    let actions = store.audit_records(ada.tenant, 50).await.unwrap();
    let count = |action: &str| actions.iter().filter(|one| one.action == action).count();
    assert_eq!(count("user.make_recovery_codes"), 2);
    assert_eq!(count("user.use_recovery_code"), 1);
    let deleted = store.delete_authenticator_app(ada.tenant, ada.id, audit_record());
    assert!(deleted.await.unwrap());
    assert_eq!(left().await, 0, "codes stand for no factor");
}
