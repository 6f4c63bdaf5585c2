//! The identity service as clients and browsers see it.

mod arm;
mod browser;
mod certificates;
mod consent;
mod documented;
mod federated;
mod federated_attacks;
mod graph;
mod graph_calls;
mod graph_changes;
mod issuer;
mod metadata;
mod owners;
mod refresh;
mod sign_in;
mod single_use;
mod token;

use casbah_identity::secret::{SecretOptions, new_client_secret};
use casbah_model::identity::{
    AppRoleAssignment, Application, CLOUD_APP_SECURITY, PrincipalType, ServicePrincipal, User,
};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::testing::{TestServer, audit_record, save};
use browser::Browser;

/// A server with a tenant of its own for the test.
struct Directory {
    server: TestServer,
    tenant: TenantId,
    admin: User,
    one_time: SecretString,
}

/// An application with a secret.
struct Registered {
    application: Application,
    principal: ServicePrincipal,
    secret: String,
}

impl Directory {
    async fn new() -> Self {
        Self::on(TestServer::start().await).await
    }

    async fn on(server: TestServer) -> Self {
        let created = server.create_tenant("Fabrikam", "fabrikam.example").await;
        Self {
            server,
            tenant: created.tenant.id,
            admin: created.administrator,
            one_time: created.password,
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(crate::server::router(self.server.app.clone()))
    }

    /// Registers an application in the tenant, with a role and a secret.
    async fn register(&self, change: impl FnOnce(&mut Application)) -> Registered {
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
    async fn present(&self, tenant: TenantId, application: &Application) -> ServicePrincipal {
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

    async fn secret(&self, application: &Application, options: SecretOptions) -> String {
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
