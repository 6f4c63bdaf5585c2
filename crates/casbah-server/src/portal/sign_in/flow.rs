//! A request for a sign-in, read and checked.

use casbah_identity::AadError;
use casbah_identity::identity_provider::Ask;
use casbah_identity::request::{Endpoint, Params};
use casbah_identity::signin::{
    AdminConsentRequest, AuthorizeRefusal, AuthorizeRequest, NextStep, Prompt,
};
use casbah_model::identity::{CASBAH_CLI, SignInAddress, Tenant, User};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;

use super::client::{Client, find_client};
use super::error::SignInError;
use super::fields;
use super::{FRESH, PORTAL_SIGN_IN};
use crate::identity::consent::Asked;
use crate::identity::tenant::{self, AddressedTenant, TenantError};
use crate::portal::LocalPath;
use crate::state::App;

/// Where a sign-in begins, and with it what is read out of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The authorisation endpoint of this version.
    Authorize(Endpoint),
    /// The endpoint of this version that asks for an administrator's consent alone.
    AdminConsent(Endpoint),
    /// The portal.
    Portal,
}

impl Entry {
    /// All of them.
    const ALL: [Self; 5] = [
        Self::Authorize(Endpoint::V1),
        Self::Authorize(Endpoint::V2),
        Self::AdminConsent(Endpoint::V1),
        Self::AdminConsent(Endpoint::V2),
        Self::Portal,
    ];

    /// The name under which a sign-in is kept while the person is elsewhere.
    const fn name(self) -> &'static str {
        match self {
            Self::Authorize(Endpoint::V1) => "authorize v1.0",
            Self::Authorize(Endpoint::V2) => "authorize v2.0",
            Self::AdminConsent(Endpoint::V1) => "adminconsent v1.0",
            Self::AdminConsent(Endpoint::V2) => "adminconsent v2.0",
            Self::Portal => "portal",
        }
    }

    /// The entry of a sign-in that was kept.
    pub(super) fn of(kept: &SignInAddress) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == kept.entry)
    }
}

/// What a sign-in is for.
pub(super) enum Errand {
    /// A client wants a code.
    Code(Box<CodeErrand>),
    /// A client wants an administrator's consent.
    AdminConsent(Box<ConsentErrand>),
    /// A person wants a page of the portal.
    Portal {
        /// Which.
        to: LocalPath,
        /// Whether an earlier sign-in is none for it.
        is_fresh: bool,
    },
}

/// A client's request for a code.
pub(super) struct CodeErrand {
    /// Who asks.
    pub(super) client: Client,
    /// What is asked.
    pub(super) request: AuthorizeRequest,
}

/// A client's request for an administrator's consent.
pub(super) struct ConsentErrand {
    /// Who asks.
    pub(super) client: Client,
    /// What is asked.
    pub(super) request: AdminConsentRequest,
}

/// A request that may go on.
pub(super) struct Flow {
    /// The tenant of the address.
    pub(super) tenant: AddressedTenant,
    /// What it is for.
    pub(super) errand: Errand,
    entry: Entry,
    segment: String,
    query: String,
}

impl Flow {
    /// Reads the request out of an address.
    pub(super) async fn read(
        app: &App,
        entry: Entry,
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
        let errand = match entry {
            Entry::Authorize(endpoint) => code_errand(app, endpoint, &params).await?,
            Entry::AdminConsent(endpoint) => consent_errand(app, endpoint, &params).await?,
            Entry::Portal => portal_errand(query),
        };
        let flow = Self {
            tenant,
            errand,
            entry,
            segment: segment.to_owned(),
            query: query.to_owned(),
        };
        flow.check_tenant()?;
        Ok(flow)
    }

    /// Where the form of name and password is sent. The request stays in the address,
    /// so nothing is kept between the pages.
    pub(super) fn sign_in_address(&self) -> String {
        self.address("sign_in")
    }

    /// The page that the sign-in began with.
    pub(super) fn sign_in_page(&self) -> String {
        let Self { segment, query, .. } = self;
        match self.entry {
            Entry::Authorize(Endpoint::V1) => format!("/{segment}/oauth2/authorize?{query}"),
            Entry::Authorize(Endpoint::V2) => format!("/{segment}/oauth2/v2.0/authorize?{query}"),
            Entry::AdminConsent(Endpoint::V1) => format!("/{segment}/adminconsent?{query}"),
            Entry::AdminConsent(Endpoint::V2) => format!("/{segment}/v2.0/adminconsent?{query}"),
            Entry::Portal => format!("{PORTAL_SIGN_IN}?{query}"),
        }
    }

    /// Where a second factor is sent.
    pub(super) fn second_factor_address(&self) -> String {
        self.address("second_factor")
    }

    /// Where a new password is sent.
    pub(super) fn new_password_address(&self) -> String {
        self.address("new_password")
    }

    /// The page that asks for a passkey in place of name and password.
    pub(super) fn passkey_address(&self) -> String {
        self.address("passkey")
    }

    /// Where the form of the consent page is sent.
    pub(super) fn consent_address(&self) -> String {
        self.address("consent")
    }

    /// Where the choice of a provider is sent.
    pub(super) fn provider_address(&self) -> String {
        self.address("provider")
    }

    /// The address, to be read again when the person comes back from a provider.
    pub(super) fn kept(&self) -> SignInAddress {
        SignInAddress {
            entry: self.entry.name().to_owned(),
            segment: self.segment.clone(),
            query: self.query.clone(),
        }
    }

    fn address(&self, page: &str) -> String {
        let Self { segment, query, .. } = self;
        match self.entry {
            Entry::Authorize(endpoint) => {
                format!("/{segment}/{page}/{}?{query}", version(endpoint))
            }
            Entry::AdminConsent(endpoint) => {
                format!("/{segment}/{page}/admin/{}?{query}", version(endpoint))
            }
            Entry::Portal => format!("/portal/{page}?{query}"),
        }
    }

    /// The client, if it is one that has registered.
    pub(super) fn client(&self) -> Option<&Client> {
        match &self.errand {
            Errand::Code(errand) => Some(&errand.client),
            Errand::AdminConsent(errand) => Some(&errand.client),
            Errand::Portal { .. } => None,
        }
    }

    /// What a consent would be asked for.
    pub(super) fn asked(&self) -> Option<Asked> {
        match &self.errand {
            Errand::Code(errand) => Some(errand.asked()),
            Errand::AdminConsent(errand) => Some(match &errand.request.scopes {
                Some(scopes) => Asked::Scopes(scopes.clone()),
                None => Asked::Registered(Vec::new()),
            }),
            Errand::Portal { .. } => None,
        }
    }

    /// Whether the client wants the consent of an administrator for everyone.
    pub(super) fn wants_administrator(&self) -> bool {
        match &self.errand {
            Errand::Code(errand) => errand.request.prompt == Prompt::AdminConsent,
            Errand::AdminConsent(_) => true,
            Errand::Portal { .. } => false,
        }
    }

    /// What the person goes on to.
    pub(super) fn name(&self) -> &str {
        match &self.errand {
            Errand::Code(errand) => &errand.client.sign_in.display_name,
            Errand::AdminConsent(errand) => &errand.client.sign_in.display_name,
            Errand::Portal { .. } => "the Casbah portal",
        }
    }

    /// The client, as the audit keeps it. The portal has the command line's id.
    pub(super) fn client_id(&self) -> AppId {
        match &self.errand {
            Errand::Code(errand) => errand.request.client,
            Errand::AdminConsent(errand) => errand.request.client,
            Errand::Portal { .. } => CASBAH_CLI.app_id,
        }
    }

    /// The other address that the answer to a form may lead to.
    pub(super) fn redirect_uri(&self) -> Option<&str> {
        match &self.errand {
            Errand::Code(errand) => {
                let redirect = errand.request.redirect.as_ref();
                redirect.map(|redirect| redirect.uri.as_str())
            }
            Errand::AdminConsent(errand) => {
                let redirect = errand.request.redirect.as_ref();
                redirect.map(|redirect| redirect.uri.as_str())
            }
            Errand::Portal { .. } => None,
        }
    }

    /// The name to fill in.
    pub(super) fn login_hint(&self) -> &str {
        match &self.errand {
            Errand::Code(errand) => errand.request.login_hint.as_deref().unwrap_or_default(),
            Errand::AdminConsent(_) | Errand::Portal { .. } => "",
        }
    }

    /// What comes next for a person who signed in at `signed_in`, and not yet in answer
    /// to this request.
    pub(super) fn next_step(&self, signed_in: Option<Timestamp>, now: Timestamp) -> NextStep {
        match &self.errand {
            Errand::Code(errand) => errand.request.next_step(signed_in, false, now),
            Errand::AdminConsent(_)
            | Errand::Portal {
                is_fresh: false, ..
            } if signed_in.is_some() => NextStep::Continue,
            Errand::AdminConsent(_) | Errand::Portal { .. } => NextStep::SignIn,
        }
    }

    /// What the person must be asked, even by a provider that knows her.
    pub(super) const fn ask(&self) -> Ask {
        match &self.errand {
            Errand::Code(errand) => match (errand.request.prompt, errand.request.max_age) {
                (Prompt::Login, _) | (_, Some(_)) => Ask::SignIn,
                (Prompt::SelectAccount, None) => Ask::Account,
                _ => Ask::Nothing,
            },
            Errand::Portal { is_fresh: true, .. } => Ask::SignIn,
            Errand::AdminConsent(_) | Errand::Portal { .. } => Ask::Nothing,
        }
    }

    /// Whether the client may be used where the address points.
    fn check_tenant(&self) -> Result<(), SignInError> {
        let Some(Client {
            sign_in: client, ..
        }) = self.client()
        else {
            return Ok(());
        };
        match &self.tenant {
            AddressedTenant::One(tenant) => self.check_offered(tenant.id),
            // The published consent link is on `common` for every application; the
            // person's tenant is checked after the sign-in.
            AddressedTenant::Common | AddressedTenant::Organizations => {
                if client.only_tenant.is_some() && !self.is_about_consent() {
                    let id = client.app_id.to_string();
                    return Err(page(AadError::SingleTenantOnCommon(id)));
                }
                Ok(())
            }
        }
    }

    /// Whether consent is to be asked for, given or not.
    pub(super) fn is_about_consent(&self) -> bool {
        match &self.errand {
            Errand::Code(errand) => errand.request.prompt.is_consent(),
            Errand::AdminConsent(_) => true,
            Errand::Portal { .. } => false,
        }
    }

    /// Refuses a person whose tenant the client or the address excludes.
    pub(super) fn check_person(&self, user: &User) -> Result<(), SignInError> {
        self.check_offered(user.tenant)
    }

    fn check_offered(&self, tenant: TenantId) -> Result<(), SignInError> {
        match self.client() {
            Some(client) if !client.sign_in.is_offered_to(tenant) => {
                let id = client.sign_in.app_id.to_string();
                Err(page(AadError::ApplicationNotFound(id)))
            }
            _ => Ok(()),
        }
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
        Ok(tenant::of_name(&app.store, username).await?)
    }
}

impl CodeErrand {
    /// What a consent would be asked for. The older endpoint's consent is to all that the
    /// application registered; who may sign in with it is part of that.
    fn asked(&self) -> Asked {
        let request = &self.request;
        let is_to_all = match (request.prompt, request.endpoint) {
            (Prompt::AdminConsent, _) | (Prompt::Consent, Endpoint::V1) => true,
            (_, Endpoint::V1 | Endpoint::V2) => false,
        };
        if is_to_all {
            let mut openid = request.scopes.openid.names();
            for name in ["openid", "profile"] {
                if !openid.contains(&name) {
                    openid.push(name);
                }
            }
            return Asked::Registered(openid);
        }
        Asked::Scopes(request.scopes.clone())
    }
}

async fn consent_errand(
    app: &App,
    endpoint: Endpoint,
    params: &Params,
) -> Result<Errand, SignInError> {
    let client = client_of(app, params).await?;
    let request = AdminConsentRequest::parse(endpoint, params, &client.sign_in).map_err(page)?;
    let errand = ConsentErrand { client, request };
    Ok(Errand::AdminConsent(Box::new(errand)))
}

async fn client_of(app: &App, params: &Params) -> Result<Client, SignInError> {
    let app_id = AuthorizeRequest::client_of(params)?;
    let client = find_client(&app.store, app_id).await?;
    client.ok_or_else(|| page(AadError::ApplicationNotFound(app_id.to_string())))
}

async fn code_errand(
    app: &App,
    endpoint: Endpoint,
    params: &Params,
) -> Result<Errand, SignInError> {
    let client = client_of(app, params).await?;
    let request = AuthorizeRequest::parse(endpoint, params, &client.sign_in)?;
    Ok(Errand::Code(Box::new(CodeErrand { client, request })))
}

/// The page that is wanted; the first one instead of an address elsewhere.
fn portal_errand(query: &str) -> Errand {
    let query = query.as_bytes();
    let to = fields::find(query, "to").and_then(|to| LocalPath::parse(&to));
    Errand::Portal {
        to: to.unwrap_or_else(LocalPath::home),
        is_fresh: fields::find(query, FRESH).is_some(),
    }
}

const fn version(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::V1 => "v1.0",
        Endpoint::V2 => "v2.0",
    }
}

/// A refusal on a page of ours.
pub(super) fn page(error: AadError) -> SignInError {
    AuthorizeRefusal::Page(error).into()
}
