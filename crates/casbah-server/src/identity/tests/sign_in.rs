use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::random::digest_of;
use casbah_model::identity::{
    Application, CASBAH_CLI, ConsentGrant, ConsentType, MICROSOFT_GRAPH, SignInAudience,
};
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;

use super::Directory;
use super::browser::{Browser, Page};
use crate::testing::{audit_record, save};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const NEW: &str = "correct horse battery";
const SCOPE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default openid profile offline_access";

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
    store.update_user(user).await.unwrap();
    let refused = refresh(&mut browser, json["refresh_token"].as_str().unwrap(), SCOPE).await;
    assert_eq!(refused.code().2, Some(50_057));
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_leaves_one_successor() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let sent = first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let token = |page: &Page| page.json()["refresh_token"].as_str().unwrap().to_owned();
    let first = token(&answer);
    let lost = token(&refresh(&mut browser, &first, SCOPE).await);
    let kept = token(&refresh(&mut browser, &first, SCOPE).await);
    let next = token(&refresh(&mut browser, &kept, SCOPE).await);
    for (comes, what) in [
        (&first, "its successor was used"),
        (&next, "the family has ended"),
        (&lost, "another took its place"),
    ] {
        let dead = refresh(&mut browser, comes, SCOPE).await;
        assert_eq!(dead.code().2, Some(50_173), "{what}: {}", dead.text);
    }
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
    for _ in 0..5 {
        submit(
            &mut browser,
            &page,
            &[("username", &directory.admin.upn), ("password", "x")],
        )
        .await;
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

#[tokio::test]
async fn consent_that_nobody_gave_is_missing() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let one = directory
        .register(|application| {
            application.public_client_redirect_uris = vec!["http://localhost".into()];
        })
        .await;
    let client = one.application.app_id.to_string();
    let scope = "05a65629-4c1b-48c1-a78b-804c4abdd4af/investigation.read";
    let tenant = directory.tenant.to_string();
    let address = authorize(&tenant, &[("client_id", &client), ("scope", scope)]);
    let sent = first_sign_in(&directory, &mut browser, &address).await;
    assert_eq!(
        sent.sent("error").as_deref(),
        Some("consent_required"),
        "{}",
        sent.text
    );
    let on_common = browser
        .get(&authorize("common", &[("client_id", &client)]))
        .await;
    assert!(on_common.text.contains("AADSTS50194"), "{}", on_common.text);
    let elsewhere = browser
        .get(&authorize("contoso.example", &[("client_id", &client)]))
        .await;
    assert!(elsewhere.text.contains("AADSTS700016"));

    let multi = directory
        .register(|application| {
            application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
            application.web_redirect_uris = vec!["https://app.example/cb".into()];
        })
        .await;
    let client = multi.application.app_id.to_string();
    let change = [
        ("client_id", client.as_str()),
        ("redirect_uri", "https://app.example/cb"),
        ("scope", "openid"),
    ];
    let sent = browser.get(&authorize("common", &change)).await;
    let code = sent.sent("code").unwrap();
    let back = ("redirect_uri", "https://app.example/cb");
    let id = ("client_id", client.as_str());
    let page = redeem(&mut browser, &code, &[back, id]).await;
    assert_eq!(
        page.code().2,
        Some(7_000_218),
        "a web application proves itself"
    );
    let page = redeem(
        &mut browser,
        &code,
        &[back, id, ("client_secret", &multi.secret)],
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.json().get("refresh_token").is_none(),
        "nobody asked for one"
    );
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

/// The last part of a person's sign-in to an application of another tenant.
struct Foreign<'a> {
    directory: &'a Directory,
    browser: Browser,
    client: String,
}

impl Foreign<'_> {
    async fn sign_in(&mut self, scope: &str) -> Page {
        let change = [("client_id", self.client.as_str()), ("scope", scope)];
        let tenant = self.directory.tenant.to_string();
        self.browser.get(&authorize(&tenant, &change)).await
    }
}

#[tokio::test]
async fn an_application_of_another_tenant_learns_nothing_without_consent() {
    let directory = Directory::new().await;
    let store = &directory.server.app.store;
    let mut browser = directory.browser();
    first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let mut application = Application::new(directory.server.tenant, "Foreign", Timestamp::now());
    application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
    application.public_client_redirect_uris = vec!["http://localhost".into()];
    save(store, &application).await;
    let mut foreign = Foreign {
        directory: &directory,
        browser,
        client: application.app_id.to_string(),
    };
    let graph = "https://localhost:8443//User.Read";
    for scope in ["openid profile", graph] {
        let sent = foreign.sign_in(scope).await;
        assert_eq!(sent.sent("error").as_deref(), Some("unauthorized_client"));
        let text = sent.sent("error_description").unwrap();
        assert!(text.starts_with("AADSTS700016"), "{text}");
    }
    let principal = directory.present(directory.tenant, &application).await;
    for scope in ["openid profile", graph] {
        let sent = foreign.sign_in(scope).await;
        assert_eq!(sent.sent("error").as_deref(), Some("consent_required"));
    }
    let resource = store.service_principal_by_app_id(directory.tenant, MICROSOFT_GRAPH.app_id);
    let grant = ConsentGrant {
        id: ObjectId::random(),
        tenant: directory.tenant,
        client_id: principal.id,
        consent_type: ConsentType::Principal(directory.admin.id),
        resource_id: resource.await.unwrap().unwrap().id,
        scopes: vec!["User.Read".to_owned()],
        created: Timestamp::now(),
    };
    store
        .create_consent_grant(grant.clone(), audit_record())
        .await
        .unwrap();
    for (scope, me) in [("openid profile", 403), (graph, 200)] {
        let sent = foreign.sign_in(scope).await;
        let code = sent.sent("code").unwrap();
        let change = [("client_id", foreign.client.as_str())];
        let answer = redeem(&mut foreign.browser, &code, &change).await.json();
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        let browser = &mut foreign.browser;
        let page = browser.send(Method::GET, "/v1.0/me", &headers, String::new());
        let page = page.await;
        assert_eq!(page.status, me, "{scope}: {}", page.text);
    }
    store
        .delete_consent_grant(directory.tenant, grant.id, audit_record())
        .await
        .unwrap();
    let sent = foreign.sign_in("openid").await;
    assert_eq!(sent.sent("error").as_deref(), Some("consent_required"));
}
