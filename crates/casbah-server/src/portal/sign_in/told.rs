//! What the audit keeps of sign-ins and sign-outs.

use casbah_identity::AadError;
use casbah_model::audit::AuditRecord;
use casbah_model::identity::User;
use casbah_model::ids::{AppId, TenantId};

use super::attempt::Outcome;
use crate::audit::AuditFailed;
use crate::identity::context::RequestContext;
use crate::state::App;

/// Too many attempts, in Entra's numbers (AADSTS50053).
const TOO_MANY: u32 = 50_053;

/// An attempt to sign in.
pub(super) struct Told<'a> {
    pub(super) tenant: Option<TenantId>,
    pub(super) username: &'a str,
    pub(super) client: AppId,
    pub(super) context: &'a RequestContext,
}

impl Told<'_> {
    /// Keeps how the attempt ended. Nobody is signed in without a record.
    pub(super) async fn keep(&self, app: &App, outcome: &Outcome) -> Result<(), AuditFailed> {
        let record = AuditRecord::new(self.username, "sign_in", &self.client)
            .at(self.context.now)
            .from(self.context.origin())
            .through(Some(self.client));
        let record = match outcome {
            Outcome::SignedIn(user) => AuditRecord {
                actor: user.upn.clone(),
                ..record
            },
            Outcome::Wrong => record.refused(AadError::WrongPassword.wire().code),
            Outcome::Disabled => record.refused(AadError::UserDisabled.wire().code),
            Outcome::Wait { .. } => record.refused(Some(TOO_MANY)),
            // The attempt goes on with a new password.
            Outcome::MustChange { .. } => return Ok(()),
        };
        app.audit.keep(self.tenant, record).await
    }
}

/// Keeps that a person signed out.
pub(super) async fn signed_out(
    app: &App,
    user: &User,
    context: &RequestContext,
) -> Result<(), AuditFailed> {
    let record = AuditRecord::new(&user.upn, "sign_out", &user.id)
        .at(context.now)
        .from(context.origin());
    app.audit.keep(Some(user.tenant), record).await
}
