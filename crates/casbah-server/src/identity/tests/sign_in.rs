use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::random::digest_of;
use casbah_model::identity::CASBAH_CLI;
use secrecy::ExposeSecret;

use super::Directory;
use super::browser::{Browser, Page};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(super) use crate::testing::directory::PASSWORD as NEW;

pub(super) const SCOPE: &str =
    "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default openid profile offline_access";

/// The address of a sign-in, with these parameters in place of the usual.
pub(super) fn authorize(tenant: &str, change: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest_of(VERIFIER).as_bytes());
    let client = CASBAH_CLI.app_id.to_string();
    let usual = [
        ("client_id", client.as_str()),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:40123/"),
        ("scope", SCOPE),
        ("state", "s&1"),
        ("nonce", "n"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in usual {
        if !change.iter().any(|(changed, _)| *changed == name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in change.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    format!("/{tenant}/oauth2/v2.0/authorize?{}", query.finish())
}

/// Sends the form of a page.
pub(super) async fn submit(browser: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let action = page.attribute("action=\"");
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let fields: Vec<_> = [("csrf", csrf.as_str())]
        .into_iter()
        .chain(fields.iter().copied())
        .collect();
    browser.post(&action, &fields).await
}

/// Signs the administrator in for the first time.
pub(super) async fn first_sign_in(
    directory: &Directory,
    browser: &mut Browser,
    address: &str,
) -> Page {
    let page = browser.get(address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    submit(
        browser,
        &page,
        &[
            ("username", &directory.admin.upn),
            ("password", directory.one_time.expose_secret()),
            ("new_password", NEW),
            ("new_password_again", NEW),
        ],
    )
    .await
}

pub(super) async fn redeem(browser: &mut Browser, code: &str, change: &[(&str, &str)]) -> Page {
    let client = CASBAH_CLI.app_id.to_string();
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", client.as_str()),
        ("code", code),
        ("redirect_uri", "http://localhost:40123/"),
        ("code_verifier", VERIFIER),
        ("client_info", "1"),
    ];
    let fields: Vec<_> = usual
        .into_iter()
        .filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name))
        .chain(
            change
                .iter()
                .copied()
                .filter(|(_, value)| !value.is_empty()),
        )
        .collect();
    browser
        .post("/organizations/oauth2/v2.0/token", &fields)
        .await
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn a_person_signs_in_changes_the_given_password_and_gets_tokens() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let address = authorize("common", &[]);
    let page = browser.get(&address).await;
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        policy.contains("form-action 'self' http://localhost:40123"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    let one_time = directory.one_time.expose_secret();
    let name = directory.admin.upn.to_uppercase();
    let page = submit(
        &mut browser,
        &page,
        &[("username", &name), ("password", one_time)],
    )
    .await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("name=\"new_password\""), "{}", page.text);
    for (new, again, problem) in [
        (NEW, "another", "differ"),
        ("short", "short", "too short"),
        (one_time, one_time, "must differ"),
    ] {
        let refused = submit(
            &mut browser,
            &page,
            &[
                ("username", &name),
                ("password", one_time),
                ("new_password", new),
                ("new_password_again", again),
            ],
        )
        .await;
        assert_eq!(refused.status, 400);
        assert!(
            refused.text.contains(problem),
            "{problem}: {}",
            refused.text
        );
    }
    let sent = submit(
        &mut browser,
        &page,
        &[
            ("username", &name),
            ("password", one_time),
            ("new_password", NEW),
            ("new_password_again", NEW),
        ],
    )
    .await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert!(
        sent.header("location")
            .starts_with("http://localhost:40123/?code=")
    );
    assert_eq!(sent.sent("state").as_deref(), Some("s&1"));

    let code = sent.sent("code").unwrap();
    let answer = redeem(&mut browser, &code, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    let access = casbah_token::decode_unverified(json["access_token"].as_str().unwrap()).unwrap();
    let scp = access.claims["scp"].as_str().unwrap();
    assert!(
        scp.contains("investigation.manage") && scp.contains("settings.manage"),
        "{scp}"
    );
    assert_eq!(access.claims["oid"], directory.admin.id.to_string());
    assert_eq!(access.claims["tid"], directory.tenant.to_string());
    let id = casbah_token::decode_unverified(json["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(id.claims["nonce"], "n");
    assert_eq!(id.claims["aud"], CASBAH_CLI.app_id.to_string());
    let info = URL_SAFE_NO_PAD
        .decode(json["client_info"].as_str().unwrap())
        .unwrap();
    let info: serde_json::Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info["uid"], directory.admin.id.to_string());
    assert!(json["scope"].as_str().unwrap().contains("openid"));

    // The session in the browser is good for another request without a form.
    let again = browser
        .get(&authorize(
            &directory.tenant.to_string(),
            &[("prompt", "none")],
        ))
        .await;
    assert_eq!(again.status, 303);
    assert!(again.sent("code").is_some());
    // It is none for another tenant, and `login` asks in any case.
    let other = browser
        .get(&authorize("contoso.example", &[("prompt", "none")]))
        .await;
    assert_eq!(other.sent("error").as_deref(), Some("login_required"));
    let asked = browser
        .get(&authorize("common", &[("prompt", "login")]))
        .await;
    assert_eq!(asked.status, 200);

    let page = browser.get("/common/oauth2/v2.0/logout").await;
    assert_eq!(page.status, 200);
    let gone = browser
        .get(&authorize("common", &[("prompt", "none")]))
        .await;
    assert_eq!(gone.sent("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_the_clients() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    for (change, text) in [
        (("redirect_uri", "https://evil.example/"), "AADSTS50011"),
        (
            ("redirect_uri", "http://localhost.evil.example/"),
            "AADSTS50011",
        ),
        (
            ("redirect_uri", "http://localhost:80@evil.example/"),
            "AADSTS50011",
        ),
        (
            ("redirect_uri", "http://localhost:40123/other"),
            "AADSTS50011",
        ),
        (("redirect_uri", "javascript:alert(1)"), "AADSTS50011"),
        (("redirect_uri", ""), "AADSTS900144"),
        (
            ("client_id", "11111111-2222-3333-4444-555555555555"),
            "AADSTS700016",
        ),
        (("client_id", ""), "AADSTS900144"),
    ] {
        let page = browser.get(&authorize("common", &[change])).await;
        assert_eq!(page.status, 400, "{change:?}");
        assert!(page.header("location").is_empty());
        assert!(page.text.contains(text), "{change:?}: {}", page.text);
        assert!(!page.text.contains("href=\"http") && !page.text.contains("<form"));
    }
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "a/x b/y"), "invalid_scope"),
    ] {
        let page = browser.get(&authorize("common", &[change])).await;
        assert_eq!(page.sent("error").as_deref(), Some(error), "{change:?}");
        assert_eq!(page.sent("state").as_deref(), Some("s&1"));
    }
}

#[tokio::test]
async fn a_form_is_worth_nothing_outside_its_browser() {
    let directory = Directory::new().await;
    let mut mine = directory.browser();
    let page = mine.get(&authorize("common", &[])).await;
    let fields = [
        ("username", directory.admin.upn.as_str()),
        ("password", directory.one_time.expose_secret()),
        ("new_password", NEW),
        ("new_password_again", NEW),
    ];
    let mut stranger = directory.browser();
    let refused = submit(&mut stranger, &page, &fields).await;
    assert_eq!(refused.status, 403);
    assert!(stranger.cookies.is_empty());
    stranger.get(&authorize("common", &[])).await;
    let refused = submit(&mut stranger, &page, &fields).await;
    assert_eq!(refused.status, 403, "another browser's token does not fit");
    let sent = submit(&mut mine, &page, &fields).await;
    assert_eq!(sent.status, 303);
    assert!(mine.cookies.contains_key("__Host-casbah-session"));
}

#[tokio::test]
async fn answers_travel_as_the_client_asks() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let address = authorize("common", &[("response_mode", "form_post")]);
    let page = first_sign_in(&directory, &mut browser, &address).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.attribute("method=\"post\" action=\""),
        "http://localhost:40123/"
    );
    assert_eq!(page.attribute("name=\"state\" value=\""), "s&1");
    assert!(!page.attribute("name=\"code\" value=\"").is_empty());
    let policy = page.header("content-security-policy");
    assert!(
        policy.ends_with("script-src 'self'; form-action http://localhost:40123"),
        "{policy}"
    );
    let fragment = browser
        .get(&authorize("common", &[("response_mode", "fragment")]))
        .await;
    assert!(
        fragment
            .header("location")
            .starts_with("http://localhost:40123/#code=")
    );
}

#[tokio::test]
async fn guessing_costs_time_and_tells_nothing() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let page = browser.get(&authorize("common", &[])).await;
    let known = submit(
        &mut browser,
        &page,
        &[("username", &directory.admin.upn), ("password", "x")],
    )
    .await;
    let unknown = submit(
        &mut browser,
        &page,
        &[("username", "nobody@fabrikam.example"), ("password", "x")],
    )
    .await;
    assert_eq!((known.status, unknown.status), (401, 401));
    assert_eq!(
        known.text.replace(&directory.admin.upn, ""),
        unknown.text.replace("nobody@fabrikam.example", "")
    );
    // How long one has to wait grows with each guess: a slow machine needs more of them.
    let guess = [
        ("username", directory.admin.upn.as_str()),
        ("password", "x"),
    ];
    let mut guesses = 0;
    while submit(&mut browser, &page, &guess).await.status != 429 {
        guesses += 1;
        assert!(guesses < 20, "nobody has to wait");
    }
    let fields = [
        ("username", directory.admin.upn.as_str()),
        ("password", directory.one_time.expose_secret()),
    ];
    let waiting = submit(&mut browser, &page, &fields).await;
    assert_eq!(waiting.status, 429);
    assert!(!waiting.header("retry-after").is_empty());
}

#[tokio::test]
async fn who_attempts_many_at_once_gets_no_more_than_one_after_the_other() {
    let directory = Directory::new().await;
    for name in [directory.admin.upn.as_str(), "nobody@fabrikam.example"] {
        let mut browser = directory.browser();
        let page = browser.get(&authorize("common", &[])).await;
        let mut attempts = tokio::task::JoinSet::new();
        for _ in 0..9 {
            let mut guesser = directory.browser();
            let (action, csrf) = (
                page.attribute("action=\""),
                page.attribute("name=\"csrf\" value=\""),
            );
            guesser.cookies.clone_from(&browser.cookies);
            let name = name.to_owned();
            attempts.spawn(async move {
                let fields = [("csrf", &*csrf), ("username", &*name), ("password", "x")];
                guesser.post(&action, &fields).await.status
            });
        }
        let statuses = attempts.join_all().await;
        let tried = statuses.iter().filter(|status| **status == 401).count();
        // A second may pass between two attempts, after which one more is free.
        assert!((5..=7).contains(&tried), "{name}: {statuses:?}");
        assert!(statuses.contains(&429), "{name}: {statuses:?}");
    }
}
