//! Client of Casbah and of Microsoft Defender for Cloud Apps.
//!
//! Both speak the same protocol, so one program works with either: an
//! [`Authority`] says where tokens come from, an [`ApiBase`] where the API is, a
//! [`TokenSource`] gets tokens and keeps them, and [`Client`] makes the calls.
//!
//! ```no_run
//! use casbah_client::{ApiBase, Authority, Client, Credential, ListQuery, TokenSource, Transport};
//! use casbah_model::alert::Alert;
//!
//! # async fn example() -> Result<(), casbah_client::Error> {
//! let transport = Transport::builder().ca_file("ca.pem".as_ref())?.build()?;
//! let authority = Authority::custom("https://localhost:8443")?;
//! let credential = Credential::client_secret("9d7c…", std::env::var("SECRET").unwrap_or_default());
//! let tokens = TokenSource::new(transport, authority, "contoso.example", credential);
//! let client = Client::new(ApiBase::parse("https://localhost:8443")?, tokens);
//!
//! let mut pages = client.alerts::<Alert>(ListQuery::new().filter("severity", "eq", 2));
//! while let Some(page) = pages.next_page().await? {
//!     for alert in page.data {
//!         println!("{} {}", alert.id, alert.title);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every list is generic over its record: the types of `casbah-model`, a struct
//! of the caller's own, or [`serde_json::Value`] where nothing may get lost.

mod api;
mod auth;
mod error;
mod transport;
pub mod well_known;

pub use api::{
    ApiBase, ApiToken, AppRole, AppRoleAssignment, Application, AuditPage, AuditVerification,
    AuthenticationMethod, BlockScriptFormat, BuiltInImport, Changes, ClaimsMapping, Client,
    ClockChange, ClosedAlerts, Closing, DetectorState, DoneUpload, EnrichmentState, Export,
    ExportTarget, ExportTest, ExportedFeed, FaultRule, FederatedCredential, Feed, FeedStart,
    GraphClient, IdentityProvider, IdentityProviderChanges, IdentityProviderLink, IngestAnswer,
    IngestError, Invitation, ListQuery, NewAdministrator, NewApiToken, NewExport,
    NewFederatedCredential, NewPerson, NewTenant, Page, Pages, PasswordCredential, Person,
    ReportQuery, RequiredResource, ResourceAccess, RoleAssignment, RoleDefinition,
    ServicePrincipal, SubnetRule, Tenant, Upload, UploadProgress,
};
pub use auth::{
    AccessToken, Authority, AuthorityError, Cloud, Credential, Endpoint, Login, LoginError,
    PendingLogin, Session, SessionFile, SessionFileError, TokenSource, TokenValidator,
    ValidateError,
};
pub use error::{ApiError, Error, GraphError, OAuthError};
pub use transport::{Transport, TransportBuilder};
