//! The client of a grant: what its proof is checked against.

use std::sync::Arc;

use casbah_identity::AadError;
use casbah_identity::proof::{ProofFacts, assertion_use, foreign_issuer};
use casbah_identity::request::PresentedClient;
use casbah_identity::signin::{SignInClient, authenticate_client};
use casbah_model::identity::{Application, ClientSecret, Platform};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::{ClientAuth, IssuerKeys};

use super::Asked;
use super::error::TokenError;
use super::told::Told;
use crate::portal::sign_in::{Client, find_client};
use crate::state::App;

/// A client and the secrets that are good for it in a tenant.
pub(super) struct KnownClient {
    pub(super) sign_in: SignInClient,
    pub(super) application: Option<Application>,
    pub(super) secrets: Vec<ClientSecret>,
}

impl KnownClient {
    /// Finds a client, wherever its home is.
    pub(super) async fn find(
        app: &App,
        tenant: TenantId,
        app_id: AppId,
    ) -> Result<Self, TokenError> {
        let Client {
            sign_in,
            application,
        } = find_client(&app.store, app_id)
            .await?
            .ok_or_else(|| AadError::ApplicationNotFound(app_id.to_string()))?;
        let mut secrets = match &application {
            Some(application) => {
                app.store
                    .client_secrets(application.tenant, application.id)
                    .await?
            }
            None => Vec::new(),
        };
        let principal = app.store.service_principal_by_app_id(tenant, app_id);
        if let Some(principal) = principal.await? {
            let own = app.store.client_secrets(tenant, principal.id).await?;
            secrets.extend(own);
        }
        Ok(Self {
            sign_in,
            application,
            secrets,
        })
    }

    /// Checks the client's proof in a person's grant, and remembers by what it was proven.
    pub(super) async fn authenticate(
        &self,
        app: &App,
        asked: &Asked,
        platform: Platform,
        now: Timestamp,
        told: &mut Told,
    ) -> Result<ClientAuth, TokenError> {
        let PresentedClient { app_id, credential } = &asked.client;
        let application = self.application.as_ref();
        let keys = issuer_keys(app, asked, application, now).await;
        let proof = proof_facts(app, asked, application, &self.secrets, keys.as_deref());
        let proven = authenticate_client(*app_id, platform, credential, proof, now)?;
        let auth = proven.auth();
        told.proven = Some(proven);
        Ok(auth)
    }
}

/// What a proof is checked against.
pub(super) fn proof_facts<'a>(
    app: &'a App,
    asked: &'a Asked,
    application: Option<&'a Application>,
    secrets: &'a [ClientSecret],
    issuer_keys: Option<&'a IssuerKeys>,
) -> ProofFacts<'a> {
    ProofFacts {
        secrets,
        certificates: application.map_or(&[], |application| &application.key_credentials),
        federated: application.map_or(&[], |application| &application.federated_credentials),
        issuer_keys,
        peppers: &app.peppers,
        place: &asked.place,
    }
}

/// The keys of the other issuer that a proof needs, if it needs one's.
pub(super) async fn issuer_keys(
    app: &App,
    asked: &Asked,
    application: Option<&Application>,
    now: Timestamp,
) -> Option<Arc<IssuerKeys>> {
    let trusted = &application?.federated_credentials;
    let wanted = foreign_issuer(&asked.client.credential, trusted, now)?;
    app.issuers.keys(wanted, now).await
}

/// Keeps that the assertion was used, where the application takes each only once. It comes
/// last: what was refused for another reason has not used it up.
pub(super) async fn spend(
    app: &App,
    asked: &Asked,
    application: Option<&Application>,
    now: Timestamp,
) -> Result<(), TokenError> {
    let Some(spent) = assertion_use(&asked.client.credential, application) else {
        return Ok(());
    };
    let store = &app.store;
    let kept = store.use_assertion(spent.tenant, spent.hash, spent.expires, now);
    if kept.await? {
        Ok(())
    } else {
        Err(AadError::AssertionUsed.into())
    }
}
