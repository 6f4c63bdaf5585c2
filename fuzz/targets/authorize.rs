//! Any query at the endpoints that begin a sign-in: whatever is refused, nothing is sent to
//! an address that is not the client's.

#![no_main]

use casbah_identity::request::{Endpoint, Params};
use casbah_identity::signin::{
    AdminConsentRequest, AuthorizeRefusal, AuthorizeRequest, AuthorizeResponse, Redirect,
    SignInClient,
};
use casbah_model::identity::Application;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|query: &[u8]| {
    let Ok(params) = Params::parse(query) else {
        return;
    };
    drop(AuthorizeRequest::client_of(&params));
    let mut application = Application::new(TenantId::random(), "Fuzzed", Timestamp(0));
    application.web_redirect_uris = vec!["https://a.example/cb".to_owned()];
    application.public_client_redirect_uris = vec!["http://localhost/cb".to_owned()];
    let client = SignInClient::from_application(&application);
    for endpoint in [Endpoint::V1, Endpoint::V2] {
        match AuthorizeRequest::parse(endpoint, &params, &client) {
            Ok(request) => {
                if let Some(redirect) = &request.redirect {
                    assert_own(redirect);
                }
            }
            Err(AuthorizeRefusal::Page(_)) => {}
            Err(AuthorizeRefusal::Client { redirect, mode, state, .. }) => {
                assert_own(&redirect);
                let state = state.as_deref();
                let answer =
                    AuthorizeResponse::with_error(&redirect.uri, mode, "x", "y", state);
                let address = match &answer {
                    AuthorizeResponse::Redirect(address) => address,
                    AuthorizeResponse::FormPost { action, .. } => action,
                };
                assert!(address.starts_with(&redirect.uri));
                assert!(!address.contains(char::is_control));
            }
        }
        if let Ok(request) = AdminConsentRequest::parse(endpoint, &params, &client) {
            if let Some(redirect) = &request.redirect {
                assert_own(redirect);
            }
            drop(request.refused("no".to_owned()));
            drop(request.granted(application.tenant));
        }
    }
});

fn assert_own(redirect: &Redirect) {
    let url = Url::parse(&redirect.uri).expect("an address");
    let is_own = redirect.uri == "https://a.example/cb"
        || (url.scheme() == "http"
            && url.host_str() == Some("localhost")
            && url.path() == "/cb"
            && url.username().is_empty()
            && url.query().is_none());
    assert!(is_own, "{}", redirect.uri);
}
