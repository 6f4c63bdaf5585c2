//! Names that would be more than text.

use axum::http::Method;
use casbah_model::ids::ObjectId;
use secrecy::ExposeSecret;

use super::{Registered, add_provider, done, post, principal_of, register, sign_in_as};
use crate::portal::pages;
use crate::testing::browser::Browser;
use crate::testing::directory::Directory;
use crate::testing::save_user;

const EVIL: &str = "\"><script>alert(1)</script>'{{7*7}}";

/// As a page must show it.
const SHOWN: &str = "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#39;{{7*7}}";

/// The addresses of all pages about an application, and of those about none.
fn addresses(app: &Registered, principal: &str) -> Vec<String> {
    let shown = pages().shown.into_iter();
    let shown = shown.filter(|path| !path.contains("{key}") && !path.contains("{*"));
    let mut all: Vec<_> = shown
        .map(|path| {
            let id = if path.contains("enterprise") {
                principal
            } else {
                &app.id
            };
            path.replace("{id}", id)
                .replace("{app_id}", &app.app_id)
                .replace("{resource}", &app.app_id)
        })
        .collect();
    let tabs = ["federated", "certificates", "secrets"];
    all.extend(tabs.map(|tab| app.at(&format!("/credentials?tab={tab}"))));
    all.push(format!("/portal/apps?tab=all&q={}", app.app_id));
    all.push(format!("/portal/enterprise_apps?tab=own&q={}", app.app_id));
    all.push(app.at(&format!("/permissions/add?q={}", app.app_id)));
    all.push("/portal/credentials?show=all".to_owned());
    all
}

/// A browser in a tenant whose name is hostile, like its administrator's.
async fn evil_tenant(directory: &Directory) -> Browser {
    let created = directory.server.create_tenant(EVIL, "evil.example").await;
    let store = &directory.server.app.store;
    let mut user = created.administrator.clone();
    user.display_name = EVIL.to_owned();
    save_user(store, &user).await;
    let mut browser = directory.browser();
    let password = created.password.expose_secret();
    sign_in_as(
        &mut browser,
        &created.administrator.upn,
        password,
        "/portal/",
    )
    .await;
    browser
}

#[tokio::test]
async fn a_hostile_name_is_text_on_every_page() {
    let directory = Directory::new().await;
    let mut browser = evil_tenant(&directory).await;
    let app = register(&mut browser, EVIL, "AzureADMultipleOrgs").await;
    let uri = "https://a.example/\"><script>alert(1)</script>";
    let fields = [("platform", "web"), ("uri", uri)];
    done(&mut browser, &app.at("/redirects/add"), &fields).await;
    post(
        &mut browser,
        &app.at("/secrets"),
        &[("life", "90"), ("description", EVIL)],
    )
    .await;
    let fields = [
        ("issuer", "https://issuer.example"),
        ("subject", EVIL),
        ("audience", EVIL),
        ("name", "n"),
        ("description", EVIL),
    ];
    done(&mut browser, &app.at("/federated"), &fields).await;
    let provider = [
        ("client_id", EVIL),
        ("issuer", "https://idp.example/\"><script>alert(1)"),
    ];
    let provider = add_provider(&mut browser, EVIL, &provider).await;
    // It offers permissions with hostile words, too, and asks for its own.
    let principal = principal_of(&mut browser, &app).await;
    let mut addresses = addresses(&app, &principal);
    addresses.extend([format!("{provider}/delete"), provider]);
    assert!(addresses.len() > 20);
    for address in addresses {
        let page = browser.get(&address).await;
        assert!(
            !page.text.contains("<script>alert"),
            "{address}: {}",
            page.text
        );
        assert!(!page.text.contains(EVIL), "{address}");
        if page.status == 200 {
            assert!(
                page.text.contains(SHOWN),
                "{address} shows the name: {}",
                page.text
            );
        }
    }
    let page = browser.get(&app.at("/authentication")).await;
    assert!(
        page.text
            .contains("https://a.example/&#34;&#62;&#60;script&#62;")
    );
    let page = browser.get(&app.at("/credentials?tab=secrets")).await;
    let key = page.attribute(&format!("href=\"{}", app.at("/secrets/")));
    let page = browser.get(&app.at(&format!("/secrets/{key}"))).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>alert") && page.text.contains(SHOWN));
}

#[tokio::test]
async fn a_form_that_comes_back_holds_text() {
    let directory = Directory::new().await;
    let mut browser = evil_tenant(&directory).await;
    let app = register(&mut browser, "Console", "AzureADMyOrg").await;
    let long = EVIL.repeat(10);
    for (path, fields) in [
        (
            "/portal/apps/new".to_owned(),
            vec![("name", EVIL), ("redirect", EVIL), ("platform", "web")],
        ),
        (
            app.at("/redirects/add"),
            vec![("platform", "web"), ("uri", EVIL)],
        ),
        (app.at("/owners"), vec![("upn", EVIL)]),
        (
            app.at("/secrets"),
            vec![("life", "custom"), ("day", EVIL), ("description", EVIL)],
        ),
        (
            app.at("/certificates"),
            vec![("pem", EVIL), ("description", EVIL)],
        ),
        (
            app.at("/federated"),
            vec![("issuer", EVIL), ("subject", EVIL), ("name", EVIL)],
        ),
        (app.at("/delete"), vec![("typed", EVIL)]),
        (
            "/portal/identity-providers/new".to_owned(),
            vec![("name", EVIL), ("issuer", EVIL), ("domain", EVIL)],
        ),
        ("/portal/tenant".to_owned(), vec![("name", &long)]),
    ] {
        let page = post(&mut browser, &path, &fields).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert!(
            !page.text.contains("<script>alert"),
            "{path}: {}",
            page.text
        );
    }
}

#[tokio::test]
async fn nothing_in_an_address_becomes_part_of_a_page() {
    let directory = Directory::new().await;
    let mut browser = evil_tenant(&directory).await;
    let app = register(&mut browser, "Console", "AzureADMyOrg").await;
    let principal = principal_of(&mut browser, &app).await;
    let evil = form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    let names = [
        "q",
        "sort",
        "page",
        "tab",
        "done",
        "show",
        "actor",
        "action",
        "target",
        "outcome",
        "since",
        "until",
        "after",
        "scenario",
        "kind",
        "resource",
        "permission",
        "person",
        "algorithm",
        "when",
        "text",
        "user",
        "app",
        "address",
        "country",
        "alert",
        "days",
        "severity",
        "standing",
        "read",
    ];
    let query: Vec<_> = names.iter().map(|name| format!("{name}={evil}")).collect();
    for address in addresses(&app, &principal) {
        let joint = if address.contains('?') { '&' } else { '?' };
        let address = format!("{address}{joint}{}", query.join("&"));
        let page = browser.get(&address).await;
        assert!(
            !page.text.contains("<script>alert"),
            "{address}: {}",
            page.text
        );
        assert!(!page.text.contains("class=\"done\""), "{address}");
    }
    let page = browser.get("/portal/apps?done=secret-deleted").await;
    assert!(page.text.contains("The client secret was deleted."));
}

#[tokio::test]
async fn a_name_of_256_characters_is_kept_whole_and_one_more_refused() {
    let directory = Directory::new().await;
    let mut browser = evil_tenant(&directory).await;
    let long = "w".repeat(256);
    let app = register(&mut browser, &long, "AzureADMyOrg").await;
    assert!(browser.get(&app.at("")).await.text.contains(&long));
    let fields = [("name", "w".repeat(257))];
    let fields = fields.each_ref().map(|(name, text)| (*name, text.as_str()));
    let page = post(&mut browser, "/portal/apps/new", &fields).await;
    assert!(page.text.contains("1 to 256 characters"), "{}", page.text);
}

#[tokio::test]
async fn every_page_may_load_our_own_files_alone() {
    let directory = Directory::new().await;
    let mut browser = evil_tenant(&directory).await;
    let app = register(&mut browser, "Console", "AzureADMyOrg").await;
    let principal = principal_of(&mut browser, &app).await;
    for address in addresses(&app, &principal) {
        let page = browser.get(&address).await;
        let policy = page.header("content-security-policy");
        if page.status == 200 {
            assert!(
                policy.starts_with("default-src 'none'"),
                "{address}: {policy}"
            );
            assert!(!policy.contains("unsafe"), "{address}: {policy}");
            let scripts = page.text.matches("<script").count();
            let ours = page.text.matches("<script src=\"/casbah/assets/").count();
            assert_eq!(scripts, ours, "{address}");
            for inline in [" style=", "<style", " onclick", " onload", "javascript:"] {
                assert!(!page.text.contains(inline), "{address}: {inline}");
            }
        }
    }
    let mut size = browser.get("/portal/").await.text.len();
    for (file, most) in [("casbah.css", 40_000), ("portal.js", 30_000)] {
        let path = format!("/casbah/assets/{file}");
        let file = browser.send(Method::GET, &path, &[], String::new()).await;
        assert!(file.status == 200 && file.text.len() < most, "{path}");
        size += file.text.len();
    }
    assert!(size < 100_000, "{size}");
}

#[tokio::test]
async fn ids_of_nothing_are_no_pages() {
    let directory = Directory::new().await;
    let mut browser = evil_tenant(&directory).await;
    for id in [&ObjectId::random().to_string(), "x", "..%2F..%2Fme", "%22"] {
        for base in [
            "/portal/apps",
            "/portal/enterprise_apps",
            "/portal/identity-providers",
            "/portal/activities",
            "/portal/alerts",
        ] {
            let page = browser.get(&format!("{base}/{id}")).await;
            assert_eq!(page.status, 404, "{base}/{id}: {}", page.text);
        }
    }
}
