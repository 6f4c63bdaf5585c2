//! The password grant: off, and on.

use casbah_model::identity::CASBAH_CLI;
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;

use super::Directory;
use super::browser::Page;
use super::sign_in::{NEW, authorize, first_sign_in};
use crate::testing::{TestServer, save_user};

const ALERTS: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af/Investigation.read";

/// Asks as the service's own page about user context does: version 1, no resource, no
/// secret.
async fn ask(directory: &Directory, path: &str, change: &[(&str, &str)]) -> Page {
    let client = CASBAH_CLI.app_id.to_string();
    let mut fields = vec![
        ("grant_type", "password"),
        ("client_id", client.as_str()),
        ("username", directory.admin.upn.as_str()),
        ("password", NEW),
        ("scope", ALERTS),
    ];
    for (name, value) in change {
        fields.retain(|(found, _)| found != name);
        fields.push((name, value));
    }
    directory.browser().post(path, &fields).await
}

/// A server that allows the grant.
async fn allowed() -> Directory {
    let server = TestServer::start_as(|config| config.allow_password_grant = true);
    Directory::on(server.await).await
}

#[tokio::test]
async fn it_is_off_until_the_operator_allows_it() {
    let directory = Directory::new().await;
    let refused = ask(&directory, "/common/oauth2/token", &[]).await;
    assert_eq!(
        refused.code(),
        (400, "unsupported_grant_type".into(), Some(70_003))
    );
    assert!(
        refused.text.contains("--allow-password-grant"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn old_scripts_get_tokens_where_it_is_on() {
    let directory = allowed().await;
    let one_time = directory.one_time.expose_secret();
    let refused = ask(
        &directory,
        "/common/oauth2/token",
        &[("password", one_time)],
    )
    .await;
    assert_eq!(refused.code().2, Some(50_055), "it must be changed first");
    first_sign_in(
        &directory,
        &mut directory.browser(),
        &authorize("common", &[]),
    )
    .await;
    for path in ["/common/oauth2/token", "/fabrikam.example/oauth2/token"] {
        let answer = ask(&directory, path, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let json = answer.json();
        assert_eq!(json["expires_in"], "3599");
        assert!(json["refresh_token"].is_string(), "{json}");
        let access = json["access_token"].as_str().unwrap();
        let said = casbah_token::decode_unverified(access).unwrap().claims;
        assert_eq!(said["scp"], "investigation.read");
        let read = directory
            .server
            .call("GET", "/api/v1/alerts/", Some(access), "")
            .await;
        assert_eq!(read.status, 200, "{}", read.text);
    }
    let newer = ask(&directory, "/organizations/oauth2/v2.0/token", &[]).await;
    assert!(
        newer.json().get("refresh_token").is_none(),
        "nobody asked for one"
    );

    let one = directory.register(|_| {}).await;
    let id = one.application.app_id.to_string();
    let refused = ask(
        &directory,
        "/fabrikam.example/oauth2/token",
        &[("client_id", &id)],
    )
    .await;
    assert_eq!(
        refused.code().2,
        Some(7_000_218),
        "a confidential client proves itself"
    );
}

#[tokio::test]
async fn guessing_is_no_cheaper_than_on_the_page() {
    let directory = allowed().await;
    first_sign_in(
        &directory,
        &mut directory.browser(),
        &authorize("common", &[]),
    )
    .await;
    let path = "/common/oauth2/token";
    let mut tries = 0;
    let wait = loop {
        let answer = ask(&directory, path, &[("password", "wrong guess")]).await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.code(), (400, "invalid_grant".into(), Some(50_126)));
        tries += 1;
        assert!(tries < 15, "nobody is told to wait");
    };
    assert!(tries >= 5 && !wait.header("retry-after").is_empty());
    for username in [
        "nobody@fabrikam.example",
        "nobody@nowhere.example",
        "nobody",
    ] {
        let wrong = ask(&directory, path, &[("username", username)]).await;
        assert_eq!(wrong.code().2, Some(50_126), "{username}");
    }
    let store = &directory.server.app.store;
    let records = store.audit_records(directory.tenant, 50).await.unwrap();
    let of_page = records
        .iter()
        .filter(|record| record.action == "sign_in" && record.outcome.code() == Some(50_126));
    assert!(of_page.count() >= 1);
}

#[tokio::test]
async fn who_is_switched_off_gets_nothing() {
    let directory = allowed().await;
    first_sign_in(
        &directory,
        &mut directory.browser(),
        &authorize("common", &[]),
    )
    .await;
    let store = &directory.server.app.store;
    let user = store
        .user(directory.tenant, directory.admin.id)
        .await
        .unwrap();
    let mut user = user.unwrap();
    user.enabled = false;
    user.end_sign_ins(Timestamp::now());
    save_user(store, &user).await;
    let refused = ask(&directory, "/common/oauth2/token", &[]).await;
    assert_eq!(refused.code().2, Some(50_057));
}

#[tokio::test]
async fn who_has_a_second_factor_signs_in_elsewhere() {
    let directory = allowed().await;
    let ada = directory.person("ada", &[]).await;
    let change = [("username", ada.upn.as_str()), ("scope", "openid")];
    let issued = ask(&directory, "/common/oauth2/v2.0/token", &change).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
    directory.authenticator(&ada).await;
    let refused = ask(&directory, "/common/oauth2/v2.0/token", &change).await;
    assert_eq!(refused.code(), (400, "invalid_grant".into(), Some(50_076)));
}
