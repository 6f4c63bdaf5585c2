use casbah_model::identity::{
    CLOUD_APP_SECURITY, ClientSecret, FIRST_PARTY_TENANT, PrincipalType, RequestedTokenVersion,
    SignInAudience,
};
use casbah_model::ids::ObjectId;
use casbah_model::permission::Permission;
use casbah_token::{ClientAuth, TokenVersion};

use super::*;
use crate::crypto::{MasterKey, Vault};
use crate::proof::AssertionPlace;
use crate::secret::{NewClientSecret, Peppers, SecretOptions, new_client_secret};

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// A tenant with one application, everything in order.
struct Directory {
    tenant: TenantId,
    application: Option<Application>,
    principal: Option<ServicePrincipal>,
    secrets: Vec<ClientSecret>,
    resource: Option<Resource>,
    assignments: Vec<AppRoleAssignment>,
    peppers: Peppers,
    secret: NewClientSecret,
    endpoint: Endpoint,
    requested: String,
}

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

impl Directory {
    fn new() -> Self {
        let tenant = TenantId::random();
        let application = Application::new(tenant, "SIEM", NOW);
        let own = principal(tenant, application.app_id, tenant);
        let resource = Resource::first_party(
            &CLOUD_APP_SECURITY,
            principal(tenant, CLOUD_APP_SECURITY.app_id, FIRST_PARTY_TENANT),
        );
        let mut vault = Vault::new(MasterKey::generate().unwrap());
        vault.add_data_key(NOW).unwrap();
        let mut peppers = Peppers::default();
        peppers.add(&vault, NOW).unwrap();
        let options = SecretOptions::default();
        let secret = new_client_secret(&peppers, tenant, application.id, options, NOW).unwrap();
        let mut directory = Self {
            tenant,
            secrets: vec![secret.stored.clone()],
            application: Some(application),
            principal: Some(own),
            resource: Some(resource),
            assignments: Vec::new(),
            peppers,
            secret,
            endpoint: Endpoint::V2,
            requested: CLOUD_APP_SECURITY.app_id.to_string(),
        };
        directory.assign(Permission::DiscoveryManage);
        directory.assign(Permission::InvestigationRead);
        directory
    }

    fn assign(&mut self, permission: Permission) {
        self.assignments.push(AppRoleAssignment {
            id: ObjectId::random(),
            tenant: self.tenant,
            principal_id: self.principal.as_ref().unwrap().id,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: self.resource.as_ref().unwrap().service_principal.id,
            app_role_id: permission.app_role_id(),
            created: NOW,
        });
    }

    fn app_id(&self) -> AppId {
        self.principal
            .as_ref()
            .map(|principal| principal.app_id)
            .or_else(|| {
                self.application
                    .as_ref()
                    .map(|application| application.app_id)
            })
            .unwrap()
    }

    fn ask_with(&self, credential: Credential, at: Timestamp) -> Result<Grant, AadError> {
        let client = PresentedClient {
            app_id: self.app_id(),
            credential,
        };
        let request = ClientCredentials {
            endpoint: self.endpoint,
            client: &client,
            resource: &self.requested,
        };
        let facts = ClientFacts {
            tenant: self.tenant,
            application: self.application.as_ref(),
            service_principal: self.principal.as_ref(),
            proof: ProofFacts {
                secrets: &self.secrets,
                certificates: &[],
                federated: &[],
                issuer_keys: None,
                peppers: &self.peppers,
                place: &AssertionPlace::default(),
            },
            resource: self.resource.as_ref(),
            assignments: &self.assignments,
        };
        let authority = Authority::parse("https://casbah.example").unwrap();
        authorize_client_credentials(request, facts, &authority, "uti".into(), at)
    }

    fn ask(&self) -> Result<Grant, AadError> {
        self.ask_with(Credential::Secret(self.secret.text.clone()), NOW)
    }
}

#[test]
fn a_registered_and_consented_application_gets_its_roles() {
    let directory = Directory::new();
    let token = directory.ask().unwrap().token;
    assert_eq!(token.roles, ["investigation.read", "discovery.manage"]);
    assert_eq!(token.version, TokenVersion::V1);
    assert_eq!(token.audience, directory.requested);
    assert_eq!(
        token.issuer,
        format!("https://casbah.example/{}/", directory.tenant)
    );
    assert_eq!(token.client.auth, ClientAuth::Secret);
    let object_id = directory.principal.as_ref().unwrap().id.to_string();
    assert_eq!(token.subject, Subject::App { object_id });
}

#[test]
fn asking_for_a_permission_grants_nothing() {
    use casbah_model::identity::{RequiredResourceAccess, ResourceAccess, ResourceAccessType};

    let mut directory = Directory::new();
    directory.assignments.clear();
    directory
        .application
        .as_mut()
        .unwrap()
        .required_resource_access = vec![RequiredResourceAccess {
        resource_app_id: CLOUD_APP_SECURITY.app_id,
        resource_access: Permission::ALL
            .map(|permission| ResourceAccess {
                id: permission.app_role_id(),
                kind: ResourceAccessType::Role,
            })
            .to_vec(),
    }];
    assert!(directory.ask().unwrap().token.roles.is_empty());
}

#[test]
fn roles_that_are_switched_off_or_someone_elses_do_not_count() {
    let mut directory = Directory::new();
    let resource = directory.resource.as_mut().unwrap();
    std::sync::Arc::make_mut(&mut resource.app_roles)[0].is_enabled = false;
    assert_eq!(directory.ask().unwrap().token.roles, ["discovery.manage"]);
    for assignment in &mut directory.assignments {
        assignment.principal_id = ObjectId::random();
    }
    assert!(directory.ask().unwrap().token.roles.is_empty());
    directory
        .resource
        .as_mut()
        .unwrap()
        .service_principal
        .app_role_assignment_required = true;
    assert_eq!(directory.ask(), Err(AadError::RoleRequired));
}

#[test]
fn a_resource_chooses_the_version_from_both_endpoints() {
    let mut directory = Directory::new();
    let mut application = Application::new(directory.tenant, "API", NOW);
    application.requested_access_token_version = Some(RequestedTokenVersion::V2);
    let app_id = application.app_id;
    let principal = principal(directory.tenant, app_id, directory.tenant);
    directory.resource = Some(Resource::from_application(application, principal));
    directory.requested = "api://mine".into();
    for endpoint in [Endpoint::V1, Endpoint::V2] {
        directory.endpoint = endpoint;
        let token = directory.ask().unwrap().token;
        assert_eq!(token.version, TokenVersion::V2);
        assert_eq!(token.audience, app_id.to_string());
        assert!(token.issuer.ends_with("/v2.0"));
    }
}

type Case = (&'static str, fn(&mut Directory), fn(String) -> AadError);

#[test]
fn each_obstacle_has_its_own_error() {
    let cases: [Case; 8] = [
        (
            "unknown",
            |d| d.application = None,
            AadError::ApplicationNotFound,
        ),
        (
            "deleted",
            |d| d.application.as_mut().unwrap().deleted = Some(NOW),
            AadError::ApplicationNotFound,
        ),
        (
            "another tenant's",
            |d| d.application.as_mut().unwrap().tenant = TenantId::random(),
            AadError::ApplicationNotFound,
        ),
        (
            "not consented here",
            |d| {
                let application = d.application.as_mut().unwrap();
                application.tenant = TenantId::random();
                application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
                d.principal = None;
            },
            AadError::ApplicationNotFound,
        ),
        (
            "no principal",
            |d| d.principal = None,
            AadError::NoServicePrincipal,
        ),
        (
            "disabled",
            |d| d.principal.as_mut().unwrap().enabled = false,
            AadError::ApplicationDisabled,
        ),
        ("no secrets", |d| d.secrets.clear(), AadError::WrongSecret),
        (
            "removed pepper",
            |d| d.peppers = Peppers::default(),
            AadError::WrongSecret,
        ),
    ];
    for (name, change, expected) in cases {
        let mut directory = Directory::new();
        change(&mut directory);
        let id = directory.app_id().to_string();
        assert_eq!(directory.ask(), Err(expected(id)), "{name}");
    }
}

#[test]
fn proofs_are_checked_before_the_resource() {
    let mut directory = Directory::new();
    directory.resource = None;
    let id = || directory.app_id().to_string();
    let ask = |credential, at| directory.ask_with(credential, at).err();
    let secret = || Credential::Secret(directory.secret.text.clone());
    let end = directory.secret.stored.end;

    assert_eq!(
        ask(Credential::None, NOW),
        Some(AadError::NoClientCredential)
    );
    assert_eq!(
        ask(Credential::Secret("wrong".into()), NOW),
        Some(AadError::WrongSecret(id()))
    );
    let key_id = directory.secret.stored.key_id.to_string();
    assert_eq!(
        ask(Credential::Secret(key_id.into()), NOW),
        Some(AadError::WrongSecret(id()))
    );
    assert_eq!(ask(secret(), end), Some(AadError::SecretExpired(id())));
    assert_eq!(
        ask(secret(), NOW.plus_millis(-1)),
        Some(AadError::WrongSecret(id()))
    );
    assert_eq!(
        ask(secret(), end.plus_millis(-1)),
        Some(AadError::ResourceNotFound(directory.requested.clone()))
    );
    assert_eq!(
        ask(Credential::Assertion("a.b.c".into()), NOW),
        Some(AadError::AssertionMalformed)
    );
}

#[test]
fn a_resource_that_is_switched_off_is_not_found() {
    let mut directory = Directory::new();
    directory
        .resource
        .as_mut()
        .unwrap()
        .service_principal
        .enabled = false;
    assert_eq!(
        directory.ask(),
        Err(AadError::ResourceNotFound(directory.requested.clone()))
    );
}
