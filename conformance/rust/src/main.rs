//! The `azure_identity` crate against a running server, which `rust_client.py` starts: the
//! right answer, and what it makes of the commonest mistakes.

use std::env::var;
use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::ClientSecretCredential;

const UNKNOWN: &str = "00000000-1111-2222-3333-444444444444";

fn credential(client: &str, secret: &str) -> azure_core::Result<Arc<ClientSecretCredential>> {
    let tenant = var("CASBAH_TENANT_ID").expect("set by rust_client.py");
    // The authority is AZURE_AUTHORITY_HOST.
    let secret = Secret::new(secret.to_owned());
    ClientSecretCredential::new(&tenant, client.to_owned(), secret, None)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (client, secret) = (var("CASBAH_CLIENT_ID")?, var("CASBAH_CLIENT_SECRET")?);
    let resource = var("CASBAH_RESOURCE")?;
    let scope = format!("{resource}/.default");

    let token = credential(&client, &secret)?.get_token(&[&scope], None).await?;
    assert_eq!(token.token.secret().split('.').count(), 3);
    println!("ok   azure_identity gets a token");

    for (what, client, secret, scope, code) in [
        ("a wrong secret", client.as_str(), "wrong", scope.clone(), "AADSTS7000215"),
        ("an unknown application", UNKNOWN, &secret, scope.clone(), "AADSTS700016"),
        ("a scope without .default", &client, &secret, format!("{resource}/x"), "AADSTS1002012"),
    ] {
        let refused = credential(client, secret)?.get_token(&[&scope], None).await;
        let error = refused.expect_err(what);
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        assert!(text.contains(code), "{what}: {text}");
        println!("ok   azure_identity maps {what} to its usual error");
    }
    println!("4 passed, 0 failed");
    Ok(())
}
