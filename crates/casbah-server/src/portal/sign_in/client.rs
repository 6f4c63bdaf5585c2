//! The client of a sign-in, with what the store knows of it.

use casbah_identity::signin::SignInClient;
use casbah_model::identity::{Application, FirstPartyApp};
use casbah_model::ids::AppId;
use casbah_store::{Store, StoreError};

/// A client that people sign in to.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// What sign-in needs of it.
    pub(crate) sign_in: SignInClient,
    /// Its registration; none for a part of the server.
    pub(crate) application: Option<Application>,
}

/// Finds a client by its id, wherever its home is.
pub(crate) async fn find_client(
    store: &Store,
    app_id: AppId,
) -> Result<Option<Client>, StoreError> {
    if let Some(app) = FirstPartyApp::by_app_id(app_id) {
        return Ok(SignInClient::first_party(&app).map(|sign_in| Client {
            sign_in,
            application: None,
        }));
    }
    let application = store.application_by_app_id(app_id).await?;
    Ok(application.map(|application| Client {
        sign_in: SignInClient::from_application(&application),
        application: Some(application),
    }))
}
