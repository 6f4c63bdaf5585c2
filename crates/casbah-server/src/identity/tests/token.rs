use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_identity::secret::SecretOptions;
use casbah_model::identity::{CLOUD_APP_SECURITY, ServicePrincipal, SignInAudience};
use casbah_model::time::Timestamp;
use casbah_token::{CallerKind, verify};
use insta::{assert_json_snapshot, assert_snapshot};
use uuid::Uuid;

use super::browser::Page;
use super::{Directory, Registered};
use crate::testing::audit_record;

const RESOURCE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

async fn ask(directory: &Directory, path: &str, fields: &[(&str, &str)]) -> Page {
    directory.browser().post(path, fields).await
}

fn fields<'a>(client: &'a str, secret: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", secret),
        ("scope", "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default"),
    ]
}

#[tokio::test]
async fn both_endpoints_give_a_token_that_says_what_was_granted() {
    let directory = Directory::new().await;
    let Registered {
        application,
        principal,
        secret,
    } = directory.register(|_| {}).await;
    let client = application.app_id.to_string();
    let v2 = format!("/{}/oauth2/v2.0/token", directory.tenant);
    let id = Uuid::new_v4().to_string();
    let path = format!("{v2}?client-request-id={id}&unknown=1");
    let newer = ask(&directory, &path, &fields(&client, &secret)).await;
    assert_eq!(newer.status, 200, "{}", newer.text);
    let older = ask(
        &directory,
        "/fabrikam.example/oauth2/token",
        &[
            ("grant_type", "client_credentials"),
            ("client_id", &client),
            ("client_secret", &secret),
            ("resource", RESOURCE),
            ("client_info", "1"),
        ],
    )
    .await;
    assert_json_snapshot!("answer_v2", newer.json(), { ".access_token" => "[token]" });
    assert_json_snapshot!("answer_v1", older.json(), {
        ".access_token" => "[token]", ".expires_on" => "[text]", ".not_before" => "[text]",
    });
    assert!(older.json()["expires_on"].is_string());
    assert_eq!(newer.header("client-request-id"), id);
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "no-store, no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(newer.header(name), value);
    }
    // Never on localhost, where clients listen without TLS.
    assert_eq!(newer.header("strict-transport-security"), "");
    assert!(Uuid::try_parse(newer.header("x-ms-request-id")).is_ok());

    let app = &directory.server.app;
    let policy = app.authority.token_policy(vec![RESOURCE.into()]).unwrap();
    let now = Timestamp::now().seconds();
    for answer in [newer.json(), older.json()] {
        let token = answer["access_token"].as_str().unwrap();
        let claims = verify(token, &app.keys.ring(), &policy, now).unwrap();
        assert_eq!(claims.caller(), CallerKind::App);
        assert_eq!(claims.roles, ["investigation.read"]);
        assert_eq!(claims.tenant, directory.tenant.to_string());
        assert_eq!(claims.object_id, Some(principal.id.to_string()));
    }
}

#[tokio::test]
async fn http_basic_is_a_credential_too() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let basic = STANDARD.encode(format!("{}:{}", one.application.app_id, one.secret));
    let page = directory
        .browser()
        .send(
            Method::POST,
            &format!("/{}/oauth2/v2.0/token", directory.tenant),
            &[
                ("authorization", &format!("Basic {basic}")),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            format!("grant_type=client_credentials&scope={RESOURCE}%2F.default"),
        )
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn each_refusal_has_its_number() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let ended = directory
        .secret(
            &one.application,
            SecretOptions {
                start: Some(Timestamp::from_seconds(1_500_000_000)),
                end: Some(Timestamp::from_seconds(1_600_000_000)),
                ..SecretOptions::default()
            },
        )
        .await;
    let client = one.application.app_id.to_string();
    let stranger = Uuid::new_v4().to_string();
    let here = format!("/{}/oauth2/v2.0/token", directory.tenant);
    let scope = format!("{RESOURCE}/.default");
    let mut table = Vec::new();
    let form = |client: &str, secret: &str, scope: &str| {
        format!(
            "grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={scope}"
        )
    };
    for (what, path, body) in [
        ("nothing sent", here.as_str(), String::new()),
        (
            "grant type unknown",
            &here,
            "grant_type=magic&client_id=x".into(),
        ),
        ("grant type empty", &here, "grant_type=&client_id=x".into()),
        ("no client", &here, "grant_type=client_credentials".into()),
        (
            "two of one",
            &here,
            "grant_type=client_credentials&grant_type=client_credentials".into(),
        ),
        (
            "no credential",
            &here,
            format!("grant_type=client_credentials&client_id={client}&scope={scope}"),
        ),
        (
            "no scope",
            &here,
            format!("grant_type=client_credentials&client_id={client}&client_secret=x"),
        ),
        (
            "scope without default",
            &here,
            form(&client, &one.secret, RESOURCE),
        ),
        (
            "scope malformed",
            &here,
            form(&client, &one.secret, "%22/.default"),
        ),
        (
            "two resources",
            &here,
            form(&client, &one.secret, "a/.default%20b/.default"),
        ),
        (
            "unknown resource",
            &here,
            form(&client, &one.secret, "api://nothing/.default"),
        ),
        ("unknown client", &here, form(&stranger, "x", &scope)),
        ("client is no id", &here, form("siem", "x", &scope)),
        ("wrong secret", &here, form(&client, "wrong", &scope)),
        ("ended secret", &here, form(&client, &ended, &scope)),
        (
            "assertion",
            &here,
            format!(
                "grant_type=client_credentials&client_id={client}&scope={scope}&client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            ),
        ),
        (
            "common",
            "/common/oauth2/v2.0/token",
            form(&client, &one.secret, &scope),
        ),
        (
            "organizations",
            "/organizations/oauth2/v2.0/token",
            form(&client, &one.secret, &scope),
        ),
        (
            "tenant unknown",
            "/nobody.example/oauth2/v2.0/token",
            form(&client, &one.secret, &scope),
        ),
        (
            "tenant malformed",
            "/a_b/oauth2/v2.0/token",
            form(&client, &one.secret, &scope),
        ),
        (
            "another tenant",
            "/contoso.example/oauth2/v2.0/token",
            form(&client, &one.secret, &scope),
        ),
        (
            "device code",
            &here,
            format!("grant_type=device_code&client_id={client}&code=x"),
        ),
        (
            "unknown code",
            &here,
            format!(
                "grant_type=authorization_code&client_id={client}&code=x&redirect_uri=http://localhost"
            ),
        ),
        (
            "unknown refresh token",
            &here,
            format!(
                "grant_type=refresh_token&client_id={client}&client_secret={}&refresh_token=x",
                one.secret
            ),
        ),
    ] {
        let page = directory
            .browser()
            .send(Method::POST, path, &[], body)
            .await;
        let (status, error, code) = page.code();
        assert!(!page.text.contains('\\'), "{}", page.text);
        let code = code.map_or_else(|| "-".to_owned(), |code| code.to_string());
        table.push(format!("{what:24} {status} {error:24} {code}"));
    }
    let store = &directory.server.app.store;
    let principal = one.principal.clone();
    let switched_off = ServicePrincipal {
        enabled: false,
        ..principal.clone()
    };
    let changed: Result<_, ()> = store
        .change_service_principal(directory.tenant, principal.id, audit_record(), move |_| {
            Ok(switched_off.clone())
        })
        .await
        .unwrap();
    changed.unwrap();
    let page = ask(&directory, &here, &fields(&client, &one.secret)).await;
    table.push(format!("{:24} {:?}", "switched off", page.code()));
    store
        .delete_service_principal(directory.tenant, principal.id, audit_record())
        .await
        .unwrap();
    let page = ask(&directory, &here, &fields(&client, &one.secret)).await;
    table.push(format!("{:24} {:?}", "no service principal", page.code()));
    assert_snapshot!("refusals", table.join("\n"));
}

#[tokio::test]
async fn an_application_is_in_another_tenant_only_where_it_is_present() {
    let directory = Directory::new().await;
    let other = directory.server.tenant;
    let path = format!("/{other}/oauth2/v2.0/token");
    let single = directory.register(|_| {}).await;
    directory.present(other, &single.application).await;
    let client = single.application.app_id.to_string();
    let page = ask(&directory, &path, &fields(&client, &single.secret)).await;
    assert_eq!(page.code().2, Some(700_016), "it is for one tenant only");

    let multi = directory
        .register(|application| {
            application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
        })
        .await;
    let client = multi.application.app_id.to_string();
    let page = ask(&directory, &path, &fields(&client, &multi.secret)).await;
    assert_eq!(page.code().2, Some(700_016), "nobody consented there");
    let there = directory.present(other, &multi.application).await;
    let page = ask(&directory, &path, &fields(&client, &multi.secret)).await;
    let app = &directory.server.app;
    let policy = app.authority.token_policy(vec![RESOURCE.into()]).unwrap();
    let answer = page.json();
    let token = answer["access_token"].as_str().unwrap();
    let claims = verify(token, &app.keys.ring(), &policy, Timestamp::now().seconds()).unwrap();
    assert_eq!(claims.tenant, other.to_string());
    assert_eq!(claims.object_id, Some(there.id.to_string()));
    assert!(
        claims.roles.is_empty(),
        "what was granted at home is not granted here"
    );
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_the_owner_never_is() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let client = one.application.app_id.to_string();
    let path = format!("/{}/oauth2/v2.0/token", directory.tenant);
    let mut browser = directory.browser();
    let mut last = browser.post(&path, &fields(&client, "wrong")).await;
    assert_eq!(last.code(), (401, "invalid_client".into(), Some(7_000_215)));
    for _ in 0..20 {
        last = browser.post(&path, &fields(&client, "wrong")).await;
    }
    assert_eq!(last.status, 429);
    assert_eq!(last.json()["error"], "temporarily_unavailable");
    assert!(last.header("retry-after").parse::<u32>().unwrap() > 0);
    let owner = browser.post(&path, &fields(&client, &one.secret)).await;
    assert_eq!(owner.status, 200);
}

#[tokio::test]
async fn a_resource_is_known_by_each_of_its_names() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let api = directory
        .register(|application| application.identifier_uris = vec!["api://own".into()])
        .await;
    let client = one.application.app_id.to_string();
    let path = format!("/{}/oauth2/v2.0/token", directory.tenant);
    for (name, audience) in [
        ("https://portal.cloudappsecurity.com", None),
        ("https://localhost:8443/", None),
        ("https://localhost:8443/arm", None),
        ("api://own", None),
        ("api://own/", None),
        (api.application.app_id.to_string().as_str(), None),
        (
            CLOUD_APP_SECURITY.app_id.to_string().as_str(),
            Some(RESOURCE),
        ),
    ] {
        let scope = format!("{name}/.default");
        let page = ask(
            &directory,
            &path,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &client),
                ("client_secret", &one.secret),
                ("scope", &scope),
            ],
        )
        .await;
        assert_eq!(page.status, 200, "{name}: {}", page.text);
        let answer = page.json();
        let token = answer["access_token"].as_str().unwrap();
        let claims = casbah_token::decode_unverified(token).unwrap().claims;
        assert_eq!(
            claims["aud"],
            audience.unwrap_or(name),
            "as it was requested"
        );
    }
}
