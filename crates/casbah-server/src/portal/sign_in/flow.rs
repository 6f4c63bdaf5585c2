//! A client's request for a sign-in, read and checked.

use casbah_identity::AadError;
use casbah_identity::request::{Endpoint, Params};
use casbah_identity::signin::{AuthorizeRefusal, AuthorizeRequest, Prompt};
use casbah_model::identity::{Tenant, User};

use super::client::{Client, find_client};
use super::error::SignInError;
use crate::identity::tenant::{self, AddressedTenant, TenantError};
use crate::state::App;

/// A request that may go on.
pub(super) struct Flow {
    /// The tenant of the address.
    pub(super) tenant: AddressedTenant,
    /// Who asks.
    pub(super) client: Client,
    /// What is asked.
    pub(super) request: AuthorizeRequest,
    /// Where the forms of this request are sent.
    pub(super) action: String,
}

impl Flow {
    /// Reads the request out of an address.
    pub(super) async fn read(
        app: &App,
        endpoint: Endpoint,
        segment: &str,
        query: &str,
    ) -> Result<Self, SignInError> {
        let params = Params::parse(query.as_bytes()).map_err(AuthorizeRefusal::Page)?;
        let tenant = tenant::find(&app.store, segment)
            .await
            .map_err(|error| match error {
                TenantError::Refused(refusal) => AuthorizeRefusal::Page(refusal).into(),
                TenantError::Store(error) => SignInError::Store(error),
            })?;
        let app_id = AuthorizeRequest::client_of(&params)?;
        let client = find_client(&app.store, app_id)
            .await?
            .ok_or_else(|| page(AadError::ApplicationNotFound(app_id.to_string())))?;
        let request = AuthorizeRequest::parse(endpoint, &params, &client.sign_in)?;
        let version = match endpoint {
            Endpoint::V1 => "v1.0",
            Endpoint::V2 => "v2.0",
        };
        let flow = Self {
            tenant,
            client,
            request,
            action: format!("/{segment}/sign_in/{version}?{query}"),
        };
        flow.check_tenant()?;
        Ok(flow)
    }

    /// Whether the client may be used where the address points.
    fn check_tenant(&self) -> Result<(), SignInError> {
        let client = &self.client.sign_in;
        match &self.tenant {
            AddressedTenant::One(tenant) => self.check_offered(tenant.id),
            // The published consent link is on `common` for every application; the
            // person's tenant is checked after the sign-in.
            AddressedTenant::Common | AddressedTenant::Organizations => {
                let is_consent =
                    matches!(self.request.prompt, Prompt::Consent | Prompt::AdminConsent);
                if client.only_tenant.is_some() && !is_consent {
                    let id = client.app_id.to_string();
                    return Err(page(AadError::SingleTenantOnCommon(id)));
                }
                Ok(())
            }
        }
    }

    /// Refuses a person whose tenant the client or the address excludes.
    pub(super) fn check_person(&self, user: &User) -> Result<(), SignInError> {
        self.check_offered(user.tenant)
    }

    fn check_offered(&self, tenant: casbah_model::ids::TenantId) -> Result<(), SignInError> {
        if self.client.sign_in.is_offered_to(tenant) {
            return Ok(());
        }
        let id = self.client.sign_in.app_id.to_string();
        Err(page(AadError::ApplicationNotFound(id)))
    }

    /// The tenant in which a person of this name would be: the address's, or the
    /// one that owns the name's domain.
    pub(super) async fn tenant_of(
        &self,
        app: &App,
        username: &str,
    ) -> Result<Option<Tenant>, SignInError> {
        if let Some(tenant) = self.tenant.one() {
            return Ok(Some(tenant.clone()));
        }
        let Some((_, domain)) = username.rsplit_once('@') else {
            return Ok(None);
        };
        Ok(app.store.tenant_of_domain(domain).await?)
    }
}

/// A refusal on a page of ours.
pub(super) fn page(error: AadError) -> SignInError {
    AuthorizeRefusal::Page(error).into()
}
