//! Token tools.

use casbah_model::permission::{Action, Permission};

use super::{SINGLE, administrator, post, register};
use crate::testing::directory::Directory;

const AT: &str = "/portal/tokens/request";
const SCOPE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default";

#[tokio::test]
async fn the_permission_table_of_the_page_is_the_models() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get("/portal/tokens").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for action in Action::ALL {
        let values: Vec<_> = action.permissions().iter().map(Permission::value).collect();
        let cells = Permission::ALL.map(|one| {
            let word = if one.allows(action) { "Yes" } else { "–" };
            format!("<td>{word}</td>")
        });
        let row = format!(
            "<tr data-permissions=\"{}\"><th scope=\"row\">{}</th>{}</tr>",
            values.join(" "),
            action.description(),
            cells.concat()
        );
        assert!(page.text.contains(&row), "{row}: {}", page.text);
    }
}

#[tokio::test]
async fn the_decoder_has_nowhere_to_send_a_token() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get("/portal/tokens").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("connect-src"));
    assert!(!page.text.contains("<form"), "{}", page.text);
    assert!(page.text.contains("<noscript>"));
    let script = browser.get("/casbah/assets/token_tools.js").await;
    assert!(script.status == 200 && script.text.len() < 12_000);
    for word in ["innerHTML", "fetch(", "XMLHttp", "eval(", "localStorage"] {
        assert!(!script.text.contains(word), "{word}");
    }
}

#[tokio::test]
async fn a_token_is_shown_and_its_secret_never() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = directory
        .register(|app| app.display_name = "<b>SIEM".to_owned())
        .await;
    let id = app.application.app_id.to_string();
    let page = browser.get(&format!("{AT}?app_id={id}")).await;
    assert!(
        page.text.contains(&format!("value=\"{id}\"")),
        "{}",
        page.text
    );
    assert!(page.text.contains("&#60;b&#62;SIEM") && !page.text.contains("<b>SIEM"));
    let fields = [("app_id", &*id), ("secret", &*app.secret), ("scope", SCOPE)];
    let page = post(&mut browser, AT, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("data-copy=\"eyJ"), "{}", page.text);
    assert!(page.header("cache-control").contains("no-store"));
    assert!(!page.text.contains(&app.secret));
    let store = &directory.server.app.store;
    let records = store.audit_records(directory.tenant, 100).await.unwrap();
    assert!(format!("{records:?}").contains("token.issue"));
    assert!(!format!("{records:?}").contains(&app.secret));
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = directory.register(|_| {}).await;
    let id = app.application.app_id.to_string();
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    for (app_id, secret, scope, code) in [
        (&*id, "wrong-secret-of-mine", SCOPE, "AADSTS7000215"),
        (&*id, &*app.secret, "investigation.read", "AADSTS1002012"),
        (
            &*other.tenant.id.to_string(),
            &*app.secret,
            SCOPE,
            "AADSTS700016",
        ),
    ] {
        let fields = [("app_id", app_id), ("secret", secret), ("scope", scope)];
        let page = post(&mut browser, AT, &fields).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains(code), "{code}: {}", page.text);
        assert!(page.text.contains("What to do:") && !page.text.contains("data-copy=\"eyJ"));
        assert!(!page.text.contains(secret), "{code}");
    }
    // The same count as that of the token endpoint: guessing here is guessing.
    let guess = [("app_id", &*id), ("secret", "guess"), ("scope", SCOPE)];
    for _ in 0..20 {
        post(&mut browser, AT, &guess).await;
    }
    let page = post(&mut browser, AT, &guess).await;
    assert!(page.text.contains("Wait a minute"), "{}", page.text);
    let address = format!("/{}/oauth2/v2.0/token", directory.tenant);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*id),
        ("client_secret", "guess"),
        ("scope", SCOPE),
    ];
    assert_eq!(browser.post(&address, &fields).await.status, 429);
}

const CODE: &str = "/portal/tokens/code";
const LANGUAGES: [&str; 6] = ["curl", "powershell", "python", "csharp", "rust", "node"];

#[tokio::test]
async fn code_is_filled_in_for_an_application_that_is_here() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get(CODE).await;
    assert!(
        page.text.contains("No applications are registered"),
        "{}",
        page.text
    );
    let evil = "'; rm -rf ~ #</option><script>alert(1)</script>";
    let app = register(&mut browser, evil, SINGLE).await;
    let tenant = directory.tenant;
    for language in LANGUAGES {
        let address = format!("{CODE}?app={}&lang={language}", app.app_id);
        let page = browser.get(&address).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let copied = page.attribute("data-copy=\"");
        for expected in [&*tenant.to_string(), &app.app_id, "CASBAH_CLIENT_SECRET"] {
            assert!(copied.contains(expected), "{language} {expected}: {copied}");
        }
        assert!(!copied.contains("rm -rf"), "{language}: {copied}");
        let chosen = format!("<option value=\"{}\" selected>", app.app_id);
        assert!(page.text.contains(&chosen), "{}", page.text);
        assert!(page.text.contains("&#60;/option&#62;&#60;script&#62;"));
        assert!(!page.text.contains("<script>alert"), "{}", page.text);
        assert!(
            page.text
                .contains(&format!("lang={language}\" aria-current=\"page\"")),
            "{}",
            page.text
        );
    }
}

#[tokio::test]
async fn what_cannot_be_filled_in_is_said() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    register(&mut browser, "SIEM", SINGLE).await;
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    let tenant = other.tenant.id.to_string();
    for (query, is_unknown) in [
        ("", false),
        ("?lang=cobol", false),
        ("?app=", false),
        ("?app=%27%22%3Cscript%3E", true),
        (&*format!("?app={tenant}"), true),
    ] {
        let page = browser.get(&format!("{CODE}{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        let copied = page.attribute("data-copy=\"");
        assert!(
            copied.contains("client_id=&#39;CLIENT_ID&#39;"),
            "{query}: {copied}"
        );
        assert!(
            page.text.contains("Choose an application above"),
            "{}",
            page.text
        );
        let told = page
            .text
            .contains("No application of this directory has this client ID.");
        assert_eq!(told, is_unknown, "{query}");
        assert!(!page.text.contains("<script>") && !page.text.contains(&tenant));
    }
}

#[tokio::test]
async fn pages_of_an_application_lead_to_its_code() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "SIEM", SINGLE).await;
    let link = format!("href=\"{CODE}?app={}\"", app.app_id);
    let page = browser.get(&app.at("")).await;
    assert!(page.text.contains(&link), "{}", page.text);
    let page = post(&mut browser, &app.at("/secrets"), &[("life", "90")]).await;
    assert!(page.text.contains(&link), "{}", page.text);
}
