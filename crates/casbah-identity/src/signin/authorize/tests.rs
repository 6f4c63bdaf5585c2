use casbah_model::identity::Application;
use casbah_model::ids::TenantId;
use proptest::prelude::*;

use super::*;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> SignInClient {
    let mut application = Application::new(TenantId::random(), "app", Timestamp(0));
    application.web_redirect_uris = vec!["https://app.example/cb".into()];
    application.public_client_redirect_uris = vec!["http://localhost".into()];
    SignInClient::from_application(&application)
}

fn parse_at(endpoint: Endpoint, form: &str) -> Result<AuthorizeRequest, AuthorizeRefusal> {
    AuthorizeRequest::parse(
        endpoint,
        &Params::parse(form.as_bytes()).unwrap(),
        &client(),
    )
}

fn parse(form: &str) -> Result<AuthorizeRequest, AuthorizeRefusal> {
    parse_at(Endpoint::V2, form)
}

#[test]
fn a_request_is_read_and_its_texts_kept_as_they_are() {
    let request = parse(&format!(
        "response_type=code&redirect_uri=http://localhost:51234&scope=openid+a/x\
         &state=a%26b+c%2B&nonce=n%20%2F&response_mode=form_post&prompt=login&max_age=60\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&login_hint=ada%40a.example"
    ))
    .unwrap();
    let redirect = request.redirect.unwrap();
    assert_eq!(redirect.uri, "http://localhost:51234");
    assert_eq!(redirect.platform, Platform::PublicClient);
    assert_eq!(request.mode, ResponseMode::FormPost);
    assert_eq!(request.state.as_deref(), Some("a&b c+"));
    assert_eq!(request.nonce.as_deref(), Some("n /"));
    assert_eq!(
        request.challenge,
        Some(CodeChallenge::S256(CHALLENGE.into()))
    );
    assert_eq!((request.prompt, request.max_age), (Prompt::Login, Some(60)));
}

#[test]
fn an_unknown_address_is_never_redirected_to() {
    for (form, expected) in [
        (
            "response_type=code&scope=a/x&redirect_uri=https://evil.example/",
            AadError::RedirectNotRegistered("https://evil.example/".into()),
        ),
        (
            "response_type=code&scope=a/x",
            AadError::MissingParameter("redirect_uri"),
        ),
    ] {
        assert_eq!(parse(form), Err(AuthorizeRefusal::Page(expected)), "{form}");
    }
    let params = |form: &str| Params::parse(form.as_bytes()).unwrap();
    assert!(matches!(
        AuthorizeRequest::client_of(&params("client_id=nobody")),
        Err(AuthorizeRefusal::Page(AadError::ApplicationNotFound(_)))
    ));
}

#[test]
fn other_errors_go_to_the_client_with_its_state() {
    let web = "redirect_uri=https://app.example/cb&state=s";
    let public = "redirect_uri=http://localhost:1&state=s";
    let plain = "code_challenge=x&code_challenge_method=plain";
    for (form, code) in [
        (format!("{web}&response_type=code"), 900_144),
        (format!("{web}&scope=a/x"), 900_144),
        (format!("{web}&scope=a/x&response_type=token"), 700_054),
        (format!("{web}&scope=a/x&response_type=magic"), 70_005),
        (format!("{web}&scope=a/x+b/y&response_type=code"), 28_000),
        (
            format!("{web}&scope=a/x&response_type=code&prompt=dance"),
            9_002_313,
        ),
        (
            format!("{web}&scope=a/x&response_type=code&max_age=-1"),
            9_002_313,
        ),
        (
            format!("{web}&scope=a/x&response_type=code&response_mode=smoke"),
            9_002_313,
        ),
        (
            format!("{web}&scope=a/x&response_type=code&{plain}"),
            9_002_313,
        ),
        (
            format!("{web}&scope=a/x&response_type=code&code_challenge={CHALLENGE}"),
            9_002_313,
        ),
        (
            format!(
                "{web}&scope=a/x&response_type=code&code_challenge=x&code_challenge_method=S256"
            ),
            9_002_313,
        ),
        (format!("{public}&scope=a/x&response_type=code"), 9_002_325),
    ] {
        match parse(&form) {
            Err(AuthorizeRefusal::Client { error, state, .. }) => {
                assert_eq!(error.wire().code, Some(code), "{form}");
                assert_eq!(state.as_deref(), Some("s"));
            }
            other => panic!("{form}: {other:?}"),
        }
    }
}

#[test]
fn the_published_consent_link_needs_no_address() {
    let link = "response_type=code&prompt=consent&sso_reload=true";
    let request = parse_at(Endpoint::V1, link).unwrap();
    assert_eq!(request.redirect.unwrap().uri, "https://app.example/cb");

    let bare = Application::new(TenantId::random(), "daemon", Timestamp(0));
    let bare = SignInClient::from_application(&bare);
    let ask = |form: &str| {
        AuthorizeRequest::parse(
            Endpoint::V1,
            &Params::parse(form.as_bytes()).unwrap(),
            &bare,
        )
    };
    assert_eq!(ask(link).unwrap().redirect, None);
    assert_eq!(
        ask("response_type=code&resource=r"),
        Err(AuthorizeRefusal::Page(AadError::NoRedirect))
    );
}

#[test]
fn the_session_and_the_prompt_decide_what_comes_next() {
    let now = Timestamp::from_seconds(1_000);
    let at = |seconds| Some(Timestamp::from_seconds(seconds));
    let refuse = || NextStep::Refuse(AadError::NotSignedIn);
    for (extra, signed_in, for_this, expected) in [
        ("", None, false, NextStep::SignIn),
        ("", at(1), false, NextStep::Continue),
        ("&prompt=none", None, false, refuse()),
        ("&prompt=none", at(1), false, NextStep::Continue),
        ("&prompt=none&max_age=10", at(1), false, refuse()),
        ("&prompt=login", at(999), false, NextStep::SignIn),
        ("&prompt=login", at(999), true, NextStep::Continue),
        ("&prompt=select_account", at(999), false, NextStep::SignIn),
        ("&max_age=10", at(990), false, NextStep::Continue),
        ("&max_age=10", at(989), false, NextStep::SignIn),
        ("&max_age=0", at(999), true, NextStep::Continue),
        ("&prompt=consent", at(1), false, NextStep::Continue),
    ] {
        let form =
            format!("response_type=code&redirect_uri=https://app.example/cb&scope=a/x{extra}");
        let request = parse(&form).unwrap();
        assert_eq!(
            request.next_step(signed_in, for_this, now),
            expected,
            "{extra}"
        );
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(form: Vec<u8>) {
        if let Ok(params) = Params::parse(&form) {
            drop(AuthorizeRequest::client_of(&params));
            drop(AuthorizeRequest::parse(Endpoint::V1, &params, &client()));
            drop(AuthorizeRequest::parse(Endpoint::V2, &params, &client()));
        }
    }
}
