//! Certificates & secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::time::Timestamp;
use casbah_token::SigningKey;

use super::{SINGLE, administrator, done, post, register};
use crate::testing::directory::Directory;

/// A certificate that signed itself, and its key, as PEM.
pub(super) fn certificate() -> (String, String) {
    let key = SigningKey::generate(Timestamp::now().seconds() - 60).unwrap();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let certificate = pem("CERTIFICATE", key.certificate_der());
    (certificate, pem("PRIVATE KEY", &key.to_pkcs8().unwrap()))
}

#[tokio::test]
async fn a_secret_is_shown_once_and_works() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let cookies = browser.cookies.clone();
    let fields = [("description", "nightly"), ("life", "180"), ("day", "")];
    let page = post(&mut browser, &app.at("/secrets"), &fields).await;
    assert_eq!(
        page.status, 200,
        "the value stands in the answer itself: {}",
        page.text
    );
    let value = page.attribute("<dd class=\"secret\"><span class=\"copy\"><code>");
    let value = value.split_once('<').unwrap().0.to_owned();
    assert_eq!(value.len(), 40, "{value}");
    assert!(
        page.text
            .contains("not</strong> what the application sends")
    );
    assert!(page.header("cache-control").contains("no-store"));
    assert!(page.header("location").is_empty());
    assert_eq!(browser.cookies, cookies);
    for path in ["/credentials?tab=secrets", "", "/credentials"] {
        let later = browser.get(&app.at(path)).await;
        assert!(!later.text.contains(&value), "{path}");
    }
    let later = browser.get(&app.at("/credentials?tab=secrets")).await;
    assert!(later.text.contains("nightly") && later.text.contains(&value[..3]));

    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", app.app_id.as_str()),
        ("client_secret", value.as_str()),
        ("scope", "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default"),
    ];
    let path = format!("/{}/oauth2/v2.0/token", directory.tenant);
    let token = directory.browser().post(&path, &fields).await;
    assert_eq!(token.status, 200, "{}", token.text);

    let delete = later.attribute("small\" href=\"");
    assert!(delete.ends_with("/delete"), "{delete}");
    let question = browser.get(&delete).await;
    assert!(
        question.text.contains("cannot be undone"),
        "{}",
        question.text
    );
    done(&mut browser, &delete, &[]).await;
    let token = directory.browser().post(&path, &fields).await;
    assert_eq!(token.status, 401);
}

#[tokio::test]
async fn a_secret_lives_as_long_as_it_is_given() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    for (life, day, is_made) in [
        ("custom", "2050-01-31", true),
        ("custom", "", false),
        ("custom", "2001-01-01", false),
        ("90", "2001-01-01", true),
    ] {
        let fields = [("description", "kept"), ("life", life), ("day", day)];
        let page = post(&mut browser, &app.at("/secrets"), &fields).await;
        assert_eq!(page.status, 200);
        assert_eq!(
            page.text.contains("The new client secret"),
            is_made,
            "{life} {day}"
        );
        if !is_made {
            assert!(page.text.contains("role=\"alert\"") && page.text.contains("value=\"kept\""));
        }
        if life == "custom" && is_made {
            assert!(page.text.contains("2050-01-31T23:59:59Z"), "{}", page.text);
        }
    }
    let fields = [("description", ""), ("life", "for ever")];
    assert_eq!(
        post(&mut browser, &app.at("/secrets"), &fields)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn certificates_are_uploaded_or_pasted_without_their_keys() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let (pem, key) = certificate();
    let add = app.at("/certificates");
    for (text, complaint) in [
        ("", "Choose a file"),
        ("nonsense", "no certificate"),
        (&format!("{key}{pem}"), "private key"),
    ] {
        let page = post(&mut browser, &add, &[("pem", text)]).await;
        assert!(page.text.contains(complaint), "{complaint}: {}", page.text);
    }
    let fields = [("pem", pem.as_str()), ("description", "pasted")];
    let page = done(&mut browser, &add, &fields).await;
    assert!(page.text.contains("pasted"), "{}", page.text);

    let token = browser.get("/portal/apps/new").await;
    let token = token.attribute("name=\"csrf\" value=\"");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let bare = STANDARD.encode(STANDARD.decode(base64).unwrap());
    for (file, description) in [(&pem, "a file"), (&bare, "bare base64")] {
        let part = |name: &str, more: &str, text: &str| {
            format!(
                "--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{text}\r\n"
            )
        };
        let form = [
            part("csrf", "", &token),
            part("file", "; filename=\"c.pem\"", file),
            part("pem", "", ""),
            part("description", "", description),
            "--x--\r\n".to_owned(),
        ];
        let kind = [("content-type", "multipart/form-data; boundary=x")];
        let sent = browser
            .send(axum::http::Method::POST, &add, &kind, form.concat())
            .await;
        assert_eq!(sent.status, 303, "{description}: {}", sent.text);
    }
    let page = browser.get(&app.at("/credentials?tab=certificates")).await;
    assert_eq!(page.text.matches("Delete certificate").count(), 3);
    let delete = page.attribute("small\" href=\"");
    assert!(browser.get(&delete).await.text.contains("Thumbprint"));
    let page = done(&mut browser, &delete, &[]).await;
    assert_eq!(page.text.matches("Delete certificate").count(), 2);
}

#[tokio::test]
async fn federated_credentials_are_added_from_templates() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let page = browser.get(&app.at("/credentials")).await;
    assert!(
        page.text.contains("No federated credentials"),
        "the recommended kind is first"
    );
    for (scenario, text) in [
        ("github", "https://token.actions.githubusercontent.com"),
        ("kubernetes", "Service account name"),
    ] {
        let path = app.at(&format!("/credentials?tab=federated&scenario={scenario}"));
        assert!(browser.get(&path).await.text.contains(text), "{scenario}");
    }
    let fields = [
        ("scenario", "github"),
        ("issuer", "https://token.actions.githubusercontent.com"),
        ("organization", "a"),
        ("repository", "b"),
        ("entity", "branch"),
        ("entity_name", "main"),
        ("audience", "api://AzureADTokenExchange"),
        ("name", "main"),
        ("description", "the main branch"),
    ];
    let refused = post(&mut browser, &app.at("/federated"), &fields[..5]).await;
    assert!(
        refused.text.contains("Give the name of the environment"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("name=\"organization\""));
    let page = done(&mut browser, &app.at("/federated"), &fields).await;
    assert!(
        page.text.contains("repo:a/b:ref:refs/heads/main"),
        "{}",
        page.text
    );
    let refused = post(&mut browser, &app.at("/federated"), &fields).await;
    assert!(refused.text.contains("role=\"alert\"") && refused.text.contains("the main branch"));
    let delete = page.attribute("small\" href=\"");
    assert!(
        browser
            .get(&delete)
            .await
            .text
            .contains("Subject identifier")
    );
    let page = done(&mut browser, &delete, &[]).await;
    assert!(page.text.contains("No federated credentials"));
}
