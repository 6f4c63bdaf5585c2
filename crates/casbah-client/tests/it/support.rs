//! A tiny server that plays the other side, on loopback without TLS.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use casbah_client::{ApiBase, Authority, Client, Credential, TokenSource, Transport};

/// Serves `router` until the test ends.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// A transport that does not wait long.
pub(crate) fn transport() -> Transport {
    Transport::builder()
        .retry(3, Duration::from_secs(2))
        .build()
        .unwrap()
}

/// Tokens of the server's application.
pub(crate) fn source(url: &str, secret: &str) -> TokenSource {
    TokenSource::new(
        transport(),
        Authority::custom(url).unwrap(),
        "contoso.example",
        Credential::client_secret("app", secret),
    )
}

/// A client with a token that needs no asking.
pub(crate) fn client(url: &str) -> Client {
    let tokens = TokenSource::new(
        transport(),
        Authority::custom(url).unwrap(),
        "contoso.example",
        Credential::bearer("given"),
    );
    Client::new(ApiBase::parse(url).unwrap(), tokens)
}
