use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use casbah_client::{
    Authority, Credential, Endpoint, Error, Login, LoginError, Session, SessionFile, TokenSource,
    TokenValidator, ValidateError,
};
use casbah_token::{
    AccessToken, Client as TokenClient, ClientAuth, Life, SigningKey, Subject, TokenVersion,
    VerifyError, token_id,
};
use serde_json::{Value, json};

use crate::support::{serve, source, transport};

#[derive(Default)]
struct Seen {
    requests: AtomicU32,
    lifetime: AtomicU32,
}

async fn token(
    State(seen): State<Arc<Seen>>,
    Form(form): Form<std::collections::HashMap<String, String>>,
) -> Response {
    let count = seen.requests.fetch_add(1, Ordering::SeqCst) + 1;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let lifetime = seen.lifetime.load(Ordering::SeqCst);
    if form
        .get("client_secret")
        .is_some_and(|secret| secret == "wrong")
    {
        let body = json!({
            "error": "invalid_client",
            "error_description": "AADSTS7000215: Invalid client secret provided. \
                Trace ID: 1 Correlation ID: 2 Timestamp: 2026-01-02 03:04:05Z",
            "error_codes": [7_000_215], "trace_id": "1", "correlation_id": "2",
        });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let what = form.get("scope").or(form.get("resource")).unwrap();
    Json(json!({
        "token_type": "Bearer", "expires_in": lifetime.to_string(),
        "access_token": format!("{count}:{what}"),
        "refresh_token": format!("refresh-{count}"),
    }))
    .into_response()
}

async fn token_server(lifetime: u32) -> (String, Arc<Seen>) {
    let seen = Arc::new(Seen {
        lifetime: lifetime.into(),
        ..Seen::default()
    });
    let router = Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(token))
        .route("/{tenant}/oauth2/token", post(token))
        .with_state(Arc::clone(&seen));
    (serve(router).await, seen)
}

/// Fifty callers at once get this token.
async fn assert_many_get(source: &TokenSource, expected: &str) {
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move { source.token("res").await.unwrap().secret().to_owned() })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn many_callers_ask_once() {
    let (url, seen) = token_server(3599).await;
    let source = source(&url, "right");
    assert_many_get(&source, "1:res/.default").await;
    assert_eq!(seen.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn each_resource_and_endpoint_has_its_own_token() {
    let (url, _) = token_server(3599).await;
    let source = source(&url, "right");
    let v1 = source.token_from(Endpoint::V1, "res").await.unwrap();
    assert_eq!(v1.secret(), "1:res");
    assert_eq!(
        source.token("res").await.unwrap().secret(),
        "2:res/.default"
    );
    let graph = source.authority().graph_resource().to_owned();
    let token = source.token(&graph).await.unwrap();
    assert_eq!(token.secret(), format!("3:{url}//.default"));
    assert!(!format!("{v1:?}").contains("res"));
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed() {
    let (url, seen) = token_server(299).await;
    let source = source(&url, "right");
    for expected in ["1:res/.default", "2:res/.default"] {
        assert_eq!(source.token("res").await.unwrap().secret(), expected);
    }
    assert_eq!(seen.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn many_callers_renew_a_token_near_its_end_once() {
    let (url, seen) = token_server(299).await;
    let source = source(&url, "right");
    assert_eq!(
        source.token("res").await.unwrap().secret(),
        "1:res/.default"
    );
    seen.lifetime.store(3599, Ordering::SeqCst);
    assert_many_get(&source, "2:res/.default").await;
    // Nobody asks again until it is near its end, too.
    assert_eq!(
        source.token("res").await.unwrap().secret(),
        "2:res/.default"
    );
    assert_eq!(seen.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_ids() {
    let (url, _) = token_server(3599).await;
    let error = source(&url, "wrong").token("res").await.unwrap_err();
    assert!(error.is_unauthorised());
    let Error::OAuth(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.code, Some(7_000_215));
    assert_eq!(error.error, "invalid_client");
    assert_eq!(error.correlation_id.as_deref(), Some("2"));
    assert_eq!(
        error.to_string(),
        "AADSTS7000215: Invalid client secret provided."
    );
}

#[tokio::test]
async fn a_session_gets_tokens_of_many_resources_and_keeps_the_new_refresh_token() {
    use secrecy::ExposeSecret as _;
    let (url, _) = token_server(3599).await;
    let directory = tempfile::tempdir().unwrap();
    let file = SessionFile::new(directory.path().join("sessions.json"));
    let authority = Authority::custom(&url).unwrap();
    let source = TokenSource::new(
        transport(),
        authority,
        "tid",
        Credential::session(file.clone(), "cli"),
    );
    assert!(matches!(source.token("res").await, Err(Error::NotSignedIn)));
    file.put(&Session {
        authority: url.clone(),
        tenant: "tid".to_owned(),
        client_id: "cli".to_owned(),
        username: "admin@contoso.example".to_owned(),
        refresh_token: "first".to_owned().into(),
    })
    .unwrap();
    for resource in ["one", "two"] {
        assert!(
            source
                .token(resource)
                .await
                .unwrap()
                .secret()
                .contains(resource)
        );
    }
    let session = file.find(&url, None).unwrap().unwrap();
    assert_eq!(session.refresh_token.expose_secret(), "refresh-2");
}

/// A browser that signs in at once, or refuses.
async fn browse(address: &str, answer: &str) {
    let address = url::Url::parse(address).unwrap();
    let value = |name: &str| {
        let found = address.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap()
    };
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(value("response_mode"), "query");
    let redirect = value("redirect_uri").replace("localhost", "127.0.0.1");
    let state = value("state");
    let answer = answer.replace("STATE", &state);
    let response = reqwest::get(format!("{redirect}/favicon.ico"))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    reqwest::get(format!("{redirect}/?{answer}")).await.unwrap();
}

async fn sign_in(answer: &'static str) -> Result<Session, LoginError> {
    let router = Router::new().route(
        "/{tenant}/oauth2/v2.0/token",
        post(
            |Form(form): Form<std::collections::HashMap<String, String>>| async move {
                assert_eq!(form["code"], "c0de");
                assert_eq!(form["code_verifier"].len(), 43);
                Json(json!({
                    "token_type": "Bearer", "expires_in": 3599, "access_token": "a",
                    "refresh_token": "r",
                    // {"tid":"t-id","preferred_username":"admin@contoso.example"}
                    "id_token": "eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ0LWlkIiwicHJlZmVycmVkX3VzZXJuYW1l\
                        IjoiYWRtaW5AY29udG9zby5leGFtcGxlIn0.",
                }))
            },
        ),
    );
    let url = serve(router).await;
    let pending = Login {
        transport: transport(),
        authority: Authority::custom(&url).unwrap(),
        tenant: "organizations".to_owned(),
        client_id: "cli".to_owned(),
        scopes: Vec::new(),
    }
    .start()
    .await
    .unwrap();
    let address = pending.url().to_owned();
    let browser = tokio::spawn(async move { browse(&address, answer).await });
    let outcome = pending.finish(Duration::from_secs(10)).await;
    browser.await.unwrap();
    outcome
}

#[tokio::test]
async fn the_browser_brings_the_code() {
    let session = sign_in("code=c0de&state=STATE").await.unwrap();
    assert_eq!(session.tenant, "t-id");
    assert_eq!(session.username, "admin@contoso.example");
}

#[tokio::test]
async fn a_foreign_or_refused_answer_signs_nobody_in() {
    let foreign = sign_in("code=c0de&state=other").await;
    assert!(matches!(foreign, Err(LoginError::State)), "{foreign:?}");
    let refused = sign_in("error=access_denied&error_description=No+entry&state=STATE").await;
    let error = refused.unwrap_err().to_string();
    assert_eq!(error, "sign-in was refused: No entry (access_denied)");
}

#[tokio::test]
async fn tokens_are_checked_with_published_keys_read_again_after_rotation() {
    let old = SigningKey::generate(0).unwrap();
    let new = SigningKey::generate(0).unwrap();
    let sets = [
        json!({"keys": [old.jwk()]}),
        json!({"keys": [old.jwk(), new.jwk()]}),
    ];
    let reads = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&reads);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (v1, v2) = (url.clone(), url.clone());
    let metadata =
        |issuer: String, url: String| json!({"issuer": issuer, "jwks_uri": format!("{url}/keys")});
    let router = Router::new()
        .route(
            "/{tenant}/.well-known/openid-configuration",
            get(move |Path(tid): Path<String>| async move {
                Json(metadata(format!("{v1}/{tid}/"), v1.clone()))
            }),
        )
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(move |Path(tid): Path<String>| async move {
                Json(metadata(format!("{v2}/{tid}/v2.0"), v2.clone()))
            }),
        )
        .route(
            "/keys",
            get(move || async move {
                let read = counted.fetch_add(1, Ordering::SeqCst);
                Json::<Value>(sets[usize::from(read > 0)].clone())
            }),
        );
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let authority = Authority::custom(&url).unwrap();
    let validator = TokenValidator::fetch(transport(), &authority, "tid")
        .await
        .unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    let token = |key: &SigningKey, tenant: &str| {
        let now = i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        )
        .unwrap();
        key.sign_access(&AccessToken {
            version: TokenVersion::V1,
            audience: "res".into(),
            issuer: format!("{url}/{tenant}/"),
            tenant: tenant.into(),
            client: TokenClient {
                id: "app".into(),
                auth: ClientAuth::Secret,
            },
            subject: Subject::App {
                object_id: "oid".into(),
            },
            roles: vec!["investigation.read".into()],
            life: Life::starting(now, 3599),
            token_id: token_id().unwrap(),
        })
        .unwrap()
    };
    let audience = || vec!["res".to_owned()];
    let claims = validator
        .validate(&token(&new, "tid"), audience())
        .await
        .unwrap();
    assert_eq!(claims.roles, ["investigation.read"]);
    assert_eq!(reads.load(Ordering::SeqCst), 2);
    let foreign = validator.validate(&token(&old, "other"), audience()).await;
    assert!(matches!(
        foreign,
        Err(ValidateError::Token(VerifyError::Issuer))
    ));
    let stranger = SigningKey::generate(0).unwrap();
    let forged = validator
        .validate(&token(&stranger, "tid"), audience())
        .await;
    assert!(matches!(
        forged,
        Err(ValidateError::Token(VerifyError::UnknownKey { .. }))
    ));
}

/// Answers with the assertion as the token, so that a test sees what was sent.
async fn echo_assertion(Form(form): Form<std::collections::HashMap<String, String>>) -> Response {
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert!(!form.contains_key("client_secret"));
    let assertion = &form["client_assertion"];
    Json(json!({"expires_in": 0, "access_token": assertion})).into_response()
}

#[tokio::test]
async fn a_federated_token_is_read_anew_each_time() {
    let router = Router::new().route("/{tenant}/oauth2/v2.0/token", post(echo_assertion));
    let authority = Authority::custom(&serve(router).await).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let credential = Credential::federated_token_file("app", &file);
    let source = TokenSource::new(transport(), authority, "contoso.example", credential);
    let missing = source.token("r").await.unwrap_err();
    assert!(matches!(missing, Error::File { .. }), "{missing}");
    for text in ["first", "second"] {
        std::fs::write(&file, format!("{text}\n")).unwrap();
        assert_eq!(source.token("r").await.unwrap().secret(), text);
    }
}
