//! A recovery code after the password, where the second factor is lost.

use super::Directory;
use super::second_factor::password;
use super::sign_in::{authorize, redeem, submit};

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    directory.authenticator(&ada).await;
    let codes = directory.recovery_codes(&ada).await;
    let address = authorize("organizations", &[]);
    let mut browser = directory.browser();
    let page = password(&mut browser, &ada, &address).await;
    assert!(
        page.text.contains("name=\"recovery_code\""),
        "{}",
        page.text
    );
    let typed = codes[0].to_lowercase().replace('-', " ");
    let sent = submit(&mut browser, &page, &[("recovery_code", &typed)]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let grant = sent.sent("code").unwrap();
    let answer = redeem(&mut browser, &grant, &[]).await.json();
    let token = answer["access_token"].as_str().unwrap();
    let claims = casbah_token::decode_unverified(token).unwrap().claims;
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));

    let mut thief = directory.browser();
    let page = password(&mut thief, &ada, &address).await;
    for (code, status) in [(&codes[0], 401), (&codes[1], 303)] {
        let sent = submit(&mut thief, &page, &[("recovery_code", code)]).await;
        assert_eq!(sent.status, status, "{}", sent.text);
    }
    let store = &directory.server.app.store;
    let records = store.audit_records(ada.tenant, 50).await.unwrap();
    let used = records
        .iter()
        .filter(|one| one.action == "user.use_recovery_code");
    let used: Vec<_> = used.map(|one| one.detail.as_str()).collect();
    assert_eq!(used, ["8 left", "9 left"]);
}

#[tokio::test]
async fn codes_are_ones_own_and_nothing_without_a_factor() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let bob = directory.person("bob", &[]).await;
    directory.authenticator(&ada).await;
    directory.authenticator(&bob).await;
    let codes = directory.recovery_codes(&bob).await;
    let address = authorize("organizations", &[]);
    let mut browser = directory.browser();
    let page = password(&mut browser, &ada, &address).await;
    assert!(
        !page.text.contains("name=\"recovery_code\""),
        "she has none"
    );
    let sent = submit(&mut browser, &page, &[("recovery_code", &codes[0])]).await;
    assert_eq!(sent.status, 401, "{}", sent.text);
    // Nor does it pass for the code of an app.
    let page = password(&mut browser, &bob, &address).await;
    let sent = submit(&mut browser, &page, &[("code", &codes[0])]).await;
    assert_eq!(sent.status, 401, "{}", sent.text);
    let store = &directory.server.app.store;
    let factors = store.second_factors(bob.tenant, bob.id).await.unwrap();
    assert_eq!(factors.recovery_codes, 10);
}

#[tokio::test]
async fn recovery_codes_cannot_be_guessed_in_many_attempts() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    directory.authenticator(&ada).await;
    let codes = directory.recovery_codes(&ada).await;
    let address = authorize("organizations", &[]);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let mut browser = directory.browser();
        let page = password(&mut browser, &ada, &address).await;
        let guess = [("recovery_code", "AAAAA-AAAAA")];
        statuses.push(submit(&mut browser, &page, &guess).await.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert!(statuses.contains(&429), "{statuses:?}");
    // The right one waits, too, and is not used up by that.
    let mut browser = directory.browser();
    let page = password(&mut browser, &ada, &address).await;
    let sent = submit(&mut browser, &page, &[("recovery_code", &codes[0])]).await;
    assert_eq!(sent.status, 429, "{}", sent.text);
    let store = &directory.server.app.store;
    let factors = store.second_factors(ada.tenant, ada.id).await.unwrap();
    assert_eq!(factors.recovery_codes, 10);
}
