//! From a form body to a verified token: the whole way of an application, with
//! nothing between but what a server would fetch from its store.

use casbah_identity::client_credentials::{
    ClientCredentials, ClientFacts, authorize_client_credentials,
};
use casbah_identity::crypto::{MasterKey, Vault};
use casbah_identity::error::ErrorReport;
use casbah_identity::proof::{AssertionPlace, ProofFacts};
use casbah_identity::request::{Endpoint, GrantRequest, Params, TokenRequest};
use casbah_identity::resource::Resource;
use casbah_identity::secret::{Peppers, SecretOptions, new_client_secret};
use casbah_identity::signing_keys::{SigningDays, next_key, open_key, seal_key};
use casbah_identity::{AadError, Authority};
use casbah_model::identity::{
    AppRoleAssignment, Application, CLOUD_APP_SECURITY, FIRST_PARTY_TENANT, PrincipalType,
    ServicePrincipal,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use casbah_token::{CallerKind, KeyRing, SigningKey, verify};
use secrecy::ExposeSecret;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn principal(tenant: TenantId, app_id: AppId, owner: TenantId) -> ServicePrincipal {
    ServicePrincipal {
        id: ObjectId::random(),
        tenant,
        app_id,
        app_owner_tenant: owner,
        display_name: "principal".into(),
        enabled: true,
        app_role_assignment_required: false,
        created: NOW,
    }
}

#[test]
fn an_application_with_a_consented_role_gets_a_token_that_says_so() {
    let authority = Authority::parse("https://localhost:8443").unwrap();
    let mut vault = Vault::new(MasterKey::generate().unwrap());
    vault.add_data_key(NOW).unwrap();
    let mut peppers = Peppers::default();
    peppers.add(&vault, NOW).unwrap();
    let fresh = SigningKey::generate(NOW.seconds()).unwrap();
    let dates = next_key(&[], NOW, SigningDays::default()).unwrap();
    let stored = seal_key(&vault, &fresh, dates, NOW).unwrap();
    let key = open_key(&vault, &stored).unwrap();

    let tenant = TenantId::random();
    let application = Application::new(tenant, "SIEM", NOW);
    let own = principal(tenant, application.app_id, tenant);
    let resource = Resource::first_party(
        &CLOUD_APP_SECURITY,
        principal(tenant, CLOUD_APP_SECURITY.app_id, FIRST_PARTY_TENANT),
    );
    let assignment = AppRoleAssignment {
        id: ObjectId::random(),
        tenant,
        principal_id: own.id,
        principal_type: PrincipalType::ServicePrincipal,
        resource_id: resource.service_principal.id,
        app_role_id: Permission::InvestigationRead.app_role_id(),
        created: NOW,
    };
    let options = SecretOptions::default();
    let secret = new_client_secret(&peppers, tenant, application.id, options, NOW).unwrap();

    for (endpoint, form) in [
        (
            Endpoint::V1,
            format!("resource={}", CLOUD_APP_SECURITY.app_id),
        ),
        (
            Endpoint::V2,
            format!("scope={}%2F.default", CLOUD_APP_SECURITY.app_id),
        ),
    ] {
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&{form}",
            application.app_id,
            secret.text.expose_secret()
        );
        let params = Params::parse(body.as_bytes()).unwrap();
        let request = TokenRequest::parse(endpoint, &params, None).unwrap();
        let GrantRequest::ClientCredentials { resource: named } = &request.grant else {
            panic!("client credentials");
        };
        let facts = ClientFacts {
            tenant,
            application: Some(&application),
            service_principal: Some(&own),
            proof: ProofFacts {
                secrets: std::slice::from_ref(&secret.stored),
                certificates: &[],
                federated: &[],
                issuer_keys: None,
                peppers: &peppers,
                place: &AssertionPlace::default(),
            },
            resource: Some(&resource),
            assignments: std::slice::from_ref(&assignment),
        };
        let asked = ClientCredentials {
            endpoint,
            client: &request.client,
            resource: named,
        };
        let token_id = casbah_token::token_id().unwrap();
        let grant = authorize_client_credentials(asked, facts, &authority, token_id, NOW).unwrap();
        let token = key.sign_access(&grant.token).unwrap();
        let answer = serde_json::to_value(grant.answer(token.clone())).unwrap();
        assert_eq!(answer["access_token"], token);
        assert_eq!(answer["expires_in"].is_string(), endpoint == Endpoint::V1);

        let mut keys = KeyRing::default();
        keys.insert(&key.jwk()).unwrap();
        let audience = CLOUD_APP_SECURITY.app_id.to_string();
        let policy = authority.token_policy(vec![audience]).unwrap();
        let claims = verify(&token, &keys, &policy, NOW.seconds()).unwrap();
        assert_eq!(claims.caller(), CallerKind::App);
        assert_eq!(claims.tenant, tenant.to_string());
        assert_eq!(claims.roles, ["investigation.read"]);
    }
}

#[test]
fn a_refusal_names_the_request_it_belongs_to() {
    let authority = Authority::parse("https://localhost:8443").unwrap();
    let params = Params::parse(b"grant_type=client_credentials").unwrap();
    let error = TokenRequest::parse(Endpoint::V2, &params, None).unwrap_err();
    assert_eq!(error, AadError::MissingParameter("client_id"));
    let correlation_id = Uuid::new_v4();
    let report = ErrorReport {
        error,
        trace_id: Uuid::new_v4(),
        correlation_id,
        at: NOW,
    };
    let body = serde_json::to_value(report.body(&authority)).unwrap();
    assert_eq!(body["error_codes"], serde_json::json!([900_144]));
    assert_eq!(body["correlation_id"], correlation_id.to_string());
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.contains(&correlation_id.to_string()),
        "{description}"
    );
}
