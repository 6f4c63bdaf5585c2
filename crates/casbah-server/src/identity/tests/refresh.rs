use super::Directory;
use super::browser::{Browser, Page};
use super::sign_in::{SCOPE, authorize, first_sign_in, redeem};
use crate::testing::save_user;
use casbah_model::identity::{AZURE_CLI, CASBAH_CLI};

async fn refresh(browser: &mut Browser, token: &str, scope: &str) -> Page {
    let client = CASBAH_CLI.app_id.to_string();
    browser
        .post(
            "/common/oauth2/v2.0/token",
            &[
                ("grant_type", "refresh_token"),
                ("client_id", &client),
                ("refresh_token", token),
                ("scope", scope),
            ],
        )
        .await
}

#[tokio::test]
async fn a_code_is_good_once_and_a_second_use_ends_what_it_began() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let sent = first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let code = sent.sent("code").unwrap();
    for (change, number) in [
        (
            [(
                "code_verifier",
                "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong",
            )],
            501_481,
        ),
        ([("code_verifier", "")], 501_481),
        ([("redirect_uri", "http://localhost:1/")], 500_112),
        ([("client_secret", "x")], 700_025),
        (
            [("client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46")],
            70_000,
        ),
        ([("scope", "api://nothing/x")], 500_011),
    ] {
        let page = redeem(&mut browser, &code, &change).await;
        assert_eq!(page.code().2, Some(number), "{change:?}: {}", page.text);
    }
    let first = redeem(&mut browser, &code, &[]).await;
    assert_eq!(
        first.status, 200,
        "refusals did not use the code up: {}",
        first.text
    );
    let token = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let second = redeem(&mut browser, &code, &[]).await;
    assert_eq!(second.code(), (400, "invalid_grant".into(), Some(54_005)));
    let dead = refresh(&mut browser, &token, SCOPE).await;
    assert_eq!(dead.code().2, Some(50_173));
    assert_eq!(dead.json()["suberror"], "bad_token");
}

#[tokio::test]
async fn a_refresh_token_rotates_and_serves_another_resource() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let sent = first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let first = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let token = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let failed = refresh(&mut browser, &token, "api://nothing/x").await;
    assert_eq!(failed.code().2, Some(500_011));
    let graph = "https://localhost:8443//.default offline_access";
    let next = refresh(&mut browser, &token, graph).await;
    assert_eq!(next.status, 200, "{}", next.text);
    let json = next.json();
    let access = casbah_token::decode_unverified(json["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(access.claims["aud"], "https://localhost:8443/");
    assert!(
        access.claims["scp"]
            .as_str()
            .unwrap()
            .contains("Application.ReadWrite.All")
    );
    assert_ne!(json["refresh_token"], token);

    let store = &directory.server.app.store;
    let mut user = directory.admin.clone();
    user.enabled = false;
    save_user(store, &user).await;
    let refused = refresh(&mut browser, json["refresh_token"].as_str().unwrap(), SCOPE).await;
    assert_eq!(refused.code().2, Some(50_057));
}

#[tokio::test]
async fn two_tabs_refresh_together_and_a_late_one_ends_all() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let sent = first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let token = |page: &Page| page.json()["refresh_token"].as_str().unwrap().to_owned();
    let first = token(&answer);
    let (mut one, mut other) = (directory.browser(), directory.browser());
    let (one, other) = tokio::join!(
        refresh(&mut one, &first, SCOPE),
        refresh(&mut other, &first, SCOPE),
    );
    let (one, other) = (token(&one), token(&other));
    assert_ne!(one, other);
    let next = token(&refresh(&mut browser, &one, SCOPE).await);
    let late = token(&refresh(&mut browser, &other, SCOPE).await);

    // A minute later there is one party only.
    let database = directory.server.database();
    database
        .execute("UPDATE refresh_token SET used = used - 60000", [])
        .unwrap();
    let next = token(&refresh(&mut browser, &next, SCOPE).await);
    database
        .execute("UPDATE refresh_token SET used = used - 60000", [])
        .unwrap();
    for (comes, what) in [
        (&late, "another of its generation went on"),
        (&next, "the family has ended"),
        (&first, "it is long gone"),
    ] {
        let dead = refresh(&mut browser, comes, SCOPE).await;
        assert_eq!(dead.code().2, Some(50_173), "{what}: {}", dead.text);
    }
}

#[tokio::test]
async fn a_refresh_token_is_for_the_client_that_got_it() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let sent = first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let client = AZURE_CLI.app_id.to_string();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", token.as_str()),
    ];
    let other = browser.post("/common/oauth2/v2.0/token", &fields).await;
    assert_eq!(other.code(), (400, "invalid_grant".into(), Some(70_000)));
    let own = refresh(&mut browser, &token, SCOPE).await;
    assert_eq!(own.status, 200, "{}", own.text);
}

#[tokio::test]
async fn who_uses_a_refresh_token_proves_itself_as_the_redeemer_did() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let one = directory
        .register(|application| {
            application.web_redirect_uris = vec!["https://app.example/cb".into()];
            application.public_client_redirect_uris = vec!["http://localhost".into()];
        })
        .await;
    let client = one.application.app_id.to_string();
    let id = ("client_id", client.as_str());
    let secret = ("client_secret", one.secret.as_str());
    let tenant = directory.tenant.to_string();
    for (redirect, proof, without, with) in [
        ("https://app.example/cb", secret, Some(7_000_218), None),
        ("http://localhost:40123/", ("", ""), None, Some(700_025)),
    ] {
        let redirect = ("redirect_uri", redirect);
        let scope = ("scope", "openid offline_access");
        let address = authorize(&tenant, &[id, redirect, scope]);
        let code = browser.get(&address).await.sent("code").unwrap();
        let first = redeem(&mut browser, &code, &[id, redirect, proof]).await;
        let token = first.json()["refresh_token"].as_str().unwrap().to_owned();
        for (proof, expected) in [(None, without), (Some(secret), with)] {
            let mut fields = vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
                id,
            ];
            fields.extend(proof);
            let page = browser.post("/common/oauth2/v2.0/token", &fields).await;
            let number = page.json()["error_codes"][0].as_u64();
            assert_eq!(number, expected, "{redirect:?} {proof:?}: {}", page.text);
        }
    }
}
