use casbah_client::{ApiBase, Authority, Client, Credential, ListQuery, TokenSource, Transport};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential =
        Credential::client_secret("{{ client }}", std::env::var("CASBAH_CLIENT_SECRET")?);
    // The tenant's authority is {{ origin }}/{{ tenant }}
    let tokens = TokenSource::new(
        Transport::builder().build()?,
        Authority::custom("{{ origin }}")?,
        "{{ tenant }}",
        credential,
    );
    // It asks for tokens by itself: the scope is {{ scope }}
    let client = Client::new(ApiBase::parse("{{ origin }}")?, tokens);

    // GET {{ origin }}/api/v1/alerts/
    let mut pages = client.alerts::<Value>(ListQuery::new());
    while let Some(page) = pages.next_page().await? {
        for alert in page.data {
            println!("{alert}");
        }
    }
    Ok(())
}
