//! What is taken back counts at once, whatever tokens say.

use casbah_model::identity::{Application, SignInAudience};
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;

use super::{TestClient, TestServer};
use crate::first_start;

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_believed_where_it_is_offered() {
    let server = TestServer::start().await;
    let other = first_start::create_tenant(&server.app.store, "Other", "other.example", false);
    let other = other.await.unwrap().tenant.id;
    let permissions = [Permission::InvestigationRead];
    let here = server.client(server.tenant, &permissions).await;
    let abroad = server
        .present(here.application.clone(), other, &permissions)
        .await;
    let status = async |client: &TestClient| {
        let token = server.token(client, |_| {});
        let answer = server.call("GET", "/api/v1/alerts/", Some(&token), "");
        answer.await.status
    };
    let multiple = SignInAudience::AzureADMultipleOrgs;
    let deleted = Some(Timestamp::now());
    for (audience, deleted, expected) in [
        (SignInAudience::AzureADMyOrg, None, (200, 401)),
        (multiple, None, (200, 200)),
        (multiple, deleted, (401, 401)),
        (SignInAudience::AzureADMyOrg, None, (200, 401)),
    ] {
        let application = Application {
            sign_in_audience: audience,
            deleted,
            ..here.application.clone()
        };
        server.save(&application).await;
        assert_eq!((status(&here).await, status(&abroad).await), expected);
    }
}
