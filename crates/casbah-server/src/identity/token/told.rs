//! What the audit keeps of a request for a token.

use casbah_identity::AadError;
use casbah_identity::proof::Proven;
use casbah_model::audit::AuditRecord;
use casbah_model::identity::User;
use casbah_model::ids::{AppId, TenantId};

use super::error::TokenError;
use crate::identity::context::RequestContext;
use crate::state::App;

/// What is known of a request so far; a refusal may come at any point of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) tenant: Option<TenantId>,
    pub(super) app: Option<AppId>,
    pub(super) grant: &'static str,
    pub(super) resource: String,
    /// By what the client proved itself, once it has.
    pub(super) proven: Option<Proven>,
    person: Option<String>,
}

impl Told {
    /// The token is for this person, and the person's tenant keeps that.
    pub(super) fn person(&mut self, user: &User) {
        self.tenant = Some(user.tenant);
        self.person = Some(user.upn.clone());
    }

    /// Keeps that a token was issued, before it is handed out.
    pub(super) async fn issued(
        &self,
        app: &App,
        context: &RequestContext,
    ) -> Result<(), TokenError> {
        let record = self.record("token.issue", context);
        Ok(app.audit.keep(self.tenant, record).await?)
    }

    /// Keeps that none was. The client is refused either way, so a record that
    /// cannot be kept changes nothing for it.
    pub(super) async fn refused(&self, app: &App, context: &RequestContext, refusal: &AadError) {
        let record = self.record("token.refuse", context);
        let record = record.refused(refusal.wire().code);
        // The log has said why.
        let _ = app.audit.keep(self.tenant, record).await;
    }

    fn record(&self, action: &'static str, context: &RequestContext) -> AuditRecord {
        let app = self.app.map(|app| app.to_string());
        let actor = self.person.clone().or(app);
        AuditRecord::new(
            actor.as_deref().unwrap_or("unknown"),
            action,
            &self.resource,
        )
        .at(context.now)
        .from(context.origin())
        .through(self.app)
        .detail(self.detail())
    }

    /// The grant, and the credential that the client proved itself by.
    fn detail(&self) -> String {
        match &self.proven {
            None | Some(Proven::Public) => self.grant.to_owned(),
            Some(proven) => format!("{} with {proven}", self.grant),
        }
    }
}
