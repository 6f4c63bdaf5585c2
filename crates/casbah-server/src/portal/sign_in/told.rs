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

/// A second factor that is not the person's, in Entra's numbers (AADSTS500121).
const WRONG_FACTOR: u32 = 500_121;

/// An attempt to sign in.
pub(crate) struct Told<'a> {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) username: &'a str,
    pub(crate) client: AppId,
    pub(crate) context: &'a RequestContext,
}

impl Told<'_> {
    /// Keeps that the person signed in by these methods. Nobody does without a record.
    pub(crate) async fn signed_in(&self, app: &App, methods: &[String]) -> Result<(), AuditFailed> {
        let record = self.record().detail(methods.join(" "));
        app.audit.keep(self.tenant, record).await
    }

    /// Keeps why an attempt with a password ended.
    pub(crate) async fn keep(&self, app: &App, outcome: &Outcome) -> Result<(), AuditFailed> {
        let code = match outcome {
            Outcome::Wrong => AadError::WrongPassword.wire().code,
            Outcome::Disabled => AadError::UserDisabled.wire().code,
            Outcome::Wait { .. } => Some(TOO_MANY),
            // The sign-in goes on.
            Outcome::Right { .. } | Outcome::MustChange { .. } => return Ok(()),
        };
        let record = self.record().refused(code);
        app.audit.keep(self.tenant, record).await
    }

    /// Keeps that a second factor was none of the person's, or came too often.
    pub(super) async fn wrong_factor(&self, app: &App, is_wait: bool) -> Result<(), AuditFailed> {
        let code = if is_wait { TOO_MANY } else { WRONG_FACTOR };
        let record = self.record().refused(Some(code)).detail("second factor");
        app.audit.keep(self.tenant, record).await
    }

    fn record(&self) -> AuditRecord {
        AuditRecord::new(self.username, "sign_in", &self.client)
            .at(self.context.now)
            .from(self.context.origin())
            .through(Some(self.client))
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
