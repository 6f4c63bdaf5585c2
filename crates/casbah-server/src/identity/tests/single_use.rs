//! Assertions of applications that take each only once.

use serde_json::{Value, json};

use super::federated::{ask, code, reaching, trusting};
use super::graph::admin;
use super::issuer::TestIssuer;

#[tokio::test]
async fn an_assertion_counts_once_where_the_application_says_so() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let one = trusting(&directory, &issuer.url("localhost")).await;
    let admin = admin(&directory).await;
    let object = format!("/v1.0/applications/{}", one.application.id);
    let set = async |value: Value| {
        let body = json!({ "isSingleUseAssertionRequired": value });
        admin.call("PATCH", &object, body).await.status
    };
    let first = issuer.token(&json!({"jti": "first"}));
    for _ in 0..2 {
        assert_eq!(code(&directory, &one, &first).await, None);
    }
    assert_eq!(set(json!("yes")).await, 400);
    assert_eq!(set(json!(true)).await, 204);
    assert_eq!(
        admin.get(&object).await["isSingleUseAssertionRequired"],
        true
    );

    let second = issuer.token(&json!({"jti": "second"}));
    // What is refused for another reason has not used it up.
    let wrong = issuer
        .key
        .sign(&super::issuer::header("two"), &issuer.claims());
    assert_eq!(code(&directory, &one, &wrong).await, Some(700_027));
    let tries = (0..8).map(|_| ask(&directory, &one, "oauth2/v2.0/token", &second));
    let pages = futures_util::future::join_all(tries).await;
    let answered: Vec<_> = pages.iter().filter(|page| page.status == 200).collect();
    assert_eq!(answered.len(), 1, "of many at once");
    let older = ask(&directory, &one, "oauth2/token", &second).await;
    assert_eq!(older.code().2, Some(700_024), "by the other endpoint");
    // The same again by its name, whatever else it says.
    let again = issuer.token(&json!({"jti": "second", "more": 1}));
    assert_eq!(code(&directory, &one, &again).await, Some(700_024));
    for nameless in [json!({"jti": null, "n": 1}), json!({"jti": null, "n": 2})] {
        let assertion = issuer.token(&nameless);
        assert_eq!(code(&directory, &one, &assertion).await, None, "{nameless}");
        let again = code(&directory, &one, &assertion).await;
        assert_eq!(again, Some(700_024), "{nameless}");
    }
    assert_eq!(set(Value::Null).await, 204);
    assert_eq!(code(&directory, &one, &second).await, None);
}
