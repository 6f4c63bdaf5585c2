use casbah_token::{JwkSet, KeyRing};
use serde_json::json;

use super::Directory;

#[tokio::test]
async fn metadata_is_found_by_id_domain_and_alias() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let by_domain = browser
        .get("/fabrikam.example/v2.0/.well-known/openid-configuration")
        .await;
    let issuer = format!("https://localhost:8443/{}/v2.0", directory.tenant);
    assert_eq!(by_domain.json()["issuer"], issuer);
    assert_eq!(by_domain.header("cache-control"), "max-age=86400, private");
    assert_eq!(by_domain.header("access-control-allow-origin"), "*");
    let common = browser
        .get("/common/v2.0/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(common["issuer"], "https://localhost:8443/{tenantid}/v2.0");
    let older = browser
        .get(&format!(
            "/{}/.well-known/openid-configuration",
            directory.tenant
        ))
        .await;
    assert_eq!(
        older.json()["token_endpoint"],
        format!("https://localhost:8443/{}/oauth2/token", directory.tenant)
    );
    for (segment, code) in [("nobody.example", 90002), ("a_b", 900_023)] {
        let page = browser
            .get(&format!("/{segment}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(page.code(), (400, "invalid_tenant".into(), Some(code)));
    }
}

#[tokio::test]
async fn the_key_set_verifies_what_is_signed() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let now = casbah_model::time::Timestamp::now();
    let signer = directory.server.app.keys.signer(now).unwrap();
    for path in [
        format!("/{}/discovery/v2.0/keys", directory.tenant),
        format!("/{}/discovery/keys", directory.tenant),
        "/common/discovery/v2.0/keys".to_owned(),
        "/common/discovery/keys".to_owned(),
    ] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        let key = &page.json()["keys"][0];
        assert_eq!(key["kid"], key["x5t"]);
        assert_eq!(key["issuer"], "https://localhost:8443/{tenantid}/v2.0");
        let ring = KeyRing::from_set(&JwkSet::parse(page.text.as_bytes()).unwrap());
        assert!(ring.contains(signer.kid()));
        assert_eq!(key["x5c"].as_array().unwrap().len(), 1);
        assert_eq!(page.header("cache-control"), "max-age=86400, private");
        let tag = page.header("etag").to_owned();
        for (known, status) in [
            (tag.as_str(), 304),
            (&format!("\"x\", W/{tag}"), 304),
            ("*", 304),
            ("\"x\"", 200),
        ] {
            let again = browser.get_unless(&path, known).await;
            assert_eq!(again.status, status, "{known}");
            assert_eq!(again.text.is_empty(), status == 304);
            assert_eq!(again.header("etag"), tag);
        }
    }
}

#[tokio::test]
async fn instance_discovery_knows_this_server_alone() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let page = browser
        .get(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint=\
             https%3A%2F%2Flocalhost%3A8443%2Fcommon%2Foauth2%2Fv2.0%2Fauthorize",
        )
        .await;
    assert_eq!(
        page.json()["metadata"][0]["aliases"],
        json!(["localhost:8443"])
    );
    let page = browser
        .get(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint=\
             https%3A%2F%2Fevil.example%2Fcommon%2Foauth2%2Fauthorize",
        )
        .await;
    assert_eq!(page.code(), (400, "invalid_instance".into(), Some(50049)));
    let realm = browser
        .get("/common/userrealm/admin@fabrikam.example?api-version=1.0")
        .await;
    assert_eq!(
        realm.json(),
        json!({"ver": "1.0", "account_type": "Managed"})
    );
}
