use proptest::prelude::*;
use uuid::uuid;

use super::*;

fn report(error: AadError) -> ErrorReport {
    ErrorReport {
        error,
        trace_id: uuid!("11111111-2222-4333-8444-555555555555"),
        correlation_id: uuid!("66666666-7777-4888-9999-aaaaaaaaaaaa"),
        at: Timestamp::from_seconds(1_767_323_045),
    }
}

fn authority() -> Authority {
    Authority::parse("https://casbah.example").unwrap()
}

/// One of each, with text from a request where there is any.
fn each(text: &str) -> Vec<AadError> {
    use AadError as E;
    let text = || text.to_owned();
    vec![
        E::MissingParameter("scope"),
        E::EmptyParameter("client_id"),
        E::Malformed("a parameter occurs twice"),
        E::TenantMalformed(text()),
        E::TenantNotFound(text()),
        E::NoTenant,
        E::UnknownInstance,
        E::UnknownGrantType(text()),
        E::UnknownResponseType(text()),
        E::ImplicitGrantDisabled,
        E::ApplicationNotFound(text()),
        E::NoServicePrincipal(text()),
        E::ApplicationDisabled(text()),
        E::NoClientCredential,
        E::NoCredential,
        E::WrongSecret(text()),
        E::SecretExpired(text()),
        E::SecretFromPublicClient,
        E::AssertionSignature,
        E::AssertionMalformed,
        E::AssertionTime,
        E::AssertionClient,
        E::AssertionAudience,
        E::AssertionUsed,
        E::NoFederatedCredential,
        E::FederatedIssuer,
        E::FederatedAudience,
        E::FederatedSubject,
        E::FederatedKeys,
        E::ResourceNotFound(text()),
        E::RoleRequired,
        E::UserRoleRequired,
        E::ScopeNotDefault(text()),
        E::ScopeMalformed(text()),
        E::SeveralResources,
        E::ConsentMissing,
        E::AdminConsentRequired,
        E::ConsentRefused,
        E::SingleTenantOnCommon(text()),
        E::RedirectNotRegistered(text()),
        E::NoRedirect,
        E::RedirectMismatch,
        E::ChallengeRequired,
        E::NotSignedIn,
        E::GrantUnknown,
        E::CodeRedeemed,
        E::CodeExpired,
        E::GrantOfOtherTenant,
        E::VerifierMismatch,
        E::RefreshTokenExpired,
        E::RefreshTokenRevoked,
        E::UserAssertionInvalid,
        E::UserAssertionExpired,
        E::WrongPassword,
        E::PasswordGrantOff,
        E::PasswordMustChange,
        E::SecondFactorRequired,
        E::UserDisabled,
        E::BlockedByPolicy,
        E::DevicePending,
        E::DeviceDeclined,
        E::DeviceCodeUnknown,
        E::DeviceCodeExpired,
        E::Throttled { retry_after: 7 },
        E::Internal,
    ]
}

#[test]
fn bodies_are_those_of_the_original() {
    let bodies: Vec<_> = [
        AadError::WrongSecret("9d7c".into()),
        AadError::ConsentMissing,
        AadError::Throttled { retry_after: 7 },
    ]
    .map(|error| report(error).body(&authority()))
    .to_vec();
    insta::assert_json_snapshot!(bodies);
    let metadata = report(AadError::TenantNotFound("nobody.example".into()));
    insta::assert_json_snapshot!("metadata", metadata.metadata_body(&authority()));
}

#[test]
fn every_cause_has_its_number_error_and_status() {
    let table: Vec<String> = each("x")
        .iter()
        .map(|error| {
            let wire = error.wire();
            format!(
                "{} {} {} {} | {error}",
                wire.code
                    .map_or_else(|| "-".to_owned(), |code| code.to_string()),
                wire.error,
                wire.status,
                wire.suberror.unwrap_or("-"),
            )
        })
        .collect();
    insta::assert_snapshot!("table", table.join("\n"));
}

#[test]
fn words_that_a_client_searches_stand_only_where_they_belong() {
    for error in each("x") {
        let text = error.to_string();
        for word in ["interaction_required", "login_required", "consent_required"] {
            let belongs = matches!(
                (&error, word),
                (AadError::ConsentMissing, "consent_required")
                    | (AadError::NotSignedIn, "login_required")
            );
            assert_eq!(text.contains(word), belongs, "{text}");
        }
    }
}

proptest! {
    #[test]
    fn no_body_ever_has_an_escape(echo in any::<String>()) {
        let nasty = format!("a\"b\\c\r\nd\u{0}\u{7f}\u{85}/{echo}");
        for error in each(&nasty) {
            let json = serde_json::to_string(&report(error).body(&authority())).unwrap();
            prop_assert!(!json.contains('\\'), "{}", json);
        }
    }
}
