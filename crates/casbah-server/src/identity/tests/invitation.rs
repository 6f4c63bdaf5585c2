//! Invitations: the link and its page.

use serde_json::{Value, json};

use super::Directory;
use super::browser::{Browser, Page};
use super::graph::{Caller, admin};
use super::people::{PASSWORD, sign_in};

const PEER: &str = "eve@fabrikam.example";

/// Invites a person; the path of the link.
async fn invite(admin: &Caller<'_>) -> String {
    let body = json!({
        "invitedUserEmailAddress": PEER,
        "invitedUserDisplayName": "Eve",
        "inviteRedirectUrl": "https://portal.example",
        "sendInvitationMessage": false,
    });
    let made = admin.post("/v1.0/invitations", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let link = made.json()["inviteRedeemUrl"].as_str().unwrap().to_owned();
    link.strip_prefix("https://localhost:8443")
        .unwrap()
        .to_owned()
}

async fn choose(browser: &mut Browser, link: &str, change: &[(&str, &str)]) -> Page {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let mut fields = vec![
        ("csrf", csrf.as_str()),
        ("new_password", PASSWORD),
        ("new_password_again", PASSWORD),
    ];
    for (name, value) in change {
        fields.retain(|(found, _)| found != name);
        fields.push((name, value));
    }
    browser.post(link, &fields).await
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_once() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let link = invite(&admin).await;
    let mut browser = directory.browser();
    for (change, status) in [
        ([("csrf", "forged")], 403),
        ([("new_password_again", "another good one")], 400),
        ([("new_password", "short")], 400),
    ] {
        let refused = choose(&mut browser, &link, &change).await;
        assert_eq!(refused.status, status, "{change:?}: {}", refused.text);
    }
    let short = [("new_password", "short"), ("new_password_again", "short")];
    assert_eq!(choose(&mut browser, &link, &short).await.status, 400);
    let page = browser.get(&link).await;
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store, no-cache");
    let set = choose(&mut browser, &link, &[]).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(browser.get(&link).await.status, 404, "it is used up");
    assert_eq!(sign_in(&directory, "eve").await.stands().await, [true; 3]);

    let body = json!({"invitedUserEmailAddress": PEER});
    let refused = admin.post("/v1.0/invitations", body).await;
    assert_eq!(refused.status, 400, "who has a password needs none");
    for body in [
        json!({"invitedUserEmailAddress": "eve@gmail.example"}),
        json!({"invitedUserEmailAddress": "ivy@fabrikam.example", "sendInvitationMessage": true}),
        json!({}),
    ] {
        let refused = admin.post("/v1.0/invitations", body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
    }
}

#[tokio::test]
async fn a_link_ends_with_what_it_was_for() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let person = format!("/v1.0/users/{PEER}");
    let off = json!({"accountEnabled": false});
    let on = json!({"accountEnabled": true});
    let password = json!({"passwordProfile": {"password": PASSWORD}});
    let mut browser = directory.browser();
    let first = invite(&admin).await;
    let second = invite(&admin).await;
    assert_eq!(browser.get(&first).await.status, 404, "a new one was made");
    assert_eq!(browser.get(&second).await.status, 200);
    for (method, change) in [("PATCH", off), ("DELETE", Value::Null), ("PATCH", password)] {
        let link = invite(&admin).await;
        assert_eq!(browser.get(&link).await.status, 200);
        let done = admin.call(method, &person, change.clone()).await;
        assert_eq!(done.status, 204, "{}", done.text);
        assert_eq!(browser.get(&link).await.status, 404, "{method} {change}");
        if method == "PATCH" {
            assert_eq!(admin.call("PATCH", &person, on.clone()).await.status, 204);
            assert_eq!(
                browser.get(&link).await.status,
                404,
                "it does not come back"
            );
        }
    }
}

#[tokio::test]
async fn nothing_that_opens_a_link_is_kept() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let link = invite(&admin).await;
    let secret = link.rsplit('.').next().unwrap();
    let database = directory.server.database();
    let count = "SELECT COUNT(*) FROM user_invitation WHERE expires - ?1 BETWEEN 0 AND 604800000";
    let now = casbah_model::time::Timestamp::now().millis();
    let kept: i64 = database.query_row(count, [now], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1, "for a week");
    let blob: Vec<u8> = database
        .query_row("SELECT hash FROM user_invitation", [], |row| row.get(0))
        .unwrap();
    assert_eq!(blob.len(), 32);
    assert!(!secret.is_empty());
    let changed = database.execute("UPDATE user_invitation SET expires = ?1", [now]);
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(
        directory.browser().get(&link).await.status,
        404,
        "its week is over"
    );
}
