//! *Identity providers*, as their administrators see them.

use casbah_model::identity::{DirectoryRole, ProviderLink};
use casbah_model::time::Timestamp;

use super::{add_provider, administrator, done, post, set_roles};
use crate::testing::directory::Directory;

const HERE: &str = "/portal/identity-providers";
const SECRET: &str = "what nobody may read";
const CALLBACK: &str = "https://localhost:8443/casbah/sign_in/callback";

#[tokio::test]
async fn a_provider_is_added_shown_changed_and_deleted() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let empty = browser.get(HERE).await;
    assert!(empty.text.contains("No provider yet") && empty.text.contains(CALLBACK));
    let new = browser.get(&format!("{HERE}/new")).await;
    assert!(new.text.contains("fabrikam.example"), "{}", new.text);

    let fields = [("domain", "fabrikam.example"), ("creates_people", "yes")];
    let one = add_provider(&mut browser, "Fabrikam ID", &fields).await;
    let page = browser.get(&one).await;
    for text in [
        "https://idp.example/.well-known/openid-configuration",
        "value=\"openid email\"",
        "value=\"fabrikam.example\" checked",
        "name=\"creates_people\" value=\"yes\" checked",
        CALLBACK,
        "Nobody has signed in",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let list = browser
        .get(&format!("{HERE}?q=fabrikam&sort=-issuer"))
        .await;
    assert!(
        list.text.contains(&format!("href=\"{one}\"")),
        "{}",
        list.text
    );

    let id = one.rsplit_once('/').unwrap().1.parse().unwrap();
    let store = &directory.server.app.store;
    let secret = store.identity_provider_secret(directory.tenant, id);
    let secret = secret.await.unwrap();
    let fields = [
        ("name", "Fabrikam"),
        ("client_id", "other"),
        ("scope", "openid"),
        ("claim", "upn"),
        ("enabled", "no"),
    ];
    let page = done(&mut browser, &one, &fields).await;
    for text in ["Disabled", "value=\"upn\" checked", "value=\"other\""] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(!page.text.contains("value=\"fabrikam.example\" checked"));
    let kept = store.identity_provider_secret(directory.tenant, id).await;
    assert_eq!(kept.unwrap(), secret, "no new secret was given");
    let mut fields = fields.to_vec();
    fields.push(("secret", "another"));
    done(&mut browser, &one, &fields).await;
    let changed = store.identity_provider_secret(directory.tenant, id).await;
    assert_ne!(changed.unwrap(), secret);

    let delete = format!("{one}/delete");
    assert!(browser.get(&delete).await.text.contains("forgotten"));
    let page = done(&mut browser, &delete, &[]).await;
    assert!(page.text.contains("No provider yet"), "{}", page.text);
    assert_eq!(browser.get(&one).await.status, 404);
}

#[tokio::test]
async fn what_was_typed_comes_back_with_the_reason_and_without_the_secret() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let one = add_provider(&mut browser, "Fabrikam ID", &[]).await;
    let new = format!("{HERE}/new");
    for (path, field, reason) in [
        (&new, ("issuer", "http://idp.example"), "https"),
        (&new, ("claim", "mail"), "preferred_username"),
        (&new, ("domain", "contoso.example"), "contoso.example"),
        (&new, ("name", "Fabrikam ID"), "name"),
        (&one, ("scope", "email"), "openid"),
        (&one, ("name", ""), "display name"),
        (&one, ("client_id", ""), "client id"),
    ] {
        let rest = [
            ("name", "Typed name"),
            ("issuer", "https://typed.example"),
            ("client_id", "typed-client"),
            ("scope", "openid typed"),
            ("claim", "upn"),
            ("secret", SECRET),
        ];
        let fields: Vec<_> = [field].iter().chain(&rest).copied().collect();
        let page = post(&mut browser, path, &fields).await;
        assert_eq!(page.status, 200, "{field:?}: {}", page.text);
        assert!(page.text.contains("role=\"alert\""), "{}", page.text);
        assert!(page.text.contains(reason), "{field:?}: {}", page.text);
        for (name, value) in [("client_id", "typed-client"), ("scope", "openid typed")] {
            let is_kept = field.0 == name || page.text.contains(&format!("value=\"{value}\""));
            assert!(is_kept, "{field:?} keeps {value}: {}", page.text);
        }
        assert!(!page.text.contains(SECRET), "{}", page.text);
    }
    for path in [HERE, &one, &format!("{one}/delete")] {
        assert!(!browser.get(path).await.text.contains(SECRET), "{path}");
    }
}

#[tokio::test]
async fn only_global_administrators_see_them() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let one = add_provider(&mut browser, "Fabrikam ID", &[]).await;
    for role in [
        DirectoryRole::PrivilegedRoleAdministrator,
        DirectoryRole::ApplicationAdministrator,
        DirectoryRole::SecurityReader,
    ] {
        set_roles(&directory, &[role]).await;
        for path in [HERE.to_owned(), one.clone(), format!("{one}/delete")] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, 403, "{path} {role}: {}", page.text);
            assert!(!page.text.contains("Fabrikam ID"));
        }
        let closed = browser.get(HERE).await;
        assert!(closed.text.contains("only Global Administrators"));
        for path in ["/new", "/delete", "", "/test"] {
            let path = if path == "/new" {
                format!("{HERE}/new")
            } else {
                format!("{one}{path}")
            };
            let fields = [("name", "x"), ("issuer", "https://x.example")];
            let sent = post(&mut browser, &path, &fields).await;
            assert_eq!(sent.status, 403, "{path} {role}: {}", sent.text);
        }
    }
    set_roles(&directory, &[DirectoryRole::GlobalAdministrator]).await;
    assert_eq!(browser.get(&one).await.status, 200, "nothing was deleted");
}

#[tokio::test]
async fn accounts_are_shown_and_forgotten() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let one = add_provider(&mut browser, "Fabrikam ID", &[]).await;
    let ada = directory.person("ada", &[]).await;
    let link = ProviderLink {
        tenant: directory.tenant,
        provider: one.rsplit_once('/').unwrap().1.parse().unwrap(),
        subject: "<b>4711</b>".to_owned(),
        user: ada.id,
        created: Timestamp::now(),
    };
    let store = &directory.server.app.store;
    store
        .link_person(link, crate::testing::audit_record())
        .await
        .unwrap();
    let page = browser.get(&one).await;
    assert!(page.text.contains("&#60;b&#62;4711") && !page.text.contains("<b>4711"));
    assert!(page.text.contains(&ada.upn), "{}", page.text);
    let forget = format!("{one}/accounts/{}/forget", ada.id);
    assert!(page.text.contains(&forget));
    let page = done(&mut browser, &forget, &[]).await;
    assert!(page.text.contains("Nobody has signed in"), "{}", page.text);
    assert_eq!(post(&mut browser, &forget, &[]).await.status, 404);
}

#[tokio::test]
async fn a_test_says_why_nobody_can_sign_in() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let issuer = [("issuer", "https://127.0.0.1")];
    let one = add_provider(&mut browser, "Fabrikam ID", &issuer).await;
    let page = post(&mut browser, &format!("{one}/test"), &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("role=\"alert\""), "{}", page.text);
    assert!(page.text.contains("public network"), "{}", page.text);
}
