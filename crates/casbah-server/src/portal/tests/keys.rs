//! *Signing keys* of the installation.

use casbah_model::identity::DirectoryRole;
use serde_json::Value;

use super::{PASSWORD, administrator, done, post, sign_in_as};
use crate::testing::browser::Browser;
use crate::testing::directory::Directory;

const HERE: &str = "/portal/keys";
const ROTATE: &str = "/portal/keys/rotate";

async fn home(directory: &Directory, name: &str, roles: &[DirectoryRole]) -> Browser {
    let person = directory.at_home(name, roles).await;
    let mut browser = directory.browser();
    sign_in_as(&mut browser, &person.upn, PASSWORD, "/portal/").await;
    browser
}

/// The keys that everybody may read, as (id, algorithm).
async fn published(browser: &mut Browser) -> Vec<(String, String)> {
    let set = browser.get("/common/discovery/v2.0/keys").await.json();
    let keys = set["keys"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    keys.map(|key| (text(&key["kid"]), text(&key["kty"])))
        .collect()
}

#[tokio::test]
async fn the_next_key_is_made_beside_the_present_one() {
    let directory = Directory::new().await;
    let mut browser = home(&directory, "root", &[DirectoryRole::GlobalAdministrator]).await;
    let before = published(&mut browser).await;
    let page = browser.get(HERE).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(&before[0].0) && page.text.contains("Signing"));
    let ask = format!("{ROTATE}?algorithm=ES256&when=soon");
    let asked = browser.get(&ask).await;
    assert!(asked.text.contains("no token ends"), "{}", asked.text);
    assert!(asked.text.contains("must know it") && !asked.text.contains("class=\"danger\""));
    assert_eq!(published(&mut browser).await, before, "asking makes none");

    let fields = [("algorithm", "ES256"), ("when", "soon")];
    let page = done(&mut browser, ROTATE, &fields).await;
    assert!(page.text.contains("Next") && page.text.contains("ES256"));
    let after = published(&mut browser).await;
    assert_eq!((after.len(), after[0].1.as_str()), (2, "EC"));
    assert!(after.contains(&before[0]), "its tokens count on");
    let sorted = browser.get(&format!("{HERE}?sort=algorithm")).await.text;
    assert!(sorted.find(&after[0].0) < sorted.find(&before[0].0));
    let found = browser.get(&format!("{HERE}?q=rs256")).await.text;
    assert!(found.contains(&before[0].0) && !found.contains(&after[0].0));
}

#[tokio::test]
async fn a_compromised_key_is_replaced_at_once() {
    let directory = Directory::new().await;
    let mut browser = home(&directory, "root", &[DirectoryRole::GlobalAdministrator]).await;
    let before = published(&mut browser).await;
    let asked = browser
        .get(&format!("{ROTATE}?algorithm=RS256&when=now"))
        .await;
    assert!(asked.text.contains("every token"), "{}", asked.text);
    assert!(asked.text.contains("class=\"danger\""));
    let fields = [("algorithm", "RS256"), ("when", "now")];
    let page = done(&mut browser, ROTATE, &fields).await;
    let after = published(&mut browser).await;
    assert_eq!(after.len(), 1);
    assert_ne!(after, before);
    assert!(page.text.contains(&after[0].0) && !page.text.contains(&before[0].0));
    let store = &directory.server.app.store;
    let records = store.audit_records(directory.server.tenant, 50).await;
    let records = records.unwrap();
    let rotated = records
        .iter()
        .find(|one| one.action == "signing_key.rotate_at_once");
    assert_eq!(rotated.unwrap().actor, "root@contoso.example");
}

#[tokio::test]
async fn nothing_is_rotated_without_a_choice() {
    let directory = Directory::new().await;
    let mut browser = home(&directory, "root", &[DirectoryRole::GlobalAdministrator]).await;
    let before = published(&mut browser).await;
    for (algorithm, when) in [
        ("", ""),
        ("RS256", ""),
        ("", "now"),
        ("rs256", "now"),
        ("none", "now"),
        ("RS256", "later"),
    ] {
        let fields = [("algorithm", algorithm), ("when", when)];
        let sent = post(&mut browser, ROTATE, &fields).await;
        assert_eq!(sent.status, 400, "{algorithm} {when}: {}", sent.text);
        let asked = format!("{ROTATE}?algorithm={algorithm}&when={when}");
        let asked = browser.get(&asked).await;
        assert_eq!(asked.status, 400, "{algorithm} {when}");
    }
    assert_eq!(published(&mut browser).await, before);
}

#[tokio::test]
async fn whoever_may_not_is_told_who_may() {
    let directory = Directory::new().await;
    let reader = home(&directory, "reader", &[DirectoryRole::SecurityReader]).await;
    for mut browser in [administrator(&directory).await, reader] {
        let before = published(&mut browser).await;
        let fields = [("algorithm", "RS256"), ("when", "now")];
        let pages = [
            browser.get(HERE).await,
            browser.get(ROTATE).await,
            post(&mut browser, ROTATE, &fields).await,
        ];
        for page in pages {
            assert_eq!(page.status, 403, "{}", page.text);
            assert!(page.text.contains("home tenant"), "{}", page.text);
            assert!(!page.text.contains(&before[0].0));
        }
        assert_eq!(published(&mut browser).await, before);
    }
}
