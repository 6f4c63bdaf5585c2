//! Getting tokens, keeping them, and checking them.

mod authority;
mod login;
mod oauth;
mod pkce;
mod session;
mod source;
mod validate;

pub(crate) use authority::origin;
pub use authority::{Authority, AuthorityError, Cloud};
pub use login::{Login, LoginError, PendingLogin};
pub use session::{Session, SessionFile, SessionFileError};
pub use source::{AccessToken, Credential, Endpoint, TokenSource};
pub use validate::{TokenValidator, ValidateError};
