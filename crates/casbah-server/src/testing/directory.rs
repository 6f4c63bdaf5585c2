//! A tenant of its own on a server of its own.

use casbah_identity::password;
use casbah_identity::secret::{SecretOptions, new_client_secret};
use casbah_identity::signin::{AuthenticatorSecret, new_recovery_codes};
use casbah_model::identity::{
    AppRoleAssignment, Application, AuthenticatorApp, CLOUD_APP_SECURITY, DirectoryRole,
    PrincipalType, ServicePrincipal, User,
};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::browser::Browser;
use super::{TestServer, audit_record, save};

/// A server with a tenant of its own for the test.
pub(crate) struct Directory {
    pub(crate) server: TestServer,
    pub(crate) tenant: TenantId,
    pub(crate) admin: User,
    pub(crate) one_time: SecretString,
}

/// The password of people whom a test makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// An application with a secret.
pub(crate) struct Registered {
    pub(crate) application: Application,
    pub(crate) principal: ServicePrincipal,
    pub(crate) secret: String,
}

impl Directory {
    pub(crate) async fn new() -> Self {
        Self::on(TestServer::start().await).await
    }

    pub(crate) async fn on(server: TestServer) -> Self {
        let created = server.create_tenant("Fabrikam", "fabrikam.example").await;
        Self {
            server,
            tenant: created.tenant.id,
            admin: created.administrator,
            one_time: created.password,
        }
    }

    /// Another person of the tenant, whose password is [`PASSWORD`].
    pub(crate) async fn person(&self, name: &str, roles: &[DirectoryRole]) -> User {
        let upn = format!("{name}@fabrikam.example");
        self.person_of(self.tenant, name, upn, roles).await
    }

    /// Another person of the home tenant, whose password is [`PASSWORD`].
    pub(crate) async fn at_home(&self, name: &str, roles: &[DirectoryRole]) -> User {
        let upn = format!("{name}@contoso.example");
        self.person_of(self.server.tenant, name, upn, roles).await
    }

    async fn person_of(
        &self,
        tenant: TenantId,
        name: &str,
        upn: String,
        roles: &[DirectoryRole],
    ) -> User {
        let user = User {
            id: ObjectId::random(),
            tenant,
            upn,
            display_name: name.to_owned(),
            roles: roles.iter().copied().collect(),
            enabled: true,
            password: Some(password::hash(&PASSWORD.into()).unwrap()),
            must_change_password: false,
            created: Timestamp::now(),
            sign_ins_from: Timestamp(0),
            tokens_from: 0,
        };
        let store = &self.server.app.store;
        store
            .create_user(user.clone(), audit_record())
            .await
            .unwrap();
        user
    }

    /// Gives a person an authenticator app.
    pub(crate) async fn authenticator(&self, user: &User) -> AuthenticatorSecret {
        let app = &self.server.app;
        let secret = AuthenticatorSecret::generate().unwrap();
        let place = AuthenticatorSecret::place(user.tenant, user.id);
        let stored = AuthenticatorApp {
            tenant: user.tenant,
            user: user.id,
            secret: app.vault.seal(&place, secret.as_bytes()).unwrap(),
            last_step: 0,
            created: Timestamp::now(),
        };
        let set = app.store.set_authenticator_app(stored, audit_record());
        set.await.unwrap();
        secret
    }

    /// Gives a person recovery codes.
    pub(crate) async fn recovery_codes(&self, user: &User) -> Vec<String> {
        let app = &self.server.app;
        let (tenant, now) = (user.tenant, Timestamp::now());
        let new = new_recovery_codes(&app.peppers, tenant, user.id).unwrap();
        let record = audit_record();
        let set = app
            .store
            .set_recovery_codes(tenant, user.id, new.hashes, now, record);
        set.await.unwrap();
        let texts = new.texts.iter();
        texts.map(|code| code.expose_secret().to_owned()).collect()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(crate::server::router(self.server.app.clone()))
    }

    /// Registers an application in the tenant, with a role and a secret.
    pub(crate) async fn register(&self, change: impl FnOnce(&mut Application)) -> Registered {
        let app = &self.server.app;
        let now = Timestamp::now();
        let mut application = Application::new(self.tenant, "SIEM", now);
        change(&mut application);
        save(&app.store, &application).await;
        let principal = self.present(self.tenant, &application).await;
        let resource = app
            .store
            .service_principal_by_app_id(self.tenant, CLOUD_APP_SECURITY.app_id)
            .await
            .unwrap()
            .unwrap();
        app.store
            .assign(
                AppRoleAssignment {
                    id: ObjectId::random(),
                    tenant: self.tenant,
                    principal_id: principal.id,
                    principal_type: PrincipalType::ServicePrincipal,
                    resource_id: resource.id,
                    app_role_id: Permission::InvestigationRead.app_role_id(),
                    created: now,
                },
                audit_record(),
            )
            .await
            .unwrap();
        let secret = self.secret(&application, SecretOptions::default()).await;
        Registered {
            application,
            principal,
            secret,
        }
    }

    /// Makes an application present in a tenant.
    pub(crate) async fn present(
        &self,
        tenant: TenantId,
        application: &Application,
    ) -> ServicePrincipal {
        let principal = ServicePrincipal {
            id: ObjectId::random(),
            tenant,
            app_id: application.app_id,
            app_owner_tenant: application.tenant,
            display_name: application.display_name.clone(),
            enabled: true,
            app_role_assignment_required: false,
            created: Timestamp::now(),
        };
        let store = &self.server.app.store;
        store
            .add_service_principal(principal.clone())
            .await
            .unwrap();
        principal
    }

    pub(crate) async fn secret(&self, application: &Application, options: SecretOptions) -> String {
        let app = &self.server.app;
        let now = Timestamp::now();
        let new = new_client_secret(
            &app.peppers,
            application.tenant,
            application.id,
            options,
            now,
        )
        .unwrap();
        app.store
            .add_client_secret(new.stored, audit_record())
            .await
            .unwrap();
        new.text.expose_secret().to_owned()
    }
}
